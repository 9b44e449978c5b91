"""From each op to a NumPy function. Half precision is computed in float32 and rounded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch.errors import UnsupportedOp
from convdispatch.ops import Conv, ConvTranspose, Op, Pad, Shape, Signature, Upsample
from convdispatch_numpy._autograd import Function, is_traced, numpy_or_autograd
from convdispatch_numpy._correlate import Correlation
from convdispatch_numpy._epilogue import Finish, finish_of
from convdispatch_numpy._functions import FUNCTIONS
from convdispatch_numpy._precision import native, native_type
from convdispatch_numpy._tiles import Geometry

Array = npt.NDArray[Any]

_HALF = ("float16", "bfloat16")
_moveaxis = numpy_or_autograd(np.moveaxis, "moveaxis")
_pad = numpy_or_autograd(np.pad, "pad")
_repeat = numpy_or_autograd(np.repeat, "repeat")


@singledispatch
def lower(op: Op, signature: Signature) -> Callable[..., Any]:
    """Return the NumPy function that computes `op`."""
    raise UnsupportedOp(
        f"the backend 'numpy' has no op {type(op).__name__!r}: it is older than the frontend."
    )


def candidates(op: Op, signature: Signature) -> Mapping[str, Callable[..., Any]]:
    """Return every way to compute `op` by its name, that of `lower` first."""
    if not isinstance(op, Conv):
        return {"numpy": lower(op, signature)}
    by_taps = _conv_correlation(op, signature, only_taps=True)
    found = {}
    if _conv_correlation(op, signature).is_blocked:
        found["blocks"] = lower(op, signature)
    found["taps"] = _with_epilogue(by_taps.correlate, by_taps.forward, op, signature)
    return found


@lower.register
def _lower_conv(op: Conv, signature: Signature) -> Callable[..., Any]:
    correlation = _conv_correlation(op, signature)
    return _with_epilogue(correlation.correlate, correlation.forward, op, signature)


def _conv_correlation(op: Conv, signature: Signature, *, only_taps: bool = False) -> Correlation:
    input_size = _spatial(signature.input_shape, channels_last=op.channels_last)
    kernel_shape = signature.weight_shapes[0]
    output_size = tuple(
        (size + low + high - (taps - 1) * dilation - 1) // stride + 1
        for size, (low, high), taps, dilation, stride in zip(
            input_size, op.pads, kernel_shape, op.dilation, op.strides, strict=False
        )
    )
    return _correlation(
        op, kernel_shape, input_size=input_size, output_size=output_size, only_taps=only_taps
    )


@lower.register
def _lower_conv_transpose(op: ConvTranspose, signature: Signature) -> Callable[..., Any]:
    read = _spatial(signature.input_shape, channels_last=op.channels_last)
    kernel_shape = signature.weight_shapes[0]
    correlation = _correlation(op, kernel_shape, input_size=op.output_size, output_size=read)
    return _with_epilogue(correlation.transpose, correlation.input_adjoint, op, signature)


@lower.register
def _lower_pad(op: Pad, signature: Signature) -> Callable[..., Any]:
    grow = _full_rank([(max(low, 0), max(high, 0)) for low, high in op.pads], op, (0, 0))
    crop = _full_rank([_crop(low, high) for low, high in op.pads], op, slice(None))

    def pad(x: Any) -> Any:
        x = native(x)
        return _pad(x[crop], grow, "constant")

    return pad


@lower.register
def _lower_upsample(op: Upsample, signature: Signature) -> Callable[..., Any]:
    first = 1 if op.channels_last else 2
    dtype = np.float32 if signature.dtype in _HALF else np.dtype(signature.dtype)
    if op.interpolation == "nearest":

        def nearest(x: Any) -> Any:
            # Copying is exact in any element type, but its gradient adds up.
            y = x.astype(dtype) if is_traced(x) else native(x)
            for axis, factor in enumerate(op.factors, first):
                y = _repeat(y, factor, axis)
            return y.astype(x.dtype) if is_traced(x) else y

        return nearest

    sizes = _spatial(signature.input_shape, channels_last=op.channels_last)
    grids = [_grid(*pair) for pair in zip(sizes, op.factors, strict=True)]

    def bilinear(x: Any) -> Any:
        y = x.astype(dtype)
        for axis, (below, above, share) in enumerate(grids, first):
            weight = share.astype(dtype).reshape(-1, *[1] * (y.ndim - 1 - axis))
            before = (slice(None),) * axis
            y = y[(*before, below)] * (1 - weight) + y[(*before, above)] * weight
        return y.astype(native_type(x.dtype))

    return bilinear


def _correlation(
    op: Conv | ConvTranspose,
    kernel_shape: Shape,
    *,
    input_size: Shape,
    output_size: Shape,
    only_taps: bool = False,
) -> Correlation:
    geometry = Geometry(
        input_size=input_size,
        output_size=output_size,
        taps=kernel_shape[:-2],
        strides=op.strides,
        dilation=op.dilation,
        low_pads=tuple(low for low, _ in op.pads),
    )
    return Correlation(
        geometry=geometry, kernel_shape=kernel_shape, groups=op.groups, only_taps=only_taps
    )


def _with_epilogue(
    compute: Callable[[Array, Array, Finish], Array],
    traceable: Function,
    op: Conv | ConvTranspose,
    signature: Signature,
) -> Callable[..., Any]:
    """Wrap a channels-last product in what the op says of layout, bias and activation.

    `compute` finishes each block of the result itself; `traceable` is for autograd.
    """
    activation, is_half = FUNCTIONS[op.activation], signature.dtype in _HALF
    finish_alone = finish_of(op.activation, None)
    channels_last = op.channels_last

    def traced(x: Any, kernel: Any, bias: Any) -> Any:
        dtype = x.dtype
        if is_half:
            x, kernel = x.astype(np.float32), kernel.astype(np.float32)
        y = traceable(x, kernel)
        y = activation(y if bias is None else y + bias)
        return y.astype(dtype) if is_half else y

    def conv(x: Any, kernel: Any, bias: Any = None) -> Any:
        if not x.dtype.isnative:
            x = native(x)
        if not channels_last:
            x = _moveaxis(x, 1, -1)
        if is_traced(x) or is_traced(kernel) or is_traced(bias):
            y = traced(x, kernel, bias)
        elif bias is None:
            y = compute(x, kernel, finish_alone)
        else:
            y = compute(x, kernel, finish_of(op.activation, bias))
        return y if channels_last else _moveaxis(y, -1, 1)

    return conv


def _spatial(input_shape: Shape, *, channels_last: bool) -> Shape:
    return input_shape[:-1] if channels_last else input_shape[1:]


def _full_rank(spatial: list[Any], op: Pad, neutral: Any) -> tuple[Any, ...]:
    """Return one entry an axis, `neutral` for the batch and the channels."""
    if op.channels_last:
        return (neutral, *spatial, neutral)
    return (neutral, neutral, *spatial)


def _crop(low: int, high: int) -> slice:
    # A stop of -0 would leave nothing.
    return slice(max(-low, 0), min(high, 0) or None)


def _grid(size: int, factor: int) -> tuple[Array, Array, Array]:
    """Return, for each output cell, the cells below and above it and the share of the latter."""
    centres = (np.arange(size * factor) + 0.5) / factor - 0.5
    below = np.floor(centres).astype(int)
    return below.clip(0, size - 1), (below + 1).clip(0, size - 1), centres - below
