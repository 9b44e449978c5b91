"""The export of models to ONNX, registered as any third party's plugin: it describes itself here.

It has no backend. Nothing in this module imports the package onnx; `_export` does, when it is
loaded.
"""

from __future__ import annotations

from convdispatch.errors import install_command
from convdispatch.hookspecs import hookimpl
from convdispatch.programs import ExporterInfo


@hookimpl
def convdispatch_exporters() -> tuple[ExporterInfo, ...]:
    """Describe the export to a `ModelProto`."""
    return (
        ExporterInfo(
            name="onnx",
            framework="onnx",
            load="convdispatch_onnx._export:exporter",
            install=install_command("onnx"),
        ),
    )
