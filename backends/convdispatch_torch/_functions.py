"""The table of elementwise functions, reductions and products under NumPy's names.

Only what differs from NumPy's calling convention is wrapped; element types are never chosen here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from convdispatch.ops import Shape

Axes = int | tuple[int, ...] | None
Operand = torch.Tensor | float


def _linear(x: torch.Tensor) -> torch.Tensor:
    return x


def _flip(x: torch.Tensor, axes: Axes = None) -> torch.Tensor:
    return torch.flip(x, _all_axes(x, axes))


def _reshape(x: torch.Tensor, shape: int | Shape) -> torch.Tensor:
    return x.reshape(shape)


def _transpose(x: torch.Tensor, axes: Shape | None = None) -> torch.Tensor:
    return x.permute(tuple(reversed(range(x.ndim))) if axes is None else axes)


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


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": torch.abs,
    "erf": torch.erf,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "flip": _flip,
    "linear": _linear,
    "log": torch.log,
    "log1p": torch.log1p,
    "matmul": torch.matmul,
    "max": _reduction(torch.amax),
    "maximum": _binary(torch.maximum),
    "mean": _reduction(torch.mean),
    "minimum": _binary(torch.minimum),
    "relu": torch.relu,
    "reshape": _reshape,
    "sigmoid": torch.sigmoid,
    "sqrt": torch.sqrt,
    "sum": _reduction(torch.sum),
    "tanh": torch.tanh,
    "transpose": _transpose,
    "where": torch.where,
}
