"""The table of elementwise functions and reductions, each traceable by autograd."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch_numpy._autograd import Function, differentiable, numpy_or_autograd

Array = npt.NDArray[Any]

_exp = numpy_or_autograd(np.exp, "exp")


def _linear(x: Any) -> Any:
    return x


def _flip(x: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    # By indexing: autograd has no gradient for numpy.flip.
    chosen = range(x.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    flipped = {index % x.ndim for index in chosen}
    return x[tuple(slice(None, None, -1 if i in flipped else 1) for i in range(x.ndim))]


def _relu(x: Array) -> Array:
    return np.maximum(x, 0)


def _sigmoid(x: Array) -> Array:
    decayed = np.exp(-np.abs(x))  # never overflows
    return np.where(x >= 0, 1 / (1 + decayed), decayed / (1 + decayed)).astype(x.dtype)


def _erf(x: Array) -> Array:
    # NumPy has no erf; the standard library's is exact and this is the reference backend.
    return np.asarray(np.frompyfunc(math.erf, 1, 1)(x)).astype(x.dtype)


def _keeping_dtype(plain: Function) -> Function:
    # NumPy promotes its own element types as we want, but bfloat16 beside a Python float to
    # float32 or float64, and a product of two bfloat16 matrices to float32.
    def function(*args: Any) -> Any:
        result = plain(*args)
        tensors = [arg for arg in args if hasattr(arg, "dtype") and arg.dtype.kind != "b"]
        return result.astype(tensors[0].dtype, copy=False) if tensors else result

    return function


def _summing_in_float32(reduce: Function) -> Function:
    # ml_dtypes adds bfloat16 to bfloat16 and stops at 256 ones, as NumPy's float16 does at 2048
    # along any axis but the last.
    def reduction(x: Any, *args: Any, **kwargs: Any) -> Any:
        if x.dtype.name not in ("float16", "bfloat16"):
            return reduce(x, *args, **kwargs)
        return reduce(x.astype(np.float32), *args, **kwargs).astype(x.dtype)

    return reduction


def _erf_gradient(answer: Array, x: Array) -> Function:
    return lambda g: g * (2 / math.sqrt(math.pi)) * _exp(-x * x)


FUNCTIONS: Mapping[str, Function] = {
    "linear": _linear,
    "flip": _flip,
    # The slope at the kink is 0, as in every framework; autograd's maximum would say 1/2.
    "relu": differentiable(_relu, lambda answer, x: lambda g: g * (x > 0)),
    "sigmoid": differentiable(_sigmoid, lambda answer, x: lambda g: g * answer * (1 - answer)),
    "erf": differentiable(_erf, _erf_gradient),
    # autograd's own divides by cosh(x)**2, which overflows.
    "tanh": differentiable(np.tanh, lambda answer, x: lambda g: g * (1 - answer * answer)),
    **{
        name: numpy_or_autograd(getattr(np, name), name)
        for name in (
            "abs",
            "exp",
            "expm1",
            "log",
            "log1p",
            "max",
            "reshape",
            "sqrt",
            "transpose",
        )
    },
    **{
        name: _summing_in_float32(numpy_or_autograd(getattr(np, name), name))
        for name in ("mean", "sum")
    },
    **{
        name: numpy_or_autograd(_keeping_dtype(getattr(np, name)), name)
        for name in ("matmul", "maximum", "minimum", "where")
    },
}
