"""Random tensors; see `operations`."""

from __future__ import annotations

from typing import Any

from convdispatch.runtime import selection
from convdispatch.symbolic.filling import sizes_in
from convdispatch.symbolic.operations import operation, source

__all__ = ["dropout"]


@operation
def uniform(o: Any, shape: Any, low: float, high: float, dtype: Any = None) -> Any:
    """Return numbers from low to high."""
    drawn = o.draw("uniform", sizes_in(o, shape), dtype or selection.floatx())
    return drawn * (high - low) + low


@operation
def normal(o: Any, shape: Any, mean: float, spread: float, dtype: Any = None) -> Any:
    """Return numbers around a mean."""
    return o.draw("normal", sizes_in(o, shape), dtype or selection.floatx()) * spread + mean


@operation
def truncated(o: Any, shape: Any, mean: float, spread: float, dtype: Any = None) -> Any:
    """Return numbers around a mean, none more than two standard deviations from it."""
    own = dtype or selection.floatx()
    drawn = o.draw("normal", sizes_in(o, shape), own)
    for _ in range(8):  # the part that is outside falls by 1/20 each time
        again = o.draw("normal", sizes_in(o, shape), own)
        drawn = o.f["where"](o.f["abs"](drawn) > 2, again, drawn)
    return o.f["clip"](drawn, -2.0, 2.0) * spread + mean


@operation
def binomial(o: Any, shape: Any, p: float = 0.0, dtype: Any = None) -> Any:
    """Return 1 with a probability, else 0."""
    return o.draw("bernoulli", sizes_in(o, shape), dtype or selection.floatx(), p)


@operation
def dropout(o: Any, x: Any, level: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Return the numbers, a part of them 0 and the others larger by as much."""
    one = o.floats(x)
    sizes = o.sizes(one)
    if noise_shape is not None:
        sizes = tuple(own if n is None else n for n, own in zip(noise_shape, sizes, strict=True))
    kept = o.draw("bernoulli", sizes, o.dtype(one), 1.0 - level)
    return one * kept / (1.0 - level)


def drawn(function: Any, shape: Any, *parameters: Any) -> Any:
    """Return random numbers, or a symbolic tensor of them; `shape` may have symbolic sizes."""
    listed = list(shape) if isinstance(shape, list | tuple) else shape
    return source(function, listed, *parameters)
