"""Convolutions that are right up to some size and wrong beyond it, as blocked kernels are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sabotage import lowering
from saboteurs_geometry import shifted, size, taps

from convdispatch.ops import Conv, ConvTranspose

GROUND = ("conv*/full/large-*",)


@lowering(*GROUND)
def samples_beyond_four_forgotten(lower, op, signature):
    """Compute four samples and leave the others zero."""
    compute = lower(op, signature)
    return lambda *tensors: _only(compute(*tensors), 0, 4)


@lowering(*GROUND)
def filters_beyond_thirty_two_forgotten(lower, op, signature):
    """Compute thirty-two output channels and leave the others zero."""
    compute, axis = lower(op, signature), len(op.pads) + 1 if op.channels_last else 1
    return lambda *tensors: _only(compute(*tensors), axis, 32)


@lowering(*GROUND, ops=(Conv,))
def channels_beyond_sixteen_forgotten(lower, op, signature):
    """Sum over sixteen input channels of each group and leave the others out."""
    compute = lower(op, signature)
    axis = len(op.pads)
    return lambda x, kernel, *bias: compute(x, _only(kernel, axis, 16), *bias)


@lowering(*GROUND, ops=(Conv,))
def cells_beyond_sixteen_forgotten(lower, op, signature):
    """Compute sixteen cells of the last spatial axis and leave the others zero."""
    compute, axis = lower(op, signature), len(op.pads) + (0 if op.channels_last else 1)
    return lambda *tensors: _only(compute(*tensors), axis, 16)


@lowering(*GROUND, ops=(Conv,))
def taps_beyond_five_forgotten(lower, op, signature):
    """Read five taps of the first axis of the kernel and leave the others out."""
    compute = lower(op, signature)
    return lambda x, kernel, *bias: compute(x, _only(kernel, 0, 5), *bias)


@lowering(*GROUND)
def groups_beyond_four_forgotten(lower, op, signature):
    """Compute four groups and leave the others zero."""
    compute, axis = lower(op, signature), len(op.pads) + 1 if op.channels_last else 1
    if op.groups <= 4:
        return compute

    def limited(*tensors):
        y = compute(*tensors)
        return _only(y, axis, y.shape[axis] // op.groups * 4)

    return limited


@lowering("conv*")
def pads_larger_than_the_kernel_shifted(lower, op, signature):
    """Move pads beyond the kernel's reach from before the data to after it."""
    reach = [rate * (k - 1) for rate, k in zip(op.dilation, taps(signature), strict=True)]
    pads = zip(op.pads, reach, strict=True)
    return lower(shifted(op, [max(low - max(n, 1), 0) for (low, _), n in pads]), signature)


@lowering("conv*")
def strides_beyond_three_as_three(lower, op, signature):
    """Use stride 3 instead of every larger stride."""
    if max(op.strides) <= 3:
        return lower(op, signature)
    strides = tuple(min(stride, 3) for stride in op.strides)
    changed = zip(op.pads, op.strides, strides, _steps(op, signature), strict=True)
    pads = tuple((low, high + (new - old) * n) for (low, high), old, new, n in changed)
    return lower(replace(op, strides=strides, pads=pads), signature)


@lowering("conv?d/*", ops=(Conv,))
def kernel_larger_than_the_input_cut_off(lower, op, signature):
    """Drop taps of the kernel if it has more taps than the input has cells."""
    compute, limits = lower(op, signature), size(op, signature)

    def limited(x, kernel, *bias):
        for axis, most in enumerate(limits):
            kernel = _only(kernel, axis, most)
        return compute(x, kernel, *bias)

    return limited


def _only(array, axis, most):
    """Return the array, zero beyond so many places of an axis."""
    n = array.shape[axis]
    if n <= most:
        return array
    mask = np.arange(n) < most
    return array * mask.reshape([-1 if a == axis % array.ndim else 1 for a in range(array.ndim)])


def _steps(op, signature):
    """Return how many strides lie between the first and the last placement, on each axis."""
    if isinstance(op, ConvTranspose):
        return [n - 1 for n in size(op, signature)]
    fields = zip(
        size(op, signature), op.pads, taps(signature), op.strides, op.dilation, strict=True
    )
    return [
        (n + low + high - rate * (k - 1) - 1) // stride
        for n, (low, high), k, stride, rate in fields
    ]
