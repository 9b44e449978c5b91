"""The TensorFlow backend of convdispatch, registered like any third party's.

Nothing in this module imports the framework; `_backend` does, when the backend is loaded.
"""

from __future__ import annotations

from convdispatch.errors import install_command
from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo, Capabilities
from convdispatch.programs import ExporterInfo

_NONFINITE = (
    "its kernels leave the pads, and the zeros between strided cells, out of some shapes' sums and "
    "multiply them in those of others. Infinity or NaN as a weight makes NaN over them only in the "
    "latter."
)
_SUBNORMALS = (
    "its kernels compute on threads that take numbers below the smallest normal one for zero."
)

INFO = BackendInfo(
    name="tensorflow",
    framework="tensorflow",
    load="convdispatch_tensorflow._backend:backend",
    install=install_command("tensorflow"),
    capabilities=Capabilities(
        unsupported={"nonfinite_weights": _NONFINITE, "subnormals": _SUBNORMALS}
    ),
    protocol=2,
    launch="convdispatch_tensorflow._launching:launch",
    test_environment={"TF_CPP_MIN_LOG_LEVEL": "2"},  # no start-up banner among the results
)


@hookimpl
def convdispatch_backends() -> tuple[BackendInfo, ...]:
    """Describe the TensorFlow backend."""
    return (INFO,)


@hookimpl
def convdispatch_exporters() -> tuple[ExporterInfo, ...]:
    """Describe the export to a `tf.Module`."""
    return (
        ExporterInfo(
            name="tensorflow",
            framework="tensorflow",
            load="convdispatch_tensorflow._export:exporter",
            install=install_command("tensorflow"),
        ),
    )
