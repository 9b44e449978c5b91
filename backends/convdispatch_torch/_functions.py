"""The table of functions under NumPy's names.

Wrapped are functions that differ from NumPy's calling convention, and those that round: half
precision is computed in float32 and rounded once, which torch does of most functions and of no
gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  # the name that every torch user reads

from convdispatch import kit
from convdispatch.ops import HALF_DTYPES, Shape

Pads = Sequence[tuple[int, int]]
Axes = int | tuple[int, ...] | None
Operand = torch.Tensor | float
Function = Callable[..., Any]

_rounded_once, _rounded_once_of_several = kit.rounding(
    halves=(torch.float16, torch.bfloat16), single=torch.float32, cast=torch.Tensor.to
)


def _linear(x: torch.Tensor) -> torch.Tensor:
    return x


def _flip(x: torch.Tensor, axes: Axes = None) -> torch.Tensor:
    return torch.flip(x, _all_axes(x, axes))


def _reshape(x: torch.Tensor, shape: int | Shape) -> torch.Tensor:
    return x.reshape(shape)


def _transpose(x: torch.Tensor, axes: Shape | None = None) -> torch.Tensor:
    return x.permute(tuple(reversed(range(x.ndim))) if axes is None else axes)


def _pad(x: torch.Tensor, pads: Pads, value: float = 0.0) -> torch.Tensor:
    return F.pad(x, [cells for pair in reversed(pads) for cells in pair], value=value)


@_rounded_once
def _take(x: torch.Tensor, indices: Any, axis: int) -> torch.Tensor:
    indices = torch.as_tensor(indices, device=x.device)
    axis %= x.ndim
    taken = cells_of(x, indices.reshape(-1).long(), axis)
    return taken.reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])


def cells_of(x: torch.Tensor, indices: torch.Tensor, axis: int) -> torch.Tensor:
    """Return the cells of those indices along one axis."""
    if axis < x.ndim - 1 or x.ndim == 1:
        return x.index_select(axis, indices)
    # Turned around: torch 2.13 takes twice as long for single numbers as for rows of them.
    taken = x.flatten(0, -2).t().index_select(0, indices).t()
    return taken.reshape(*x.shape[:-1], len(indices))


def in_float32(fn: Function, dtype: str) -> Function:
    """Return `fn`, computing half precision in float32."""
    if dtype not in HALF_DTYPES:
        return fn
    return kit.rounded_once(fn, dtype, lambda x, name: x.to(getattr(torch, name)))


def in_float32_on_cpu(fn: Function, dtype: str) -> Function:
    """Return `fn`, products of half precision, in float32 where no tensor core sums them so."""
    if dtype not in HALF_DTYPES:
        return fn
    rounded = in_float32(fn, dtype)
    return lambda x, *weights: (rounded if x.device.type == "cpu" else fn)(x, *weights)


def pad_last_axes(pads: Pads, value: float = 0.0) -> Function | None:
    """Return the function that pads, or with negative numbers crops, the last axes, if any."""
    from_last_axis = [cells for pair in reversed(pads) for cells in pair]
    if not any(from_last_axis):
        return None
    grown = [max(cells, 0) for cells in from_last_axis]
    cropped = [min(cells, 0) for cells in from_last_axis]
    if not (any(grown) and any(cropped)):
        return lambda x: F.pad(x, from_last_axis, value=value)
    # Grown before it is cropped: `F.pad` of torch 2.13 crops first, and raises "length must be
    # non-negative" where a crop is longer than the axis was, as (2, -2) for one cell.
    return lambda x: F.pad(F.pad(x, grown, value=value), cropped)


def _argmax(x: torch.Tensor, axis: int) -> torch.Tensor:
    return torch.argmax(x.byte() if x.dtype == torch.bool else x, axis)


def _sign(x: torch.Tensor) -> torch.Tensor:
    # torch 2.13 says 0 of NaN.
    return torch.where(x == x, torch.sign(x), x) if x.is_floating_point() else torch.sign(x)


def _one_hot(indices: Any, depth: int, dtype: str) -> torch.Tensor:
    indices = torch.as_tensor(indices)
    every = torch.arange(depth, device=indices.device)
    coded: torch.Tensor = (indices[..., None] == every).to(getattr(torch, dtype))
    return coded


def _reduction(reduce: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    def reduction(x: torch.Tensor, axis: Axes = None, keepdims: bool = False) -> torch.Tensor:
        axes = _all_axes(x, axis)
        # An empty tuple means all axes for torch, and no axis for NumPy.
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


def _where(condition: torch.Tensor, x: Any, y: Any) -> torch.Tensor:
    return _binary(lambda x, y: torch.where(condition, x, y))(x, y)


def _all_axes(x: torch.Tensor, axes: Axes) -> tuple[int, ...]:
    if axes is None:
        return tuple(range(x.ndim))
    return (axes,) if isinstance(axes, int) else axes


# The end of an op, in the element type of its computation.
ACTIVATIONS: Mapping[str, Function] = {
    "linear": _linear,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}

FUNCTIONS: Mapping[str, Function] = {
    "abs": torch.abs,
    "argmax": _argmax,
    "clip": torch.clamp,
    "concatenate": torch.cat,
    "cumsum": _rounded_once(torch.cumsum),
    "flip": _flip,
    "linear": _linear,
    "matmul": _rounded_once_of_several(torch.matmul),
    "max": _rounded_once(_reduction(torch.amax)),
    "mean": _rounded_once(_reduction(torch.mean)),
    "one_hot": _one_hot,
    "pad": _pad,
    "power": _rounded_once_of_several(torch.pow),
    "relu": torch.relu,
    "reshape": _reshape,
    "shape": lambda x: tuple(x.shape),
    "sign": _sign,
    "stack": torch.stack,
    "stop_gradient": torch.Tensor.detach,
    "sum": _rounded_once(_reduction(torch.sum)),
    "take": _take,
    "transpose": _transpose,
    "where": _rounded_once_of_several(_where),
    **{
        name: _rounded_once(getattr(torch, name))
        for name in ("erf", "erfc", "exp", "expm1", "log", "log1p", "sigmoid", "sqrt", "tanh")
    },
    **{
        name: _rounded_once_of_several(_binary(getattr(torch, name)))
        for name in ("maximum", "minimum")
    },
    **{
        name: _binary(getattr(torch, name))
        for name in ("not_equal", "less", "less_equal", "greater", "greater_equal")
    },
    "equal": _binary(torch.eq),  # `torch.equal` compares whole tensors
}
