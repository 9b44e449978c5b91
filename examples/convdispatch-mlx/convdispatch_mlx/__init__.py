"""MLX as a convdispatch backend: its description and its limits; imports no framework."""

from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo, Capabilities

NO_DOUBLE = "MLX computes these in float32 alone; use another backend for float64"
CONVS = [f"conv{n}d{suffix}" for n in (1, 2, 3) for suffix in ("", "_transpose")]
UNSUPPORTED = {
    **{f"{name}:float64": NO_DOUBLE for name in (*CONVS, "erf", "exp", "sigmoid")},
    "unknown_sizes": "MLX compiles for one shape after another; call the layer with each",
    "erfc": "MLX has none; use 1 - erf where it need not be right far out",
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
