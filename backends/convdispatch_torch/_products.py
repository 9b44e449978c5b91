"""Convolutions in one group as products of matrices, for channels-last tensors.

A kernel (*spatial, in, out) is a matrix as it lies in memory, so that nothing has to be turned
around: worth it for kernels of one cell, and where the image has fewer cells than the kernel has
filters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F  # noqa: N812  # the name that every torch user reads

from convdispatch.ops import Conv, Shape

Function = Callable[..., torch.Tensor]

# oneDNN's product, which `torch.compile` uses too. On processors without Intel's name torch 2.13
# multiplies float32 by a library that leaves out their widest instructions: 1x1 convolutions take
# 0.4 to 0.6 of the time of `torch.mm` and of `conv2d` (AMD EPYC, Zen 4). It has no gradients.
_ONEDNN: Function | None = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
# Numbers in a kernel from which turning it around is worth avoiding.
LARGE_KERNEL = 2**17
# Multiplications from which it is faster: to prepare it takes 10 microseconds.
_MANY = 2**21


def pointwise(strides: Sequence[int], kernel_shape: Shape) -> Function:
    """Return the convolution by a kernel of one cell, without pads: (x, kernel, bias)."""
    read = (slice(None), *(slice(None, None, stride) for stride in strides))
    is_strided = max(strides) > 1
    channels, filters = kernel_shape[-2:]

    def product(
        x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None = None
    ) -> torch.Tensor:
        cells = (x[read] if is_strided else x).contiguous()
        return dense(cells, kernel.reshape(channels, filters), bias)

    return product


def by_columns(op: Conv, strides: Sequence[int], pad: Function | None, taps: Shape) -> Function:
    """Return the convolution (x, kernel, bias) by the cells of each result, side by side."""
    rank = len(taps)

    def product(
        x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None = None
    ) -> torch.Tensor:
        if pad is not None:
            x = pad(x)
        batch, *sizes, channels = x.shape
        first, *steps, last = x.stride()
        cells = [
            (size - (count - 1) * rate - 1) // stride + 1
            for size, count, rate, stride in zip(sizes, taps, op.dilation, strides, strict=True)
        ]
        to_next = [step * stride for step, stride in zip(steps, strides, strict=True)]
        within = [step * rate for step, rate in zip(steps, op.dilation, strict=True)]
        read = x.as_strided(
            (batch, *cells, *taps, channels), (first, *to_next, *within, last), x.storage_offset()
        )
        return dense(read.flatten(rank + 1), kernel.flatten(0, rank), bias)

    return product


def is_for_values_alone(x: torch.Tensor) -> bool:
    """Say whether nothing but numbers is asked for: no gradient, no trace, no transform."""
    return (
        not torch.compiler.is_compiling()  # first, as the compiler cannot trace the next one
        and torch.is_inference_mode_enabled()
        and x.is_cpu
        and x.dtype == torch.float32
        and torch._C._get_mkldnn_enabled()
        and torch._C._get_tracing_state() is None
        and torch._C._functorch.peek_interpreter_stack() is None
    )


def dense(
    cells: torch.Tensor, matrix: torch.Tensor, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """Multiply the last axis by a matrix (read, written), and add the bias."""
    # In this order, because sizes cannot be compared while they are symbols.
    if _ONEDNN is not None and is_for_values_alone(cells) and _is_worth_it(cells, matrix):
        return _ONEDNN(cells, matrix.t(), bias, "none", [], "")
    return F.linear(cells, matrix.t(), bias)


def _is_worth_it(cells: torch.Tensor, matrix: torch.Tensor) -> bool:
    return cells.shape[:-1].numel() * math.prod(matrix.shape) >= _MANY
