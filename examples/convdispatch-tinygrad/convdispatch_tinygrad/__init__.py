"""tinygrad as a convdispatch backend: its description and its limits; imports no framework."""

from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo, Capabilities

UNSUPPORTED = {
    "unknown_sizes": "the backend computes one shape after another; call the layer with each",
    "erfc": "tinygrad has none; use 1 - erf where it need not be right far out",
    "expm1": "tinygrad has none; use exp(x) - 1 where x is not small",
    "log1p": "tinygrad has none; use log(1 + x) where x is not small",
}


@hookimpl
def convdispatch_backends():
    """Describe the backend; tinygrad is imported when it is loaded."""
    yield BackendInfo(
        name="tinygrad",
        framework="tinygrad",
        load="convdispatch_tinygrad._backend:backend",
        install="python -m pip install tinygrad, and clang for its kernels on a CPU",
        capabilities=Capabilities(unsupported=UNSUPPORTED),
        protocol=2,
    )
