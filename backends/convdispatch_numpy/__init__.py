"""The NumPy backend of convdispatch, registered as any third party's: it describes itself here.

Nothing in this module imports the framework; `_backend` does, when the backend is loaded.
"""

from __future__ import annotations

from convdispatch.errors import install_command
from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo, Capabilities

INFO = BackendInfo(
    name="numpy",
    framework="numpy",
    load="convdispatch_numpy._backend:backend",
    install=install_command(),
    capabilities=Capabilities(
        unsupported={"unknown_sizes": "NumPy traces nothing: the sizes of an array are known"}
    ),
    protocol=2,
)


@hookimpl
def convdispatch_backends() -> tuple[BackendInfo, ...]:
    """Describe the NumPy backend."""
    return (INFO,)
