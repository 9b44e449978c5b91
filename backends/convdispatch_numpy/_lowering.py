"""From each op to a NumPy function. Half precision is computed in float32 and rounded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch import kit
from convdispatch.ops import (
    HALF_DTYPES,
    Conv,
    ConvTranspose,
    Op,
    Pad,
    Pool,
    Resize,
    Signature,
    Upsample,
)
from convdispatch_numpy._autograd import Function, is_traced, numpy_or_autograd
from convdispatch_numpy._correlate import Correlation
from convdispatch_numpy._epilogue import Finish, finish_of
from convdispatch_numpy._functions import FUNCTIONS
from convdispatch_numpy._images import interpolation, pooling, repetition
from convdispatch_numpy._tiles import Geometry

Array = npt.NDArray[Any]

_moveaxis = numpy_or_autograd(np.moveaxis, "moveaxis")


@singledispatch
def lower(op: Op, signature: Signature, backend: kit.Primitives) -> Callable[..., Any]:
    """Return the NumPy function that computes `op`."""
    return kit.derived(op, signature, backend)


def candidates(
    op: Op, signature: Signature, backend: kit.Primitives
) -> Mapping[str, Callable[..., Any]]:
    """Return every way to compute `op` by its name, that of `lower` first."""
    lowered = lower(op, signature, backend)
    if not isinstance(op, Conv):
        return {"numpy": lowered}
    by_taps = _correlation(op, signature, only_taps=True)
    found = {"blocks": lowered} if _correlation(op, signature).is_blocked else {}
    return found | {"taps": _with_epilogue(by_taps.correlate, by_taps.forward, op, signature)}


@lower.register
def _lower_conv(op: Conv, signature: Signature, backend: kit.Primitives) -> Callable[..., Any]:
    correlation = _correlation(op, signature)
    return _with_epilogue(correlation.correlate, correlation.forward, op, signature)


@lower.register
def _lower_conv_transpose(
    op: ConvTranspose, signature: Signature, backend: kit.Primitives
) -> Callable[..., Any]:
    correlation = _correlation(op, signature)
    return _with_epilogue(correlation.transpose, correlation.input_adjoint, op, signature)


@lower.register
def _lower_pad(op: Pad, signature: Signature, backend: kit.Primitives) -> Callable[..., Any]:
    first = kit.first_spatial_axis(op)
    pads = [*[(0, 0)] * first, *op.pads, *[(0, 0)] * (2 - first)]
    grown = [(max(low, 0), max(high, 0)) for low, high in pads]
    # A stop of -0 would leave nothing.
    kept = tuple(slice(max(-low, 0), min(high, 0) or None) for low, high in pads)
    return lambda x: FUNCTIONS["pad"](x[kept], grown)


@lower.register
def _lower_pool(op: Pool, signature: Signature, backend: kit.Primitives) -> Callable[..., Any]:
    of_arrays, traceable = pooling(op, signature), kit.derived(op, signature, backend)
    return lambda x: traceable(x) if is_traced(x) else of_arrays(x)


@lower.register
def _lower_resampling(
    op: Upsample | Resize, signature: Signature, backend: kit.Primitives
) -> Callable[..., Any]:
    traceable = kit.derived(op, signature, backend)
    if op.interpolation == "bilinear":
        of_arrays = interpolation(op, signature)
    elif isinstance(op, Upsample):
        of_arrays = repetition(op)
    else:
        return traceable
    return lambda x: traceable(x) if is_traced(x) else of_arrays(x)


def _correlation(
    op: Conv | ConvTranspose, signature: Signature, *, only_taps: bool = False
) -> Correlation:
    axes = kit.axes(op, signature)
    geometry = Geometry(
        input_size=tuple(axis.size for axis in axes),
        output_size=tuple(axis.count for axis in axes),
        taps=tuple(axis.taps for axis in axes),
        strides=op.strides,
        dilation=op.dilation,
        low_pads=tuple(axis.low for axis in axes),
    )
    return Correlation(
        geometry=geometry,
        kernel_shape=signature.weight_shapes[0],
        groups=op.groups,
        only_taps=only_taps,
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
    activation, is_half = FUNCTIONS[op.activation], signature.dtype in HALF_DTYPES
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
            x = kit.native(x)
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
