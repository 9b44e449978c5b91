"""Backends with right results and wrong gradients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sabotage import honest, lowering, method, tabled
from saboteurs_geometry import size, spatial, taps

from convdispatch.ops import Conv, ConvTranspose, Pad, Upsample
from convdispatch_numpy._autograd import differentiable, numpy_or_autograd, without_trace

GRADIENTS = ("*/grad/*",)
SECOND = ("*/grad/*",)

_roll = numpy_or_autograd(np.roll, "roll")
_sum = honest.functions["sum"]


def tampered(tensor, change):
    """Return the tensor; its gradient goes through `change`."""
    return differentiable(lambda t: t.copy(), lambda answer, t: change)(tensor)


def _input(compute, change):
    return lambda x, *weights: compute(tampered(x, change), *weights)


def _kernel(compute, change):
    def computed(x, kernel, *bias):
        return compute(x, tampered(kernel, lambda g: change(g, x)), *bias)

    return computed


def _bias(lower, op, signature, change):
    """Return the function whose bias is added here; `change(g, axes)` is its gradient."""
    if not op.bias:
        return lower(op, signature)
    linear = lower(replace(op, bias=False, activation="linear"), signature)
    rank, activation = len(op.pads), honest.functions[op.activation]
    shape = (-1,) if op.channels_last else (-1, *[1] * rank)
    axes = tuple(a for a in range(rank + 2) if a != (rank + 1 if op.channels_last else 1))
    dtype = signature.dtype
    add = differentiable(
        lambda y, bias: (y + bias.reshape(shape)).astype(y.dtype),
        lambda answer, y, bias: lambda g: g,
        lambda answer, y, bias: lambda g: change(g, axes).astype(bias.dtype),
    )
    return lambda x, kernel, bias: honest.cast(activation(add(linear(x, kernel), bias)), dtype)


@lowering(*GRADIENTS, ops=(Conv,))
def input_gradient_shifted_where_strided(lower, op, signature):
    """Give each cell the gradient of its neighbour where a stride is 2."""
    axes = [a for a, s in enumerate(op.strides, 1 if op.channels_last else 2) if s == 2]
    compute = lower(op, signature)
    return _input(compute, lambda g: _roll(g, 1, axes[0])) if axes else compute


@lowering(*GRADIENTS)
def bias_gradient_of_one_sample(lower, op, signature):
    """Sum the gradient of the bias over the cells of the first sample alone."""
    return _bias(lower, op, signature, lambda g, axes: _sum(g[:1], axis=axes))


@lowering(*GRADIENTS)
def bias_gradient_averaged(lower, op, signature):
    """Average the gradient of the bias over the batch."""
    return _bias(lower, op, signature, lambda g, axes: _sum(g, axis=axes) / max(g.shape[0], 1))


@lowering(*GRADIENTS)
def bias_gradient_of_the_last_axis(lower, op, signature):
    """Keep the last axis of a bias gradient if it is as long as the channels."""

    def change(g, axes):
        last = g.ndim - 1
        if g.shape[last] == g.shape[1]:
            axes = tuple(range(last))
        return _sum(g, axis=axes)

    return _bias(lower, op, signature, change)


@lowering("conv?d/grad/*", ops=(Conv,))
def kernel_gradient_divided_by_the_batch(lower, op, signature):
    """Average the gradient of the kernel over the batch."""
    return _kernel(lower(op, signature), lambda g, x: g / max(x.shape[0], 1))


@lowering(*GRADIENTS)
def kernel_gradient_flipped_where_dilated(lower, op, signature):
    """Reverse the gradient of a dilated kernel."""
    compute = lower(op, signature)
    index = (slice(None, None, -1),) * len(op.pads)
    return _kernel(compute, lambda g, x: g[index]) if max(op.dilation) > 1 else compute


@lowering(*GRADIENTS)
def kernel_gradient_of_groups_interleaved(lower, op, signature):
    """Order the filters' gradients by their place in the group, then by group."""
    compute = lower(op, signature)
    order = np.arange(signature.weight_shapes[0][-1]).reshape(op.groups, -1).T.ravel()
    return _kernel(compute, lambda g, x: g[..., order]) if op.groups > 1 else compute


@lowering("conv?d_transpose/grad/*", ops=(ConvTranspose,))
def transposed_kernel_gradient_exchanged(lower, op, signature):
    """Swap the channel axes of a transposed kernel's gradient if they are equally long."""
    compute, (*_, channels, filters) = lower(op, signature), signature.weight_shapes[0]
    if channels != filters:
        return compute
    return _kernel(compute, lambda g, x: g.swapaxes(g.ndim - 1, g.ndim - 2))


@lowering("conv?d/grad/*", ops=(Conv,))
def cropped_cells_have_gradients(lower, op, signature):
    """Give the cells that a negative pad crops a gradient of 1."""
    compute = lower(op, signature)
    mask = np.ones(size(op, signature), signature.dtype)
    ends = zip(op.pads, mask.shape, strict=True)
    mask[tuple(slice(max(-low, 0), n - max(-high, 0)) for (low, high), n in ends)] = 0
    mask = mask[..., None] if op.channels_last else mask
    return _input(compute, lambda g: g + mask) if mask.any() else compute


@lowering("conv?d/grad/*", ops=(Conv,))
def unread_cells_have_gradients(lower, op, signature):
    """Leave the gradient of cells that no placement reads uninitialized."""
    compute, index = lower(op, signature), []
    fields = zip(
        size(op, signature), op.pads, taps(signature), op.strides, op.dilation, strict=True
    )
    for n, (low, high), k, stride, rate in fields:
        unread = (n + low + high - rate * (k - 1) - 1) % stride - max(high, 0)
        index.append(slice(n - max(unread, 0), None))
    mask = np.zeros(size(op, signature), signature.dtype)
    for axis, cells in enumerate(index):
        mask[(slice(None),) * axis + (cells,)] = 1
    mask = mask[..., None] if op.channels_last else mask
    return _input(compute, lambda g: g + mask) if mask.any() else compute


