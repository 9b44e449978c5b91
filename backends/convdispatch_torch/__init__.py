"""The PyTorch backend of convdispatch, registered as any third party's: it describes itself here.

Nothing in this module imports the framework; `_backend` does, when the backend is loaded.
"""

from __future__ import annotations

from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo, Capabilities

INFO = BackendInfo(
    name="torch",
    framework="torch",
    load="convdispatch_torch._backend:backend",
    install="pip install 'convdispatch[torch]'",
    capabilities=Capabilities(),
)


@hookimpl
def convdispatch_backends() -> tuple[BackendInfo, ...]:
    """Describe the PyTorch backend."""
    return (INFO,)
