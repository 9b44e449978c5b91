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

# What torch 2.13 copies fast is a matrix of so many numbers; smaller ones it copies at once itself.
_FEW_NUMBERS = 60 * 60
_tracing_state = torch._C._get_tracing_state
_FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}


def turning(shape: Shape) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the function from a kernel (*spatial, a, b) of that shape to (b, a, *spatial).

    In memory the result is `channels_last`. The gradient comes back laid out as the kernel is.
    """
    return _turn_few(len(shape)) if math.prod(shape) < _FEW_NUMBERS else _turn


def _turn_few(rank: int) -> Callable[[torch.Tensor], torch.Tensor]:
    permute = torch.permute  # takes half a microsecond less for a tuple than the tensor's method
    axes = (rank - 1, rank - 2, *range(rank - 2))
    back = (*range(2, rank), 1, 0)
    memory_format = _FORMATS.get(rank, torch.contiguous_format)

    def laid_out_as_kernel(gradient: torch.Tensor) -> torch.Tensor:
        return permute(permute(gradient, back).contiguous(), axes)

    def turn(kernel: torch.Tensor) -> torch.Tensor:
        turned = permute(kernel, axes)
        if not turned.requires_grad:
            if _tracing_state() is None:  # `torch.jit.trace` wants the same without gradients
                return turned  # torch's convolutions copy it as they need it
        elif not torch.compiler.is_compiling():
            turned.register_hook(laid_out_as_kernel)
        # Copied, because torch 2.13's CPU backward raises "grad_weight must be contiguous" for some
        # such views, as conv2d of (1, 2, 2, 2) by (1, 2, 1, 2), both permuted, in float64.
        return turned.contiguous(memory_format=memory_format)

    return turn


def _turn(kernel: torch.Tensor) -> torch.Tensor:
    # As matrices: torch transposes those blockwise, in a fourth of the time of a permuted kernel.
    *spatial, read, written = kernel.shape
    matrix = kernel.reshape(-1, written)
    if matrix.requires_grad and not torch.compiler.is_compiling():
        matrix.register_hook(torch.Tensor.contiguous)
    turned = matrix.t().contiguous().view(written, *spatial, read)
    return turned.permute(0, len(spatial) + 1, *range(1, len(spatial) + 1))
