"""From each op to a jitted JAX function: one dispatch an op, bias and activation included."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import singledispatch

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from convdispatch.errors import UnsupportedOp
from convdispatch.ops import (
    Conv,
    ConvTranspose,
    Op,
    Pad,
    Shape,
    Signature,
    Upsample,
    spatial_rank,
)
from convdispatch_jax._dense import DenseConvolution
from convdispatch_jax._functions import FUNCTIONS
from convdispatch_jax._grouped import GroupedConvolution
from convdispatch_jax._window import BY_SHAPE, FRAMEWORK, IN_A_WHOLE, Convolution, is_a_processor

Function = Callable[..., jax.Array]
Pads = Sequence[tuple[int, int]]

_HALF = ("float16", "bfloat16")


@singledispatch
def lower(op: Op, signature: Signature) -> Function:
    """Return the jitted JAX function that computes `op`."""
    raise UnsupportedOp(
        f"the backend 'jax' has no op {type(op).__name__!r}: it is older than the frontend."
    )


def candidates(op: Op, signature: Signature) -> Mapping[str, Function]:
    """Return every way to compute `op` by its name, that of `lower` first."""
    if not isinstance(op, Conv) or not is_a_processor():
        return {FRAMEWORK: lower(op, signature)}
    first, *others = _on_a_processor(op, signature).forms()
    return {first: lower(op, signature)} | {
        form: _convolution(op, signature, form) for form in others
    }


@lower.register
def _lower_conv(op: Conv, signature: Signature) -> Function:
    form = _on_a_processor(op, signature).forms()[0]
    alone = _convolution(op, signature, form)
    if form != BY_SHAPE:
        return alone
    in_a_whole = _convolution(op, signature, IN_A_WHOLE)

    def conv(x: jax.Array, *weights: jax.Array) -> jax.Array:
        return (in_a_whole if isinstance(x, jax.core.Tracer) else alone)(x, *weights)

    return conv


def _convolution(op: Conv, signature: Signature, form: str) -> Function:
    axes, precision = _dimension_numbers(op), _precision(signature)
    crop, pads = _crop_then_pad(op, signature)
    cropped = _spatial_config(crop, channels_last=op.channels_last)
    on_a_processor = _on_a_processor(op, signature).lowered(form)

    def conv(x: jax.Array, kernel: jax.Array) -> jax.Array:
        if is_a_processor():
            if op.channels_last:
                return on_a_processor(x, kernel)
            return jnp.moveaxis(on_a_processor(jnp.moveaxis(x, 1, -1), kernel), -1, 1)
        if any(map(any, crop)):
            x = lax.pad(x, jnp.zeros((), x.dtype), cropped)
        return lax.conv_general_dilated(
            x,
            kernel,
            op.strides,
            pads,
            rhs_dilation=op.dilation,
            feature_group_count=op.groups,
            dimension_numbers=axes,
            precision=precision,
        )

    return jax.jit(_with_epilogue(conv, op, signature))


@lower.register
def _lower_conv_transpose(op: ConvTranspose, signature: Signature) -> Function:
    axes, precision = _dimension_numbers(op), _precision(signature)
    pads, rest = _transpose_pads(op, signature)
    fitted = _spatial_config(rest, channels_last=op.channels_last)

    def conv_transpose(x: jax.Array, kernel: jax.Array) -> jax.Array:
        y = lax.conv_general_dilated(
            x,
            _transpose_kernel(kernel, groups=op.groups),
            (1,) * len(pads),
            pads,
            lhs_dilation=op.strides,
            rhs_dilation=op.dilation,
            feature_group_count=op.groups,
            dimension_numbers=axes,
            precision=precision,
        )
        return lax.pad(y, jnp.zeros((), y.dtype), fitted) if any(map(any, rest)) else y

    return jax.jit(_with_epilogue(conv_transpose, op, signature))


@lower.register
def _lower_pad(op: Pad, signature: Signature) -> Function:
    config = _spatial_config(op.pads, channels_last=op.channels_last)

    def pad(x: jax.Array) -> jax.Array:
        return lax.pad(x, jnp.zeros((), x.dtype), config)

    return jax.jit(pad)


@lower.register
def _lower_upsample(op: Upsample, signature: Signature) -> Function:
    first = 1 if op.channels_last else 2
    dtype = "float32" if signature.dtype in _HALF else signature.dtype
    if op.interpolation == "nearest":

        def nearest(x: jax.Array) -> jax.Array:
            y = x.astype(dtype)  # copying is exact, but its gradient adds up
            for axis, factor in enumerate(op.factors, first):
                y = jnp.repeat(y, factor, axis)
            return y.astype(x.dtype)

        return jax.jit(nearest)

    spatial = _spatial(signature.input_shape, channels_last=op.channels_last)
    grids = [_grid(size, factor) for size, factor in zip(spatial, op.factors, strict=True)]

    def bilinear(x: jax.Array) -> jax.Array:
        y = x.astype(dtype)
        for axis, (below, above, share) in enumerate(grids, first):
            weight = jnp.asarray(share, dtype).reshape(-1, *[1] * (y.ndim - 1 - axis))
            y = y.take(below, axis) * (1 - weight) + y.take(above, axis) * weight
        return y.astype(x.dtype)

    return jax.jit(bilinear)


def _on_a_processor(op: Conv, signature: Signature) -> Convolution:
    """Return the convolution in its forms for a processor, channels last."""
    crop, pads = _crop_then_pad(op, signature)
    kind = DenseConvolution if op.groups == 1 else GroupedConvolution
    return kind(
        strides=op.strides,
        dilation=op.dilation,
        crop=crop,
        pads=pads,
        kernel_shape=signature.weight_shapes[0],
        groups=op.groups,
        precision=_precision(signature),
    )


def _dimension_numbers(op: Conv | ConvTranspose) -> tuple[str, str, str]:
    spatial = "DHW"[-spatial_rank(op) :]
    layout = f"N{spatial}C" if op.channels_last else f"NC{spatial}"
    return layout, f"{spatial}IO", layout


def _precision(signature: Signature) -> lax.Precision:
    # Half precision is exact in TF32 and in three bfloat16s, so tensor cores lose nothing of it.
    return lax.Precision.HIGH if signature.dtype in _HALF else lax.Precision.HIGHEST


# XLA of jax 0.10.2 aborts the process ("Window dimensions do not match RHS shape", in its algebraic
# simplifier) where a convolution of stride-dilated cells has a pad beyond the kernel's reach: the
# gradient of a 4x4 image, kernel 3x2, stride 2, pads (0, 0) and (1, 1). Such pads come of crops and
# of cells that the stride leaves unread, so both are taken off before, or put on after.


def _crop_then_pad(op: Conv, signature: Signature) -> tuple[Pads, Pads]:
    """Return the pads of the axes that lose cells, which come first, and those of the others."""
    axes = zip(
        _spatial(signature.input_shape, channels_last=op.channels_last),
        signature.weight_shapes[0],
        op.strides,
        op.dilation,
        op.pads,
        strict=False,
    )
    crop, pads = [], []
    for cells, taps, stride, dilation, (low, high) in axes:
        unread = (low + cells + high - (taps - 1) * dilation - 1) % stride
        read = (low, high - unread)
        crops = min(read) < 0
        crop.append(read if crops else (0, 0))
        pads.append((0, 0) if crops else read)
    return crop, pads


def _transpose_pads(op: ConvTranspose, signature: Signature) -> tuple[Pads, Pads]:
    """Return the pads of the input, spread out by the strides, and those of the result.

    The latter are for the cells that no tap reaches, or crop more than the taps' reach: the input
    itself is never cropped, for lax refuses a crop that is longer than the axis.
    """
    axes = zip(
        _spatial(signature.input_shape, channels_last=op.channels_last),
        signature.weight_shapes[0],
        op.strides,
        op.dilation,
        op.pads,
        op.output_size,
        strict=False,
    )
    pads, rest = [], []
    for cells, taps, stride, dilation, (low, _), size in axes:
        reach = (taps - 1) * dilation
        spread = (cells - 1) * stride + 1
        before, after = reach - low, size - spread + low
        around = min(max(before, 0), reach), min(max(after, 0), reach)
        pads.append(around)
        rest.append((before - around[0], after - around[1]))
    return pads, rest


def _spatial(shape: Shape, *, channels_last: bool) -> Shape:
    return shape[:-1] if channels_last else shape[1:]


def _spatial_config(pads: Pads, *, channels_last: bool) -> list[tuple[int, int, int]]:
    """Return `lax.pad`'s configuration of all axes."""
    spatial = [(low, high, 0) for low, high in pads]
    none = (0, 0, 0)
    return [none, *spatial, none] if channels_last else [none, none, *spatial]


