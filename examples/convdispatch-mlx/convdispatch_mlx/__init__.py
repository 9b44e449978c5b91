"""MLX as a convdispatch backend: who it is and what it does not support; imports no framework."""

from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo, Capabilities

UNSUPPORTED = {
    "erfc": "MLX has none; use 1 - erf where it need not be right far out",
    "float64": "MLX convolves no float64; use float32, or another backend for float64",
    "nonfinite_weights": "MLX leaves pads out of some sums, and not the zeros between cells",
}


@hookimpl
def convdispatch_backends():
    """Describe the backend; MLX is imported when it is loaded."""
    yield BackendInfo(
        name="mlx",
        framework="mlx",
        load="convdispatch_mlx._backend:backend",
        install="python -m pip install 'mlx[cpu]'",
        capabilities=Capabilities(unsupported=UNSUPPORTED),
        protocol=2,
    )
