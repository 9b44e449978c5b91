"""From each op to a PyTorch function.

Nothing here reads the batch size, so that a function traces with a dynamic one. float32 follows
the user's global flags: on Ampere and later GPUs cuDNN rounds to TF32 unless
`torch.backends.cudnn.conv.fp32_precision = "ieee"` (`allow_tf32 = False` before torch 2.9) is set.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  # the name that every torch user reads

from convdispatch import kit
from convdispatch.ops import (
    HALF_DTYPES,
    Conv,
    ConvTranspose,
    Dense,
    Op,
    Pad,
    Pool,
    Resize,
    Signature,
    Upsample,
)
from convdispatch_torch._convolutions import conv, conv_transpose, dense
from convdispatch_torch._functions import FUNCTIONS, cast, padding

Function = Callable[..., torch.Tensor]

_MAX_POOL: tuple[Function, ...] = (F.max_pool1d, F.max_pool2d, F.max_pool3d)


def lower(op: Op, signature: Signature, backend: kit.Primitives) -> Function:
    """Return the PyTorch function that computes `op`."""
    make = _NATIVE.get(type(op))
    if isinstance(op, Pool | Upsample | Resize) and None in signature.input_shape:
        make = None  # those read the sizes here
    native = None if make is None else make(op, signature)
    if native is None:
        return kit.derived(op, signature, backend)
    if isinstance(op, Pad) or signature.dtype not in HALF_DTYPES:
        return native
    rounded = kit.rounded_once(native, signature.dtype, cast)
    if not signature.weight_shapes:
        return rounded
    # An accelerator's tensor cores sum products of half precision in float32 themselves.
    return lambda x, *weights: (rounded if x.is_cpu else native)(x, *weights)


def _pad(op: Pad, signature: Signature) -> Function:
    channels = [(0, 0)] if op.channels_last else []
    # A copy even without pads, so that a change of the result in place does not change the input.
    return padding([*op.pads, *channels]) or torch.clone


def _pool(op: Pool, signature: Signature) -> Function | None:
    axes = kit.axes(op, signature)
    native = _largest(op, axes) if op.kind == "max" else _sums(op, axes)
    if native is None:
        return None
    pool = kit.channels_first(native, op, torch.permute)
    if op.kind != "average":
        return pool
    by = kit.divisors(op, signature)
    if isinstance(by, int):
        return lambda x: pool(x) / by
    counts = torch.from_numpy(by)
    return lambda x: pool(x) / counts.to(x)


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
    pad = padding(rest, -math.inf)
    native = _MAX_POOL[len(axes) - 1]
    kept: tuple[Any, ...] = (..., *(slice(axis.count) for axis in axes))
    return lambda x: native(x if pad is None else pad(x), op.size, op.strides, own)[kept]


def _sums(op: Pool, axes: tuple[kit.Axis, ...]) -> Function:
    pad = padding([axis.fitted for axis in axes])
    # `F.avg_pool1d` always divides: a row is an image of one row.
    above = (1,) if len(axes) == 1 else ()
    native: Function = F.avg_pool3d if len(axes) == 3 else F.avg_pool2d

    def pool(x: torch.Tensor) -> torch.Tensor:
        x = x if pad is None else pad(x)
        x = x.unsqueeze(2) if above else x
        y = native(x, above + op.size, above + op.strides, divisor_override=1)
        return y.squeeze(2) if above else y

    return pool


def _resampled(op: Upsample | Resize, signature: Signature) -> Function:
    # `F.interpolate` finds cells and weights in float32, from positions as large as the image.
    return kit.resampling(
        op,
        signature,
        take=FUNCTIONS["take"],
        mix=_mix,
        constant=torch.from_numpy,
    )


def _mix(below: torch.Tensor, above: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    # Not `torch.lerp`, in whose difference of the two large numbers overflow.
    # In the place of the cells, which were copied for it: new memory takes longer than the sum.
    share = share.to(below)
    return below.mul_(1 - share).add_(above.mul_(share))


# To torch's own function; None stands for one that torch has not, or not always correctly.
_NATIVE: dict[type[Op], Callable[[Any, Signature], Function | None]] = {
    Conv: conv,
    ConvTranspose: conv_transpose,
    Dense: dense,
    Pad: _pad,
    Pool: _pool,
    Resize: _resampled,
    Upsample: _resampled,
}
