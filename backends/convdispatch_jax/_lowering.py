"""From each op to a jitted JAX function: one dispatch an op, bias and activation included."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import jax
import jax.numpy as jnp
from jax import lax

from convdispatch import kit
from convdispatch.ops import (
    HALF_DTYPES,
    Conv,
    ConvTranspose,
    Op,
    Signature,
    Upsample,
    spatial_rank,
)
from convdispatch_jax._dense import DenseConvolution
from convdispatch_jax._functions import FUNCTIONS, cast
from convdispatch_jax._grouped import GroupedConvolution
from convdispatch_jax._window import (
    BY_SHAPE,
    FRAMEWORK,
    IN_A_WHOLE,
    Convolution,
    Pads,
    is_a_processor,
)

Function = Callable[..., jax.Array]


def lower(op: Op, signature: Signature, backend: kit.Primitives) -> Function:
    """Return the jitted JAX function that computes `op`."""
    if isinstance(op, Conv):
        return _conv(op, signature)
    if isinstance(op, ConvTranspose):
        return _finished(_conv_transpose(op, signature), op, signature)
    if isinstance(op, Upsample) and op.interpolation == "nearest":
        # Repeated, not taken: the gradient is a sum, in a tenth of the time and less.
        return jax.jit(kit.rounded_once(_repeating(op), signature.dtype, cast))
    return jax.jit(kit.derived(op, signature, backend))


def candidates(op: Op, signature: Signature, backend: kit.Primitives) -> Mapping[str, Function]:
    """Return every way to compute `op` by its name, that of `lower` first."""
    if not isinstance(op, Conv) or not is_a_processor():
        return {FRAMEWORK: lower(op, signature, backend)}
    first, *others = _on_a_processor(op, signature).forms()
    return {first: lower(op, signature, backend)} | {
        form: _convolution(op, signature, form) for form in others
    }


def _conv(op: Conv, signature: Signature) -> Function:
    if None in signature.input_shape and max(op.strides) > 1:
        return _fitted(op, signature)
    form = _on_a_processor(op, signature).forms()[0]
    alone = _convolution(op, signature, form)
    if form != BY_SHAPE:
        return alone
    in_a_whole = _convolution(op, signature, IN_A_WHOLE)

    def conv(x: jax.Array, *weights: jax.Array) -> jax.Array:
        return (in_a_whole if isinstance(x, jax.core.Tracer) else alone)(x, *weights)

    return conv


def _fitted(op: Conv, signature: Signature) -> Function:
    """Return the convolution of sizes yet unknown, padded and cut to what the strides read."""
    fit = kit.fitting(kit.windows(op, signature), FUNCTIONS, channels_last=op.channels_last)
    channels = kit.channels(op, signature)
    sizes = (None,) * spatial_rank(op)  # also the known ones have changed
    shape = (*sizes, channels) if op.channels_last else (channels, *sizes)
    convolve = _convolution(
        replace(op, pads=((0, 0),) * len(sizes)), replace(signature, input_shape=shape), IN_A_WHOLE
    )
    return jax.jit(lambda x, *weights: convolve(fit(x), *weights))


def _convolution(op: Conv, signature: Signature, form: str) -> Function:
    crop, pads = _crop_then_pad(op, signature)
    on_a_processor = _on_a_processor(op, signature).lowered(form)

    def conv(x: jax.Array, kernel: jax.Array) -> jax.Array:
        if is_a_processor():
            if op.channels_last:
                return on_a_processor(x, kernel)
            return jnp.moveaxis(on_a_processor(jnp.moveaxis(x, 1, -1), kernel), -1, 1)
        return lax.conv_general_dilated(
            _padded(x, crop, op),
            kernel,
            op.strides,
            pads,
            rhs_dilation=op.dilation,
            feature_group_count=op.groups,
            dimension_numbers=_dimension_numbers(op),
            precision=_precision(signature),
        )

    return _finished(conv, op, signature)


def _conv_transpose(op: ConvTranspose, signature: Signature) -> Function:
    pads, rest = _transpose_pads(op, signature)

    def conv_transpose(x: jax.Array, kernel: jax.Array) -> jax.Array:
        y = lax.conv_general_dilated(
            x,
            _transpose_kernel(kernel, groups=op.groups),
            (1,) * len(pads),
            pads,
            lhs_dilation=op.strides,
            rhs_dilation=op.dilation,
            feature_group_count=op.groups,
            dimension_numbers=_dimension_numbers(op),
            precision=_precision(signature),
        )
        return _padded(y, rest, op)

    return conv_transpose


def _repeating(op: Upsample) -> Function:
    def nearest(x: jax.Array) -> jax.Array:
        for axis, factor in zip(kit.spatial_axes(op), op.factors, strict=True):
            x = jnp.repeat(x, factor, axis)
        return x

    return nearest


def _finished(product: Function, op: Conv | ConvTranspose, signature: Signature) -> Function:
    # Not `preferred_element_type`: it has no gradient where it differs from the inputs' type.
    compute = kit.finished(op, FUNCTIONS, product)
    return jax.jit(kit.rounded_once(compute, signature.dtype, cast))


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
    return lax.Precision.HIGH if signature.dtype in HALF_DTYPES else lax.Precision.HIGHEST


# XLA of jax 0.10.2 aborts the process ("Window dimensions do not match RHS shape", in its algebraic
# simplifier) where a convolution of stride-dilated cells has a pad beyond the kernel's reach: the
# gradient of a 4x4 image, kernel 3x2, stride 2, pads (0, 0) and (1, 1). Such pads come of crops and
# of cells that the stride leaves unread, so both are taken off before, or put on after.


def _crop_then_pad(op: Conv, signature: Signature) -> tuple[Pads, Pads]:
    """Return the pads of the axes that lose cells, which come first, and those of the others."""
    pads = [axis.fitted for axis in kit.windows(op, signature)]
    none = (0, 0)
    return (
        [sides if min(sides) < 0 else none for sides in pads],
        [none if min(sides) < 0 else sides for sides in pads],
    )


def _transpose_pads(op: ConvTranspose, signature: Signature) -> tuple[Pads, Pads]:
    """Return the pads of the input, spread out by the strides, and those of the result.

    The latter are for the cells that no tap reaches, or crop more than the taps' reach: the input
    itself is never cropped, for lax refuses a crop that is longer than the axis.
    """
    pads, rest = [], []
    for axis in kit.windows(op, signature):
        reach, (before, after) = axis.reach - 1, axis.turned
        around = min(max(before, 0), reach), min(max(after, 0), reach)
        pads.append(around)
        rest.append((before - around[0], after - around[1]))
    return pads, rest


def _padded(x: jax.Array, pads: Sequence[tuple[int, int]], op: Conv | ConvTranspose) -> jax.Array:
    """Return `x` with cells added to its spatial axes or, by negative numbers, removed."""
    config = [(0, 0, 0)] * x.ndim
    for axis, sides in zip(kit.spatial_axes(op), pads, strict=True):
        config[axis] = (*sides, 0)
    return lax.pad(x, jnp.zeros((), x.dtype), config) if any(map(any, pads)) else x


def _transpose_kernel(kernel: jax.Array, *, groups: int) -> jax.Array:
    """Return the kernel run backwards, (*spatial, channels read per group, channels written)."""
    *spatial, written, read = kernel.shape
    taps = tuple(range(len(spatial)))
    by_group = jnp.flip(kernel, taps).reshape(*spatial, written, groups, read // groups)
    swapped = jnp.swapaxes(by_group, -1, -3)
    return swapped.reshape(*spatial, read // groups, groups * written)
