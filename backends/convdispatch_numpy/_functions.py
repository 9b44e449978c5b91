"""The table of elementwise functions and reductions, each traceable by autograd.

Half precision is computed in float32 and rounded once, and so is its gradient.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch_numpy._autograd import Function, differentiable, numpy_or_autograd
from convdispatch_numpy._gate import gate
from convdispatch_numpy._precision import native, native_type

Array = npt.NDArray[Any]

_exp = numpy_or_autograd(np.exp, "exp")


def _moving(function: Function) -> Function:
    """Return a function that only moves numbers, moving them in the machine's order of bytes."""

    def moved(x: Any, *args: Any, **kwargs: Any) -> Any:
        return function(native(x), *args, **kwargs)

    return moved


def _flip(x: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    # By indexing: autograd has no gradient for numpy.flip.
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
    # NumPy has no erf; the standard library's is exact and this is the reference backend.
    return np.asarray(np.frompyfunc(math.erf, 1, 1)(x)).astype(native_type(x.dtype))


def _rounded_once(function: Function) -> Function:
    """Return the function of a tensor, computing half precision in float32."""

    def computed(x: Any, *args: Any, **kwargs: Any) -> Any:
        if x.dtype.itemsize != 2:  # quicker than to ask for its name
            return function(x, *args, **kwargs)
        return function(x.astype(np.float32), *args, **kwargs).astype(native_type(x.dtype))

    return computed


def _rounded_once_of_several(function: Function) -> Function:
    """Return the function of tensors and numbers; the first tensor's element type is the result's.

    The others may have a wider one: bfloat16 times a Python number is float32 in NumPy.
    """

    def computed(*args: Any) -> Any:
        dtypes = [arg.dtype for arg in args if hasattr(arg, "dtype") and arg.dtype.kind != "b"]
        if not dtypes or dtypes[0].itemsize != 2:
            return function(*args)
        wide = (a.astype(np.float32) if getattr(a, "dtype", None) == dtypes[0] else a for a in args)
        return function(*wide).astype(native_type(dtypes[0]))

    return computed


def _matmul(a: Any, b: Any) -> Any:
    gate.enter()
    try:
        return np.matmul(a, b)
    finally:
        gate.leave()


def _erf_gradient(answer: Array, x: Array) -> Function:
    return lambda g: g * (2 / math.sqrt(math.pi)) * _exp(-x * x)


FUNCTIONS: Mapping[str, Function] = {
    "linear": native,
    "flip": _moving(_flip),
    # The slope at the kink is 0, as in every framework; autograd's maximum would say 1/2.
    "relu": differentiable(_relu, lambda answer, x: lambda g: g * (x > 0)),
    "sigmoid": _rounded_once(
        differentiable(_sigmoid, lambda answer, x: lambda g: g * answer * (1 - answer))
    ),
    "erf": _rounded_once(differentiable(_erf, _erf_gradient)),
    # autograd's own divides by cosh(x)**2, which overflows.
    "tanh": _rounded_once(
        differentiable(np.tanh, lambda answer, x: lambda g: g * (1 - answer * answer))
    ),
    **{
        name: _moving(numpy_or_autograd(getattr(np, name), name))
        for name in ("abs", "reshape", "transpose")
    },
    **{
        name: _rounded_once(numpy_or_autograd(getattr(np, name), name))
        for name in ("exp", "expm1", "log", "log1p", "max", "mean", "sqrt", "sum")
    },
    **{
        name: _rounded_once_of_several(numpy_or_autograd(getattr(np, name), name))
        for name in ("maximum", "minimum", "where")
    },
    "matmul": _rounded_once_of_several(numpy_or_autograd(_matmul, "matmul")),
}
