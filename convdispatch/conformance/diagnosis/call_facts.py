"""What is special about a call of a function: its axes, its shapes and its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from convdispatch.numerics.problem import Array

_OF_TWO = (
    "equal", "greater", "greater_equal", "less", "less_equal", "maximum", "minimum", "not_equal",
    "power",
)  # fmt: skip
_REDUCING = ("sum", "mean", "max")
_ALONG = ("argmax", "cumsum", "stack", "concatenate", "take")
_NEAR = 1e-5  # relatively: numbers that are no farther apart nearly agree
_SMALL = 0.01
_SHORT = 1024  # up to that, the number of a tensor's numbers says nothing
_LEAST = 4  # up to that, nor does the size of an argument
_MOST = 1000  # no argument need be called larger than that
_ENOUGH = 4096  # numbers of a tensor that are looked at: the others are like them


def facts_of_call(name: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is special about the call of the function of this name."""
    tensors = [_wide(one) for one in _flat(arguments) if isinstance(one, np.ndarray)]
    yield from _shapes(name, tensors)
    for tensor in tensors:
        yield from _numbers(tensor)
    if name in _OF_TWO or name == "where":
        yield from _pairs(arguments[-2:])
    if name in _REDUCING:
        axis = options.get("axis", arguments[1] if len(arguments) > 1 else None)
        yield from _axes(axis, tensors[0].ndim)
        if options.get("keepdims"):
            yield "keepdims"
    elif name == "flip":
        yield from _axes(arguments[1], tensors[0].ndim)
    elif name in _ALONG:
        axis = options.get("axis", arguments[-1])
        yield from _axes((axis,) if isinstance(axis, int) else None, tensors[0].ndim)
    if name in ("max", "argmax") and tensors[0].size:
        yield from ["equal largest numbers"] if (tensors[0] == tensors[0].max()).sum() > 1 else []
    if name == "clip" and any(np.isin(tensors[0], bound).any() for bound in arguments[1:3]):
        yield "numbers at a bound"
    if name == "transpose":
        order = [int(axis) % tensors[0].ndim for axis in arguments[1]]
        if [order[axis] for axis in order] != sorted(order):
            yield "an order of axes that is not its own inverse"
    if name == "matmul":
        yield from _factors(*tensors[:2])


def amounts_of_call(
    name: str, arguments: Sequence[Any], options: Mapping[str, Any]
) -> dict[str, int]:
    """Return the counts of the call."""
    tensors = [one for one in _flat(arguments) if isinstance(one, np.ndarray)]
    size = max((one.size for one in tensors), default=0)
    found = {"numbers in a tensor": size if size > _SHORT else 0}
    if name in ("concatenate", "stack"):
        found["tensors joined"] = len(tensors)
    axis = options.get("axis", arguments[-1])
    axis = axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis
    if name in (*_REDUCING, *_ALONG) and isinstance(axis, int) and tensors[0].ndim:
        found["numbers along the axis"] = tensors[0].shape[axis % tensors[0].ndim]
    if len(tensors) == 1 and tensors[0].size and tensors[0].dtype.kind in "fV":
        sizes = np.abs(_wide(tensors[0]))
        finite = sizes[np.isfinite(sizes)]
        largest = int(min(finite.max(initial=0), _MOST))
        found["as the largest argument"] = largest if largest >= _LEAST else 0
    return found


def _flat(arguments: Sequence[Any]) -> Iterator[Any]:
    for one in arguments:
        if isinstance(one, list | tuple):  # of tensors, or of axes
            yield from one
        else:
            yield one


def _wide(tensor: Array) -> Array:
    return tensor if tensor.dtype.kind in "iub" else tensor.astype(np.float64)


def _shapes(name: str, tensors: Sequence[Array]) -> Iterator[str]:
    shapes = [tensor.shape for tensor in tensors]
    if any(0 in shape for shape in shapes):
        yield "an empty tensor"
    if () in shapes:
        yield "a tensor without axes"
    if any(len(shape) > 1 for shape in shapes):
        yield "several axes of a tensor"
    if (name in _OF_TWO or name == "where") and len(set(shapes)) > 1:
        yield "shapes that broadcast"
        longest = max(shapes, key=len)
        if any(0 < len(own) < len(longest) == longest.count(own[0]) for own in shapes):
            yield "axes that would fit from the front as well"


def _numbers(tensor: Array) -> Iterator[str]:
    if tensor.dtype.kind != "f" or not tensor.size:
        return
    some = tensor.ravel()[:: -(-tensor.size // _ENOUGH)]
    if np.isnan(tensor).any():
        yield "NaN"
    if np.isinf(tensor).any():
        yield "infinity"
    is_zero = tensor == 0
    if is_zero.any():
        yield "zero"
        if np.signbit(tensor[is_zero]).any():
            yield "minus zero"
    if (some < 0).any():
        yield "negative numbers"
    if ((np.abs(some) < _SMALL) & (some != 0)).any():
        yield "numbers near zero"


def _pairs(pair: Sequence[Any]) -> Iterator[str]:
    first, second = pair
    if not isinstance(first, np.ndarray):
        yield "a number as the first argument"
    if not isinstance(second, np.ndarray):
        yield "a number as the second argument"
    x, y = (_wide(np.asarray(one)) for one in pair)
    if x.dtype.kind == y.dtype.kind == "f":
        if (x == y).any():
            yield "equal numbers"
        if ((x != y) & (np.abs(x - y) <= _NEAR * np.abs(x))).any():
            yield "numbers that nearly agree"


def _axes(axis: Any, rank: int) -> Iterator[str]:
    if axis is None:
        yield "all axes"
        return
    if axis == ():
        yield "no axis"
    if len(axis) > 1:
        yield "several axes at once"
    if any(one < 0 for one in axis):
        yield "an axis counted from the end"
    counted = [one % rank for one in axis] if rank else []
    if counted != sorted(counted):
        yield "axes out of order"


def _factors(a: Array, b: Array) -> Iterator[str]:
    if b.ndim > 1 and b.shape[-1] == b.shape[-2]:
        yield "a square second factor"
    if min(a.ndim, b.ndim) == 1:
        yield "a vector as a factor"
    if max(a.ndim, b.ndim) > 2:
        yield "stacks of matrices"
    stacks = [one.shape[:-2] for one in (a, b)]
    if stacks[0] != stacks[1]:
        yield "stacks that broadcast"
        if (1,) in [stack[:1] for stack in stacks] and all(stacks):
            yield "a stack of one matrix beside a longer one"
