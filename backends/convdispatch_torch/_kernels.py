"""Kernels as torch wants them: (output channels, input channels, *spatial).

A parameter lies in memory as its shape says, so that everything of torch's that takes a flat view
of parameters and gradients takes ours. It is turned around at each call: a turned copy that is
kept could be of old numbers, which `parameter.data`, NumPy or another process may have replaced.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from convdispatch.ops import Shape

# From so many numbers on torch 2.13 copies a matrix fast; it may copy fewer as it likes.
_FEW_NUMBERS = 60 * 60
# Up to so many its convolutions read a permuted kernel in less time than it takes to turn it.
_NOT_WORTH_TURNING = 200_000


def turning(shape: Shape) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the function from a kernel (*spatial, a, b) of that shape to (b, a, *spatial).

    In memory the result is `channels_last`, or what torch's convolutions make so themselves. The
    gradient comes back laid out as the kernel is.
    """
    if math.prod(shape) < _FEW_NUMBERS:
        return _turn_few(shape)
    return _permute_for_values if math.prod(shape) <= _NOT_WORTH_TURNING else _turn


def _turn_few(shape: Shape) -> Callable[[torch.Tensor], torch.Tensor]:
    permute = torch.permute  # takes half a microsecond less for a tuple than the tensor's method
    as_strided = torch.as_strided
    is_compiling, tracing_state = torch.compiler.is_compiling, torch._C._get_tracing_state
    axes = (len(shape) - 1, len(shape) - 2, *range(len(shape) - 2))
    sizes = [shape[axis] for axis in axes]
    strides = [math.prod(shape[axis + 1 :]) for axis in axes]
    is_single = shape[-1] == 1

    def turn(kernel: torch.Tensor) -> torch.Tensor:
        if kernel.requires_grad and tracing_state() is None and not is_compiling():
            # Of this view the gradient is laid out as the kernel, of the other as torch likes.
            turned = as_strided(kernel.contiguous(), sizes, strides)
        else:
            turned = permute(kernel, axes)
        # Copied, because torch 2.13's CPU backward of one filter raises "grad_weight must be
        # contiguous": conv2d of (1, 2, 2, 2) by (1, 2, 1, 2), both permuted.
        return turned.contiguous() if is_single else turned

    return turn


def _permute_for_values(kernel: torch.Tensor) -> torch.Tensor:
    if torch.compiler.is_compiling() or not torch.is_inference_mode_enabled():
        return _turn(kernel)
    return _permuted(kernel)


def _turn(kernel: torch.Tensor) -> torch.Tensor:
    if kernel.device.type != "cpu":  # an accelerator turns it faster than Python calls functions
        return _permuted(kernel)
    # As matrices: torch transposes those blockwise, in a fourth of the time of a permuted kernel.
    *spatial, read, written = kernel.shape
    matrix = kernel.reshape(-1, written)
    if matrix.requires_grad and not torch.compiler.is_compiling():
        matrix.register_hook(torch.Tensor.contiguous)  # type: ignore[no-untyped-call]  # no types
    turned = matrix.t().contiguous().view(written, *spatial, read)
    return turned.permute(0, len(spatial) + 1, *range(1, len(spatial) + 1))


def _permuted(kernel: torch.Tensor) -> torch.Tensor:
    return torch.permute(kernel, (kernel.ndim - 1, kernel.ndim - 2, *range(kernel.ndim - 2)))
