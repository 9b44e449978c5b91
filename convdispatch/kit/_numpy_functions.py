"""The table of functions in NumPy, for engines without their own.

A backend that can differentiate NumPy's functions gives its own version of each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from convdispatch.kit._numpy_arrays import native, native_type, numpy_dtype

Array: TypeAlias = npt.NDArray[Any]
Function: TypeAlias = Callable[..., Any]
Pads: TypeAlias = Sequence[tuple[int, int]]


def numpy_functions(trace: Callable[[str, Function], Function]) -> Mapping[str, Function]:
    """Return the table, with `trace(name, function)` instead of each function that computes.

    Such a function never receives half precision or a foreign byte order.
    """
    return {
        "flip": _moving(_flip),
        "linear": native,
        "one_hot": _one_hot,
        "pad": _padding(trace("pad", _pad)),
        "shape": lambda x: tuple(x.shape),
        "argmax": _widened(trace("argmax", np.argmax)),
        "take": _rounded_once(_moving(trace("take", np.take))),  # the gradient adds up
        **{name: _moving(trace(name, function)) for name, function in _MOVING.items()},
        **{name: _moving_several(trace(name, function)) for name, function in _JOINING.items()},
        **{name: _comparing(trace(name, getattr(np, name))) for name in _COMPARING},
        **{name: _rounded_once(trace(name, function)) for name, function in _OF_ONE.items()},
        **{
            name: _rounded_once_of_several(trace(name, function))
            for name, function in _OF_SEVERAL.items()
        },
    }


def _moving(function: Function) -> Function:
    """Return a function that only moves numbers, in the machine's byte order."""

    def moved(x: Any, *args: Any, **kwargs: Any) -> Any:
        return function(native(x), *args, **kwargs)

    return moved


def _moving_several(function: Function) -> Function:
    return lambda tensors, axis: function([native(x) for x in tensors], axis)


def _padding(function: Function) -> Function:
    return lambda x, pads, value=0.0: function(native(x), pads, value)


def _widened(function: Function) -> Function:
    """Return the function of a tensor, which it gets in float32 for half precision."""

    def computed(x: Any, *args: Any, **kwargs: Any) -> Any:
        return function(
            x.astype(np.float32) if x.dtype.itemsize == 2 else native(x), *args, **kwargs
        )

    return computed


def _rounded_once(function: Function) -> Function:
    """Return the function of a tensor, computing half precision in float32."""

    def computed(x: Any, *args: Any, **kwargs: Any) -> Any:
        if x.dtype.itemsize != 2:  # faster than asking for its name
            return function(x, *args, **kwargs)
        return function(x.astype(np.float32), *args, **kwargs).astype(native_type(x.dtype))

    return computed


def _rounded_once_of_several(function: Function) -> Function:
    """Return the function of tensors and numbers; the first tensor's element type is the result's.

    The others may have a wider one: bfloat16 times a Python number is float32 in NumPy.
    """

    def computed(*args: Any) -> Any:
        dtype = next((arg.dtype for arg in args[-2:] if hasattr(arg, "dtype")), None)
        if dtype is None or dtype.itemsize > 2:
            return function(*args)
        if dtype.kind == "b":
            return function(*(arg if hasattr(arg, "dtype") else bool(arg) for arg in args))
        if dtype.itemsize == 1:
            return function(*args)
        wide = (a.astype(np.float32) if getattr(a, "dtype", None) == dtype else a for a in args)
        return function(*wide).astype(native_type(dtype))

    return computed


def _comparing(function: Function) -> Function:
    """Return the function of two tensors, or of one and a number, which gets its element type."""

    def compare(x: Any, y: Any) -> Any:
        if not hasattr(y, "dtype"):
            y = _as_one_of(x, y)
        elif not hasattr(x, "dtype"):
            x = _as_one_of(y, x)
        return function(x, y)

    return compare


def _as_one_of(x: Any, number: float) -> Any:
    return number if x.dtype.kind in "biu" else np.asarray(number, x.dtype)


def _flip(x: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    # By indexing, which any autodiff knows.
    chosen = range(x.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    flipped = {index % x.ndim for index in chosen}
    return x[tuple(slice(None, None, -1 if i in flipped else 1) for i in range(x.ndim))]


def _relu(x: Array) -> Array:
    return np.maximum(x, 0)


def _sigmoid(x: Array) -> Array:
    decayed = np.exp(-np.abs(x))  # never overflows
    chosen = np.where(x >= 0, 1 / (1 + decayed), decayed / (1 + decayed))
    return chosen.astype(native_type(x.dtype))


def _erf(x: Array) -> Array:
    # NumPy has no erf; the standard library's is exact.
    return np.asarray(np.frompyfunc(math.erf, 1, 1)(x)).astype(native_type(x.dtype))


def _erfc(x: Array) -> Array:
    return np.asarray(np.frompyfunc(math.erfc, 1, 1)(x)).astype(native_type(x.dtype))


def _matmul(a: Array, b: Array) -> Any:
    if a.ndim <= 2 or b.ndim != 2:
        return np.matmul(a, b)
    product = np.matmul(a.reshape(math.prod(a.shape[:-1]), a.shape[-1]), b)  # one, not many
    return product.reshape(*a.shape[:-1], b.shape[-1])


def _pad(x: Array, pads: Pads, value: float = 0.0) -> Array:
    # This takes a tenth of the time of numpy.pad for a small array.
    sizes = [low + size + high for size, (low, high) in zip(x.shape, pads, strict=True)]
    padded = np.full(sizes, value, x.dtype)
    padded[inside(x.shape, pads)] = x
    return padded


def inside(shape: Sequence[int], pads: Pads) -> tuple[slice, ...]:
    """Return the slices at which a tensor of that shape lies after padding."""
    return tuple(slice(low, low + size) for size, (low, _) in zip(shape, pads, strict=True))


def _one_hot(indices: Array, depth: int, dtype: str) -> Any:
    return (np.expand_dims(indices, -1) == np.arange(depth)).astype(numpy_dtype(dtype))


_MOVING: Mapping[str, Function] = {
    "abs": np.abs,
    # The slope at the kink is 0, as in every framework.
    "relu": _relu,
    "reshape": np.reshape,
    "sign": np.sign,
    "stop_gradient": lambda x: x,
    "transpose": np.transpose,
}
_JOINING: Mapping[str, Function] = {"concatenate": np.concatenate, "stack": np.stack}
_COMPARING = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
_OF_ONE: Mapping[str, Function] = {
    **{name: getattr(np, name) for name in ("exp", "expm1", "log", "log1p", "sqrt", "tanh")},
    **{name: getattr(np, name) for name in ("clip", "cumsum", "max", "mean", "sum")},
    "erf": _erf,
    "erfc": _erfc,
    "sigmoid": _sigmoid,
}
_OF_SEVERAL: Mapping[str, Function] = {
    **{name: getattr(np, name) for name in ("maximum", "minimum", "power", "where")},
    "matmul": _matmul,
}