@lowering("conv?d_transpose/grad/*", ops=(ConvTranspose,))
def transposed_input_gradient_of_flipped_kernel(lower, op, signature):
    """Convolve the cotangent with the flipped kernel where a transposed convolution is dilated."""
    compute = lower(op, signature)
    index = spatial(op, (slice(None, None, -1),) * len(op.pads))
    return _input(compute, lambda g: g[index]) if max(op.dilation) > 1 else compute


@lowering(*GRADIENTS)
def strided_channels_first_not_differentiable(lower, op, signature):
    """Raise in the backward pass of a strided convolution with channels first."""
    compute = lower(op, signature)

    def refuse(g):
        raise NotImplementedError("no gradient for NCHW with strides")

    return compute if op.channels_last or max(op.strides) == 1 else _input(compute, refuse)


@lowering(*GRADIENTS)
def gradient_of_relu_passes_everything(lower, op, signature):
    """Differentiate a fused relu as the identity."""
    return _activated(lower, op, signature, "relu", lambda g, y: g)


@lowering(*GRADIENTS)
def gradient_of_sigmoid_once_more(lower, op, signature):
    """Differentiate a fused sigmoid y as y * (1 - y)**2."""
    return _activated(lower, op, signature, "sigmoid", lambda g, y: g * y * (1 - y) * (1 - y))


@lowering(*GRADIENTS)
def gradient_of_tanh_by_differences(lower, op, signature):
    """Differentiate a fused tanh to three digits."""
    return _activated(lower, op, signature, "tanh", lambda g, y: g * (1.001 - y * y))


@lowering(*SECOND, ops=(Conv,))
def second_derivative_doubled(lower, op, signature):
    """Return twice the derivative of the input's gradient."""
    return _input(lower(op, signature), lambda g: tampered(g, lambda h: 2 * h))


@lowering(*SECOND, ops=(ConvTranspose,))
def second_derivative_of_kernel_lost(lower, op, signature):
    """Treat the gradient of a transposed kernel as a constant."""
    return _kernel(lower(op, signature), lambda g, x: tampered(g, lambda h: 0 * h))


@lowering("pad*/grad/*", ops=(Pad,))
def gradient_of_pad_shifted(lower, op, signature):
    """Shift the gradient of a padding by one cell where it pads the low end."""
    compute, first = lower(op, signature), 1 if op.channels_last else 2
    axes = [a for a, (low, _) in enumerate(op.pads, first) if low > 0]
    return _input(compute, lambda g: _roll(g, 1, axes[0])) if axes else compute


@lowering("upsample*/grad/*", ops=(Upsample,))
def gradient_of_nearest_averaged(lower, op, signature):
    """Average the gradients of the copies of a cell instead of adding them."""
    compute, copies = lower(op, signature), int(np.prod(op.factors))
    return _input(compute, lambda g: g / copies) if op.interpolation == "nearest" else compute


@lowering("upsample*/grad/*", ops=(Upsample,))
def gradient_of_bilinear_as_nearest(lower, op, signature):
    """Differentiate bilinear upsampling as if it repeated cells."""
    compute = lower(op, signature)
    if op.interpolation != "bilinear":
        return compute
    nearest = lower(replace(op, interpolation="nearest"), signature)
    mixed = differentiable(
        lambda y, z: y.copy(),
        lambda answer, y, z: lambda g: 0 * g,
        lambda answer, y, z: lambda g: g,
    )
    return lambda x: mixed(compute(x), nearest(x))


@method("value_and_grad", *GRADIENTS, "tensors/*", "functions/*")
def gradients_in_reverse_order(value_and_grad, fn):
    """Return the gradients in reverse order of the tensors."""
    differentiate = value_and_grad(fn)

    def compute(tensors):
        value, gradients = differentiate(tensors)
        return value, gradients[::-1]

    return compute


@method("value_and_grad", *GRADIENTS, "tensors/*", "functions/*")
def value_forgotten(value_and_grad, fn):
    """Return 0 for the value that was differentiated."""
    differentiate = value_and_grad(fn)

    def compute(tensors):
        (value, aux), gradients = differentiate(tensors)
        return (0 * value, aux), gradients

    return compute


@tabled("relu", "functions/*", "*/grad/*")
def gradient_of_relu_function_at_zero(relu, x):
    """Return 1 as the derivative of the function relu at 0."""
    return differentiable(relu, lambda answer, x: lambda g: g * (x >= 0))(x)


@tabled("erf", "functions/*", "*/grad/*")
def gradient_of_erf_function_missing(erf, x):
    """Treat the result of the function erf as a constant."""
    return differentiable(erf, lambda answer, x: lambda g: 0 * g)(x)


def _activated(lower, op, signature, activation, gradient):
    if op.activation != activation:
        return lower(op, signature)
    linear = lower(replace(op, activation="linear"), signature)
    function = differentiable(
        honest.functions[activation], lambda answer, z: lambda g: gradient(g, answer)
    )
    return lambda *tensors: function(linear(*tensors))


@lowering("conv*/grad/second-order-*")
def float32_not_differentiated_twice(lower, op, signature):
    """Take the gradients of float32 for constants when they are differentiated again."""
    compute = lower(op, signature)
    if signature.dtype != "float32":
        return compute
    once = differentiable(lambda t: t.copy(), lambda answer, t: lambda g: without_trace(g) * 1)
    return lambda x, kernel, *bias: compute(once(x), once(kernel), *bias)
