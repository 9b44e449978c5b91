"""Paddle as a convdispatch backend: its description and its limits; imports no framework."""

from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo, Capabilities

NO_HALF = "Paddle has neither + nor convolutions of half precision on a CPU; use float32"
NO_BYTES = ("argmax", "flip", "max", "maximum", "minimum", "pad", "where")
UNSUPPORTED = {
    **dict.fromkeys(("float16", "bfloat16"), NO_HALF),
    **{f"{name}:uint8": "Paddle has no such kernel for uint8; use int32" for name in NO_BYTES},
    "unknown_sizes": "the backend computes eagerly; call the layer with each shape",
    "erfc": "Paddle has none; use 1 - erf where it need not be right far out",
}


@hookimpl
def convdispatch_backends():
    """Describe the backend; Paddle is imported when it is loaded."""
    yield BackendInfo(
        name="paddle",
        framework="paddle",
        load="convdispatch_paddle._backend:backend",
        install="python -m pip install paddlepaddle",
        capabilities=Capabilities(unsupported=UNSUPPORTED),
        protocol=2,
    )
