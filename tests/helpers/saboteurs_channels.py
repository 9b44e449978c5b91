"""Convolutions that mix up channels, groups, samples or layouts, or the epilogue's order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sabotage import lowering
from saboteurs_geometry import FORWARD, taps

from convdispatch.ops import Conv, ConvTranspose

GROUPED = ("conv*g2*", "conv*g3*", "conv*groups*", "conv*depthwise*")


@lowering(*GROUPED, ops=(Conv,))
def groups_interleaved(lower, op, signature):
    """Give group g the channels c with c % groups == g instead of adjacent ones."""
    compute, per_group = lower(op, signature), signature.weight_shapes[0][-2]
    order = np.arange(per_group * op.groups).reshape(per_group, op.groups).T.ravel()
    return lambda x, *weights: compute(x[_channels(op, order)], *weights)


@lowering(*GROUPED, ops=(ConvTranspose,))
def transposed_groups_interleaved(lower, op, signature):
    """Let group g of a transposed convolution read the channels c with c % groups == g."""
    compute, filters = lower(op, signature), signature.weight_shapes[0][-1]
    order = np.arange(filters).reshape(-1, op.groups).T.ravel()
    return lambda x, *weights: compute(x[_channels(op, order)], *weights)


@lowering(*GROUPED, ops=(Conv,))
def depthwise_multiplier_first(lower, op, signature):
    """Put filter m of channel c at m * C + c instead of c * M + m."""
    compute, (*_, per_group, filters) = lower(op, signature), signature.weight_shapes[0]
    if per_group > 1 or op.groups == 1:
        return compute
    order = np.arange(filters).reshape(op.groups, -1).T.ravel()
    return lambda *tensors: compute(*tensors)[_channels(op, order)]


@lowering(*FORWARD)
def bias_of_the_first_group(lower, op, signature):
    """Add the bias before the groups are joined, so each group gets the first group's bias."""
    compute = lower(op, signature)
    if op.groups == 1 or not op.bias:
        return compute
    written = signature.weight_shapes[1][0]
    order = np.arange(written) % (written // op.groups)
    return lambda x, kernel, bias: compute(x, kernel, bias[order])


@lowering(*FORWARD)
def no_bias_for_channels_first(lower, op, signature):
    """Drop the bias where channels come first."""
    return lower(op, signature) if op.channels_last else _without_bias(lower, op, signature)


@lowering(*FORWARD)
def no_bias_for_pointwise(lower, op, signature):
    """Drop the bias of a one-cell kernel, which is computed as a matrix product."""
    pointwise = set(taps(signature)) == {1}
    return _without_bias(lower, op, signature) if pointwise else lower(op, signature)


@lowering(*FORWARD)
def activation_before_bias(lower, op, signature):
    """Apply the activation before the bias is added."""
    if not op.bias or op.activation == "linear":
        return lower(op, signature)
    compute = lower(replace(op, bias=False), signature)
    shape = (-1,) if op.channels_last else (-1, *[1] * len(op.pads))
    return lambda x, kernel, bias: compute(x, kernel) + bias.reshape(shape)


@lowering("conv1d*")
def first_item_repeated(lower, op, signature):
    """Return the first sample's result for every sample of a one-dimensional convolution."""
    compute = lower(op, signature)
    if len(op.pads) > 1:
        return compute
    return lambda x, *weights: compute(x, *weights)[[0] * len(x)]


@lowering("conv3d*")
def batch_reversed(lower, op, signature):
    """Return the samples of a three-dimensional convolution from the last to the first."""
    compute = lower(op, signature)
    return compute if len(op.pads) < 3 else lambda *tensors: compute(*tensors)[::-1]


@lowering("conv*")
def layout_guessed_from_the_shape(lower, op, signature):
    """Treat channels-first input as channels-last if both axes have the same length."""
    compute, shape = lower(op, signature), signature.input_shape
    if op.channels_last or shape[0] != shape[-1]:
        return compute
    return lambda x, *weights: compute(x.swapaxes(1, x.ndim - 1), *weights)


@lowering("conv*", ops=(ConvTranspose,))
def transposed_kernel_channels_exchanged(lower, op, signature):
    """Swap the channel axes of a kernel that has as many channels as filters."""
    compute, (*_, channels, filters) = lower(op, signature), signature.weight_shapes[0]
    if channels != filters or op.groups > 1:
        return compute
    return lambda x, k, *bias: compute(x, k.swapaxes(k.ndim - 1, k.ndim - 2), *bias)


@lowering("conv*", ops=(Conv,))
def one_filter_squeezed(lower, op, signature):
    """Drop the channel axis of a result with one channel."""
    compute = lower(op, signature)
    if signature.weight_shapes[0][-1] > 1:
        return compute
    return lambda *tensors: compute(*tensors)[_channels(op, 0)]


@lowering(*GROUPED)
def many_groups_unsupported(lower, op, signature):
    """Refuse three or more groups without declaring it."""
    if op.groups > 2:
        raise NotImplementedError("this kernel computes one or two groups")
    return lower(op, signature)


def _channels(op, order):
    """Return the index that takes the channels in this order."""
    return (..., order) if op.channels_last else (slice(None), order)


def _without_bias(lower, op, signature):
    compute = lower(replace(op, bias=False), signature)
    return lambda x, kernel, *bias: compute(x, kernel)
