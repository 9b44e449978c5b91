"""The kit's table of NumPy's functions, each traceable by autograd."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch import kit
from convdispatch.ops import Shape
from convdispatch_numpy._autograd import (
    Function,
    autograds,
    differentiable,
    is_traced,
    numpy_or_autograd,
    without_trace,
)
from convdispatch_numpy._gate import gate

Array = npt.NDArray[Any]

_traced_power = numpy_or_autograd(np.power, "power")
_zeros_like = numpy_or_autograd(np.zeros_like, "zeros_like")
_exp = numpy_or_autograd(np.exp, "exp")
_sum = numpy_or_autograd(np.sum, "sum")
_reshape = numpy_or_autograd(np.reshape, "reshape")


def _traced(name: str, function: Function) -> Function:
    if name in _GRADIENTS:
        return differentiable(function, _GRADIENTS[name])
    if name in ("concatenate", "stack"):
        return _joining(function, name)
    if name == "stop_gradient":
        return without_trace
    if name in ("power", "where"):
        return _power if name == "power" else _where
    return numpy_or_autograd(_gated(function) if name == "matmul" else function, name)


def _joining(function: Function, name: str) -> Function:
    def join(tensors: Sequence[Any], axis: int) -> Any:
        # autograd's boxes are inside of the argument here.
        chosen = autograds(name) if any(map(is_traced, tensors)) else function
        return chosen(tensors, axis)

    return join


def _power(x: Any, y: Any) -> Any:
    # autograd 1.9 makes float64 of a number's gradient.
    if is_traced(x) and not hasattr(y, "dtype"):
        y = np.asarray(y, x.dtype)
    if is_traced(y) and not hasattr(x, "dtype"):
        x = np.asarray(x, y.dtype)
    return _traced_power(x, y)


def _summed_to(g: Any, like: Any) -> Any:
    """Return the cotangent of an argument that was broadcast: of what `like` is, a number too."""
    shape: Shape = getattr(like, "shape", ())
    more = g.ndim - len(shape)
    repeated = (more + axis for axis, size in enumerate(shape) if size != g.shape[more + axis])
    axes = (*range(more), *repeated)
    return _reshape(_sum(g, axis=axes), shape) if axes else g


# autograd 1.9 does not sum over the axes along which an argument was repeated.
_where: Function = differentiable(
    np.where,
    None,
    lambda answer, chosen, x, y: lambda g: _summed_to(_where(chosen, g, _zeros_like(g)), x),
    lambda answer, chosen, x, y: lambda g: _summed_to(_where(chosen, _zeros_like(g), g), y),
)


def _gated(function: Function) -> Function:
    def matmul(a: Any, b: Any) -> Any:
        with gate:
            return function(a, b)

    return matmul


def _put(g: Array, indices: Any, axis: int, shape: Shape) -> Array:
    """Return zeros of that shape, with each number of `g` added at the place that `take` read."""
    axis %= len(shape)
    added = np.zeros(shape, g.dtype)
    cells = kit.as_slice(indices, shape[axis])
    if cells is not None:
        added[(*[slice(None)] * axis, cells)] = g
        return added
    flat = np.ravel(indices)
    rows = np.moveaxis(g.reshape(*shape[:axis], flat.size, *shape[axis + 1 :]), axis, 0)
    # Sorted, and added run by run: `np.add.at` takes ten times as long.
    order = np.argsort(flat, kind="stable")
    places, starts = np.unique(flat[order], return_index=True)
    if places.size:
        np.moveaxis(added, axis, 0)[places] = np.add.reduceat(rows[order], starts)
    return added


_put_back = differentiable(
    _put, lambda answer, g, indices, axis, shape: lambda h: _take(h, indices, axis)
)


def _take_gradient(answer: Array, x: Array, indices: Any, axis: int) -> Function:
    shape = x.shape
    return lambda g: _put_back(g, indices, axis, shape)


_GRADIENTS: Mapping[str, Function] = {
    # The bounds belong to the interval, as in every framework.
    "clip": lambda answer, x, low, high: lambda g: g * ((x >= low) & (x <= high)),
    "erf": lambda answer, x: lambda g: g * (2 / math.sqrt(math.pi)) * _exp(-x * x),
    "erfc": lambda answer, x: lambda g: g * (-2 / math.sqrt(math.pi)) * _exp(-x * x),
    "pad": lambda answer, x, pads, value: lambda g: g[kit.inside(x.shape, pads)],
    # autograd's maximum would say 1/2 at the kink.
    "relu": lambda answer, x: lambda g: g * (x > 0),
    "sigmoid": lambda answer, x: lambda g: g * answer * (1 - answer),
    "sign": lambda answer, x: _zeros_like,
    "take": _take_gradient,
    # autograd's own divides by cosh(x)**2, which overflows.
    "tanh": lambda answer, x: lambda g: g * (1 - answer * answer),
}
_take: Function = differentiable(np.take, _take_gradient)

FUNCTIONS: Mapping[str, Function] = kit.numpy_functions(_traced)
