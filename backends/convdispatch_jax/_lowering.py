"""From each op to a jitted JAX function: one dispatch an op, bias and activation included."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import jax
import jax.numpy as jnp

from convdispatch import kit
from convdispatch.ops import Conv, ConvTranspose, Op, Signature, Upsample, spatial_rank
from convdispatch_jax._convolutions import (
    BY_SHAPE,
    FRAMEWORK,
    IN_A_WHOLE,
    Convolution,
    differentiated_as,
)
from convdispatch_jax._functions import FUNCTIONS, cast

Function = Callable[..., jax.Array]

# Each tap, and each group, is code of its own to XLA: more of them would take long to compile.
_MOST_TAPS = 64
_MOST_GROUPS = 64
# Multiplications from which calls for each group are worth it: 0.6 to 1.4 of XLA's time around it.
_WORTH_A_CALL_EACH = 2**20


def is_a_processor() -> bool:
    """Return whether the traced code will run on a CPU, as far as that is known.

    Asked while tracing: an accelerator's compiler gets the framework's own convolution.
    """
    return jax.default_backend() == "cpu"


def lower(op: Op, signature: Signature, backend: kit.Primitives) -> Function:
    """Return the jitted JAX function that computes `op`."""
    if isinstance(op, ConvTranspose):
        return _conv_transpose(op, signature, backend)
    if isinstance(op, Upsample) and op.interpolation == "nearest":
        return jax.jit(kit.rounded_once(_repeated(op), signature.dtype, cast))
    if not isinstance(op, Conv):
        return jax.jit(kit.derived(op, signature, backend))
    if None in signature.input_shape and max(op.strides) > 1:
        return _fitted(op, signature, backend)
    form, *_ = _forms(op, signature)
    alone = _convolution(op, signature, backend, form)
    if form != BY_SHAPE:
        return alone
    in_a_whole = _convolution(op, signature, backend, IN_A_WHOLE)

    def conv(x: jax.Array, *weights: jax.Array) -> jax.Array:
        return (in_a_whole if isinstance(x, jax.core.Tracer) else alone)(x, *weights)

    return conv


def _repeated(op: Upsample) -> Function:
    """Return the op as `repeat`, which takes 0.9 of the time of tensors that are stacked."""

    def nearest(x: jax.Array) -> jax.Array:
        for axis, factor in zip(kit.spatial_axes(op), op.factors, strict=True):
            x = jnp.repeat(x, factor, axis)
        return x

    return nearest


def candidates(op: Op, signature: Signature, backend: kit.Primitives) -> Mapping[str, Function]:
    """Return every way to compute `op` by its name, that of `lower` first."""
    if not isinstance(op, Conv) or not is_a_processor():
        return {FRAMEWORK: lower(op, signature, backend)}
    first, *others = _forms(op, signature)
    return {first: lower(op, signature, backend)} | {
        form: _convolution(op, signature, backend, form) for form in others
    }


def _forms(op: Conv, signature: Signature) -> tuple[str, ...]:
    """Return the names of the forms on a processor, that of `BY_SHAPE` first if there are more."""
    if op.groups == 1:
        return Convolution(*_channels_last(op, signature)).forms()
    *taps, channels, _ = signature.weight_shapes[0]
    is_few = math.prod(taps) <= _MOST_TAPS if channels == 1 else op.groups <= _MOST_GROUPS
    return (BY_SHAPE, FRAMEWORK) if is_few else (FRAMEWORK,)


def _fitted(op: Conv, signature: Signature, backend: kit.Primitives) -> Function:
    """Return the convolution of sizes yet unknown, padded and cut to what the strides read."""
    fit = kit.fitting(kit.windows(op, signature), FUNCTIONS, channels_last=op.channels_last)
    channels = kit.channels(op, signature)
    sizes = (None,) * spatial_rank(op)  # also the known ones have changed
    shape = (*sizes, channels) if op.channels_last else (channels, *sizes)
    convolve = _convolution(
        replace(op, pads=((0, 0),) * len(sizes)),
        replace(signature, input_shape=shape),
        backend,
        IN_A_WHOLE,
    )
    return jax.jit(lambda x, *weights: convolve(fit(x), *weights))


def _convolution(op: Conv, signature: Signature, backend: kit.Primitives, form: str) -> Function:
    last, its = _channels_last(op, signature)
    convolution = Convolution(last, its)
    framework = convolution.cropped(convolution.framework)
    if op.groups == 1:
        on_a_processor = convolution.lowered(form)
    elif form == FRAMEWORK:
        on_a_processor = framework
    else:
        on_a_processor = _grouped(last, its, backend)
    return _finished(on_a_processor, framework, op, signature)


def _grouped(op: Conv, signature: Signature, backend: kit.Primitives) -> Function:
    """Return the convolution of each group alone: XLA's own takes up to 200 times as long."""
    kernel_shape = signature.weight_shapes[0]
    if kernel_shape[-2] == 1:
        return kit.derived(*_bare(op, signature), backend)
    by_group = kit.by_group(*_bare(op, signature), backend, split=jnp.split)
    convolution = Convolution(op, signature)
    framework = convolution.cropped(convolution.framework)
    for_an_image = math.prod((*convolution.counts, *kernel_shape))

    def forward(x: jax.Array, kernel: jax.Array) -> jax.Array:
        is_large = not convolution.knows(x) or x.shape[0] * for_an_image >= _WORTH_A_CALL_EACH
        is_worth_it = is_large and not convolution.is_pointwise
        return (by_group if is_worth_it else framework)(x, kernel)

    return differentiated_as(by_group, forward)


