"""The JAX backend of convdispatch, registered as any third party's: it describes itself here.

Nothing in this module imports the framework; `_backend` does, when the backend is loaded.
"""

from __future__ import annotations

from convdispatch.errors import install_command
from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo, Capabilities
from convdispatch.programs import ExporterInfo

_NONFINITE = (
    "XLA leaves the pads, and the zeros between strided cells, out of some shapes' sums and "
    "multiplies them in those of others. Infinity or NaN as a weight makes NaN over them only in "
    "the latter."
)
_SUBNORMALS = "XLA computes on threads that take numbers below the smallest normal one for zero."

INFO = BackendInfo(
    name="jax",
    framework="jax",
    load="convdispatch_jax._backend:backend",
    install=install_command("jax"),
    capabilities=Capabilities(
        unsupported={"nonfinite_weights": _NONFINITE, "subnormals": _SUBNORMALS}
    ),
    protocol=2,
    launch="convdispatch_jax._launching:launch",
    test_environment={"JAX_ENABLE_X64": "1"},
)


@hookimpl
def convdispatch_backends() -> tuple[BackendInfo, ...]:
    """Describe the JAX backend."""
    return (INFO,)


@hookimpl
def convdispatch_exporters() -> tuple[ExporterInfo, ...]:
    """Describe the export to a function and a dictionary of arrays."""
    return (
        ExporterInfo(
            name="jax",
            framework="jax",
            load="convdispatch_jax._export:exporter",
            install=install_command("jax"),
        ),
    )