def _transpose_kernel(kernel: jax.Array, *, groups: int) -> jax.Array:
    """Return the kernel run backwards, (*spatial, channels read per group, channels written)."""
    *spatial, written, read = kernel.shape
    taps = tuple(range(len(spatial)))
    by_group = jnp.flip(kernel, taps).reshape(*spatial, written, groups, read // groups)
    swapped = jnp.swapaxes(by_group, -1, -3)
    return swapped.reshape(*spatial, read // groups, groups * written)


def _with_epilogue(conv: Function, op: Conv | ConvTranspose, signature: Signature) -> Function:
    """Wrap a convolution in what the op says of precision, bias and activation."""
    activation = FUNCTIONS[op.activation]
    dtype = "float32" if signature.dtype in _HALF else signature.dtype
    bias_shape: Shape = (-1,) if op.channels_last else (-1, *[1] * spatial_rank(op))

    def convolve(x: jax.Array, kernel: jax.Array, bias: jax.Array | None = None) -> jax.Array:
        # Not `preferred_element_type`: it has no gradient where it differs from the inputs' type.
        y = conv(x.astype(dtype), kernel.astype(dtype))
        if bias is not None:
            y = y + bias.astype(dtype).reshape(bias_shape)
        result: jax.Array = activation(y).astype(x.dtype)
        return result

    return convolve


def _grid(size: int, factor: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return, for each output cell, the cells below and above it and the share of the latter."""
    centres = (np.arange(size * factor) + 0.5) / factor - 0.5
    below = np.floor(centres).astype(int)
    return below.clip(0, size - 1), (below + 1).clip(0, size - 1), centres - below
