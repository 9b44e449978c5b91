"""tinygrad as a convdispatch backend: its description and its limits; imports no framework."""

from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo, Capabilities

UNSUPPORTED = {
    "unknown_sizes": "the backend computes one shape after another; call the layer with each",
    "erfc": "tinygrad has none; use 1 - erf where it need not be right far out",
    **dict.fromkeys(("expm1", "log1p"), "tinygrad has none; use exp or log where x is not small"),
    "nonfinite_weights": "tinygrad multiplies the zeros between cells, too",
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