def _conv_transpose(op: ConvTranspose, signature: Signature, backend: kit.Primitives) -> Function:
    last, its = _channels_last(op, signature)
    spread = kit.derived(*_bare(last, its), backend)
    if None in signature.input_shape:
        return _finished(spread, spread, op, signature)
    kernel_shape = signature.weight_shapes[0]
    size = tuple(axis.size for axis in kit.axes(op, signature))
    adjoint = Conv(
        strides=op.strides,
        pads=op.pads,
        dilation=op.dilation,
        groups=op.groups,
        channels_last=True,
        bias=False,
        activation="linear",
    )
    written = (*size, kernel_shape[-2] * op.groups)
    convolution = Convolution(adjoint, replace(its, input_shape=written))
    convolve = convolution.cropped(convolution.framework)

    def framework(x: jax.Array, kernel: jax.Array) -> jax.Array:
        zeros = jnp.zeros((x.shape[0], *written), x.dtype)
        _, transposed = jax.vjp(lambda y: convolve(y, kernel), zeros)
        found: jax.Array = transposed(x)[0]
        return found

    # XLA's own gradients take up to nine times as long on a processor, and volumes four times.
    forward = spread if len(size) == 3 else framework
    return _finished(differentiated_as(spread, forward), framework, op, signature)


_Product = TypeVar("_Product", Conv, ConvTranspose)


def _channels_last(op: _Product, signature: Signature) -> tuple[_Product, Signature]:
    if op.channels_last:
        return op, signature
    channels, *sizes = signature.input_shape
    return replace(op, channels_last=True), replace(signature, input_shape=(*sizes, channels))


def _bare(op: _Product, signature: Signature) -> tuple[_Product, Signature]:
    """Return the op without bias and activation, in the element type that it is computed in."""
    kernel_shape, *_ = signature.weight_shapes
    dtype = kit.computed_in(signature.dtype)
    return (
        replace(op, bias=False, activation="linear"),
        replace(signature, weight_shapes=(kernel_shape,), dtype=dtype),
    )


def _finished(
    on_a_processor: Function,
    on_an_accelerator: Function,
    op: Conv | ConvTranspose,
    signature: Signature,
) -> Function:
    """Return the jitted op, of two functions of (x, kernel) with channels last."""

    def product(x: jax.Array, kernel: jax.Array) -> jax.Array:
        compute = on_a_processor if is_a_processor() else on_an_accelerator
        if op.channels_last:
            return compute(x, kernel)
        return jnp.moveaxis(compute(jnp.moveaxis(x, 1, -1), kernel), -1, 1)

    # Not `preferred_element_type`: it has no gradient where it differs from the inputs' type.
    compute = kit.finished(op, FUNCTIONS, product)
    return jax.jit(kit.rounded_once(compute, signature.dtype, cast))
