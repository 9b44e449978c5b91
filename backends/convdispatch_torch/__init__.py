"""The PyTorch backend of convdispatch, registered as any third party's: it describes itself here.

Nothing in this module imports the framework; `_backend` does, when the backend is loaded, and
`_module`, when `as_module` is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from convdispatch.errors import install_command
from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo, Capabilities
from convdispatch.programs import ExporterInfo

if TYPE_CHECKING:
    from convdispatch_torch._module import as_module

__all__ = ["INFO", "as_module", "convdispatch_backends", "convdispatch_exporters"]

_NONFINITE = (
    "oneDNN leaves the pads, and the zeros between strided cells, out of some shapes' sums and "
    "multiplies them in those of others. Infinity or NaN as a weight makes NaN over them only in "
    "the latter."
)

INFO = BackendInfo(
    name="torch",
    framework="torch",
    load="convdispatch_torch._backend:backend",
    install=install_command("torch"),
    capabilities=Capabilities(unsupported={"nonfinite_weights": _NONFINITE}),
    protocol=2,
    launch="convdispatch_torch._launching:launch",
)


@hookimpl
def convdispatch_backends() -> tuple[BackendInfo, ...]:
    """Describe the PyTorch backend."""
    return (INFO,)


@hookimpl
def convdispatch_exporters() -> tuple[ExporterInfo, ...]:
    """Describe the export to a module of torch's own."""
    return (
        ExporterInfo(
            name="torch",
            framework="torch",
            load="convdispatch_torch._export:exporter",
            install=install_command("torch"),
        ),
    )


def __getattr__(name: str) -> object:
    if name == "as_module":
        from convdispatch_torch._module import as_module

        return as_module
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
