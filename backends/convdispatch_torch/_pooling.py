"""Pooling by torch's own, with pads that torch does not have."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  # the name that every torch user reads

from convdispatch import kit
from convdispatch.ops import Pool, Signature
from convdispatch_torch._functions import pad_last_axes

Function = Callable[[torch.Tensor], torch.Tensor]

_MAX_POOL: tuple[Callable[..., torch.Tensor], ...] = (F.max_pool1d, F.max_pool2d, F.max_pool3d)


def pooling(op: Pool, signature: Signature) -> Function | None:
    """Return the function, None if torch has no correct one."""
    if None in signature.input_shape:
        return None
    axes = kit.axes(op, signature)
    if op.kind == "max":
        pool = _largest(op, axes)
        return None if pool is None else _channels_first(pool, op)
    pool = _channels_first(_sums(op, axes), op)
    if op.kind == "sum":
        return pool
    by = kit.divisors(op, signature)
    if isinstance(by, int):
        return lambda x: pool(x) / by
    counts = torch.from_numpy(by).to(getattr(torch, kit.computed_in(signature.dtype)))
    return lambda x: pool(x) / counts.to(x.device)


def _largest(op: Pool, axes: tuple[kit.Axis, ...]) -> Function | None:
    # Where all of a window is -inf its gradient must not go to a pad of -inf. It goes to the first
    # cell: pads before the image are torch's, which are in no window, and at most half of one.
    own = [max(axis.low, 0) for axis in axes]
    if any(low > axis.taps // 2 for low, axis in zip(own, axes, strict=True)):
        return None
    # Torch's own are on both sides. That makes more windows at the end, which are dropped.
    rest = [
        (axis.low - low, axis.high - low if axis.high > low else min(axis.high, 0))
        for low, axis in zip(own, axes, strict=True)
    ]
    pad = pad_last_axes(rest, -math.inf)
    native = _MAX_POOL[len(axes) - 1]
    kept: tuple[Any, ...] = (..., *(slice(axis.count) for axis in axes))

    def pool(x: torch.Tensor) -> torch.Tensor:
        return native(x if pad is None else pad(x), op.size, op.strides, own)[kept]

    return pool


def _sums(op: Pool, axes: tuple[kit.Axis, ...]) -> Function:
    pad = pad_last_axes([axis.fitted for axis in axes])
    # `F.avg_pool1d` always divides: a row is an image of one row.
    above = (1,) if len(axes) == 1 else ()
    native: Callable[..., torch.Tensor] = F.avg_pool3d if len(axes) == 3 else F.avg_pool2d

    def pool(x: torch.Tensor) -> torch.Tensor:
        x = x if pad is None else pad(x)
        x = x.unsqueeze(2) if above else x
        y = native(x, above + op.size, above + op.strides, divisor_override=1)
        return y.squeeze(2) if above else y

    return pool


def _channels_first(pool: Function, op: Pool) -> Function:
    if not op.channels_last:
        return pool
    to_last, to_first = kit.permutations(len(op.size))
    return lambda x: pool(x.permute(to_first)).permute(to_last)
