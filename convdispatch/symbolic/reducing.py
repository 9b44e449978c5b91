"""Functions along axes of a tensor, with Keras's names; see `operations`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convdispatch.ops import FLOAT_DTYPES
from convdispatch.symbolic.operations import operation

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "cumprod",
    "cumsum",
    "foldl",
    "foldr",
    "in_top_k",
    "logsumexp",
    "map_fn",
    "max",
    "mean",
    "min",
    "prod",
    "std",
    "sum",
    "var",
]


@operation
def sum(o: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A001
    """Return the sum along axes, of all numbers for None."""
    one = o.tensor(x)
    return o.f["sum"](one, o.axes(axis, one), keepdims=keepdims)


@operation
def mean(o: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the mean along axes, of whole numbers and truths as floats."""
    one = o.floats(x)
    return o.f["mean"](one, o.axes(axis, one), keepdims=keepdims)


@operation
def max(o: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A001
    """Return the greatest number along axes."""
    one = o.tensor(x)
    return o.f["max"](one, o.axes(axis, one), keepdims=keepdims)


@operation
def min(o: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A001
    """Return the smallest number along axes."""
    one = o.tensor(x)
    return -o.f["max"](-one, o.axes(axis, one), keepdims=keepdims)


@operation
def var(o: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the mean of squared distances from the mean."""
    one = o.floats(x)
    axes = o.axes(axis, one)
    rest = one - o.f["mean"](one, axes, keepdims=True)
    return o.f["mean"](rest * rest, axes, keepdims=keepdims)


@operation
def std(o: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the root of the variance."""
    return o.f["sqrt"](var.computes(o, x, axis, keepdims))


def _one_axis(o: Any, x: Any, axis: Any) -> tuple[Any, int, Any]:
    """Return a tensor with the axes to reduce in one, its place, and the shape of the result."""
    axes = o.axes(axis, x)
    axes = tuple(range(o.rank(x))) if axes is None else axes
    rest = [i for i in range(o.rank(x)) if i not in axes]
    sizes = o.sizes(x)
    moved = o.f["transpose"](x, (*rest, *axes))
    kept = tuple(sizes[i] for i in rest)
    return (
        o.f["reshape"](moved, (*kept, -1)),
        len(rest),
        [1 if i in axes else sizes[i] for i in range(len(sizes))],
    )


@operation
def prod(o: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the product along axes."""
    if isinstance(x, tuple | list) and axis is None and not o.owns(x):
        found: Any = 1
        for size in x:
            found = found * size
        return found
    found, place, kept = _one_axis(o, o.tensor(x), axis)
    count = o.static(found)[place]
    if count is None:
        return o.f["sum"](found, (place,))  # of a shape alone
    while count > 1:  # halves by halves, so that as many numbers are multiplied on each way
        half = count // 2
        before = (slice(None),) * place
        a, b = found[(*before, slice(0, half))], found[(*before, slice(half, 2 * half))]
        product = a * b
        if count % 2:
            product = o.f["concatenate"]([product, found[(*before, slice(2 * half, count))]], place)
        found, count = product, half + count % 2
    found = o.f["sum"](found, (place,))
    return o.f["reshape"](found, tuple(kept)) if keepdims else found


@operation
def any(o: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A001
    """Return whether one number along axes is not 0."""
    one = o.cast(o.tensor(x, "bool"), "float32")
    return o.f["max"](one, o.axes(axis, one), keepdims=keepdims) > 0.5


@operation
def all(o: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A001
    """Return whether no number along axes is 0."""
    one = o.cast(~o.tensor(x, "bool"), "float32")
    return o.f["max"](one, o.axes(axis, one), keepdims=keepdims) < 0.5


@operation
def argmax(o: Any, x: Any, axis: int = -1) -> Any:
    """Return the place of the greatest number along an axis, the first of several."""
    one = o.tensor(x)
    return o.f["argmax"](one, o.axis(axis, one))


@operation
def argmin(o: Any, x: Any, axis: int = -1) -> Any:
    """Return the place of the smallest number along an axis, the first of several."""
    one = o.tensor(x)
    return o.f["argmax"](-one, o.axis(axis, one))


@operation
def cumsum(o: Any, x: Any, axis: int = 0) -> Any:
    """Return the sums so far along an axis."""
    one = o.tensor(x)
    return o.f["cumsum"](one, o.axis(axis, one))


@operation
def cumprod(o: Any, x: Any, axis: int = 0) -> Any:
    """Return the products so far along an axis."""
    one = o.tensor(x)
    place = o.axis(axis, one)
    count = o.static(one)[place]
    if count is None:
        return one * 1
    before = (slice(None),) * place
    found = [one[(*before, slice(0, 1))]]
    for i in range(1, count):
        found.append(found[-1] * one[(*before, slice(i, i + 1))])
    return o.f["concatenate"](found, place)


@operation
def logsumexp(o: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return log(sum(exp(x))) along axes, without overflow."""
    one = o.floats(x)
    axes = o.axes(axis, one)
    top = o.f["stop_gradient"](o.f["max"](one, axes, keepdims=True))
    found = o.f["log"](o.f["sum"](o.f["exp"](one - top), axes, keepdims=keepdims))
    return found + (top if keepdims else o.f["max"](top, axes))


@operation
def in_top_k(o: Any, predictions: Any, targets: Any, k: int) -> Any:
    """Return for each row whether its class is among the k greatest predictions."""
    scores = o.floats(predictions)
    chosen = o.f["one_hot"](o.tensor(targets, "int32"), o.static(scores)[-1], o.dtype(scores))
    own = o.f["sum"](scores * chosen, (1,), keepdims=True)
    above = o.f["sum"](o.cast(scores > own, o.dtype(scores)), (1,))
    return above < k


@operation
def map_fn(o: Any, fn: Callable[..., Any], elems: Any, name: Any = None, dtype: Any = None) -> Any:
    """Return what a function makes of each part along the first axis."""
    one = o.tensor(elems)
    parts = [o.tensor(fn(one[i])) for i in _places(o, one)]
    stacked = o.f["stack"](parts, 0)
    return stacked if dtype is None else o.cast(stacked, dtype)


@operation
def foldl(o: Any, fn: Any, elems: Any, initializer: Any = None, name: Any = None) -> Any:
    """Return the parts along the first axis, combined by a function from the first to the last."""
    one = o.tensor(elems)
    places = list(_places(o, one))
    found = one[places.pop(0)] if initializer is None else initializer
    for i in places:
        found = fn(found, one[i])
    return o.tensor(found)


@operation
def foldr(o: Any, fn: Any, elems: Any, initializer: Any = None, name: Any = None) -> Any:
    """Return the parts along the first axis, combined by a function from the last to the first."""
    one = o.tensor(elems)
    places = list(_places(o, one))
    found = one[places.pop()] if initializer is None else initializer
    for i in reversed(places):
        found = fn(found, one[i])
    return o.tensor(found)


def _places(o: Any, x: Any) -> range:
    count = o.static(x)[0]
    return range(1 if count is None else count)


@operation
def moments(o: Any, x: Any, axes: Any, keepdims: bool = False) -> Any:
    """Return the mean and the variance along axes."""
    return [mean.computes(o, x, axes, keepdims), var.computes(o, x, axes, keepdims)]


def is_float(dtype: str) -> bool:
    """Return whether it is an element type of floats."""
    return dtype in FLOAT_DTYPES
