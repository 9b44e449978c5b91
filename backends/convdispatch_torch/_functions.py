"""The table of elementwise functions, reductions and products under NumPy's names.

Wrapped is what differs from NumPy's calling convention, and what rounds: half precision is
computed in float32 and rounded once, which torch does of most functions and of no gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from convdispatch.ops import Shape

Axes = int | tuple[int, ...] | None
Operand = torch.Tensor | float
Function = Callable[..., Any]

_HALF = (torch.float16, torch.bfloat16)


def _linear(x: torch.Tensor) -> torch.Tensor:
    return x


def _flip(x: torch.Tensor, axes: Axes = None) -> torch.Tensor:
    return torch.flip(x, _all_axes(x, axes))


def _reshape(x: torch.Tensor, shape: int | Shape) -> torch.Tensor:
    return x.reshape(shape)


def _transpose(x: torch.Tensor, axes: Shape | None = None) -> torch.Tensor:
    return x.permute(tuple(reversed(range(x.ndim))) if axes is None else axes)


def _rounded_once(function: Function) -> Function:
    """Return the function of a tensor, computing half precision in float32."""

    def computed(x: torch.Tensor, *arguments: Any, **options: Any) -> Any:
        if x.dtype not in _HALF:
            return function(x, *arguments, **options)
        return function(x.float(), *arguments, **options).to(x.dtype)

    return computed


def _rounded_once_of_several(function: Function) -> Function:
    """Return the function of tensors and numbers, computing in float32 where all are in half."""

    def computed(*arguments: Any) -> Any:
        dtypes = {a.dtype for a in arguments if isinstance(a, torch.Tensor)} - {torch.bool}
        if len(dtypes) != 1 or not dtypes.issubset(_HALF):
            return function(*arguments)
        (dtype,) = dtypes
        wide = (a.float() if getattr(a, "dtype", None) == dtype else a for a in arguments)
        return function(*wide).to(dtype)

    return computed


def _reduction(reduce: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    def reduction(x: torch.Tensor, axis: Axes = None, keepdims: bool = False) -> torch.Tensor:
        axes = _all_axes(x, axis)
        # torch takes an empty tuple for all axes, NumPy for none.
        return reduce(x, axes, keepdims) if axes else x

    return reduction


def _binary(combine: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """Return a function of two tensors that takes a Python number for one of them.

    The number gets the tensor's element type.
    """

    def binary(x: Operand, y: Operand) -> torch.Tensor:
        if not isinstance(y, torch.Tensor):
            y = x.new_full((), y)  # type: ignore[union-attr]  # x is the tensor then
        elif not isinstance(x, torch.Tensor):
            x = y.new_full((), x)
        return combine(x, y)

    return binary


def _all_axes(x: torch.Tensor, axes: Axes) -> tuple[int, ...]:
    if axes is None:
        return tuple(range(x.ndim))
    return (axes,) if isinstance(axes, int) else axes


# What an op ends with, in the element type that the op computes in.
ACTIVATIONS: Mapping[str, Function] = {
    "linear": _linear,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}

FUNCTIONS: Mapping[str, Function] = {
    "abs": torch.abs,
    "erf": _rounded_once(torch.erf),
    "exp": _rounded_once(torch.exp),
    "expm1": _rounded_once(torch.expm1),
    "flip": _flip,
    "linear": _linear,
    "log": _rounded_once(torch.log),
    "log1p": _rounded_once(torch.log1p),
    "matmul": _rounded_once_of_several(torch.matmul),
    "max": _rounded_once(_reduction(torch.amax)),
    "maximum": _rounded_once_of_several(_binary(torch.maximum)),
    "mean": _rounded_once(_reduction(torch.mean)),
    "minimum": _rounded_once_of_several(_binary(torch.minimum)),
    "relu": torch.relu,
    "reshape": _reshape,
    "sigmoid": _rounded_once(torch.sigmoid),
    "sqrt": _rounded_once(torch.sqrt),
    "sum": _rounded_once(_reduction(torch.sum)),
    "tanh": _rounded_once(torch.tanh),
    "transpose": _transpose,
    "where": _rounded_once_of_several(torch.where),
}
