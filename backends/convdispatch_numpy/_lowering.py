"""From each op to a NumPy function. Half precision is computed in float32 and rounded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch import kit
from convdispatch.ops import (
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
from convdispatch_numpy._images import padding, pooling, repetition
from convdispatch_numpy._maxima import maxima
from convdispatch_numpy._resampling import resampling

Array = npt.NDArray[Any]

_transpose = numpy_or_autograd(np.transpose, "transpose")


def lower(op: Op, signature: Signature, backend: kit.Primitives) -> Callable[..., Any]:
    """Return the NumPy function that computes `op`."""
    if isinstance(op, Conv):
        correlation = _correlation(op, signature)
        return _with_epilogue(correlation.correlate, correlation.forward, op, signature)
    if isinstance(op, ConvTranspose):
        correlation = _correlation(op, signature)
        return _with_epilogue(correlation.transpose, correlation.input_adjoint, op, signature)
    if isinstance(op, Pad):
        return padding(op)
    if isinstance(op, Pool) and op.kind == "max":
        return maxima(op, signature)
    if isinstance(op, Upsample) and op.interpolation == "nearest":
        return repetition(op)
    if isinstance(op, Upsample | Resize):
        return resampling(op, signature)
    traceable = kit.derived(op, signature, backend)
    if not isinstance(op, Pool):
        return traceable
    of_arrays = pooling(op, signature)
    return lambda x: traceable(x) if is_traced(x) else of_arrays(x)


def candidates(
    op: Op, signature: Signature, backend: kit.Primitives
) -> Mapping[str, Callable[..., Any]]:
    """Return every way to compute `op` by its name, that of `lower` first."""
    lowered = lower(op, signature, backend)
    if not isinstance(op, Conv):
        return {"numpy": lowered}
    by_taps = _correlation(op, signature, only_taps=True)
    found = {"blocks": lowered} if _correlation(op, signature).is_tiled else {}
    return found | {"taps": _with_epilogue(by_taps.correlate, by_taps.forward, op, signature)}


def _correlation(
    op: Conv | ConvTranspose, signature: Signature, *, only_taps: bool = False
) -> Correlation:
    return Correlation(
        axes=kit.axes(op, signature),
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
    finish_alone = finish_of(op.activation, None)
    traced = kit.finished(replace(op, channels_last=True), FUNCTIONS, traceable)
    traced = kit.rounded_once(traced, signature.dtype, lambda x, dtype: x.astype(dtype))

    def conv(x: Any, kernel: Any, bias: Any = None) -> Any:
        if not x.dtype.isnative:
            x = kit.native(x)
        if is_traced(x) or is_traced(kernel) or is_traced(bias):
            return traced(x, kernel, bias)
        if bias is None:
            return compute(x, kernel, finish_alone)
        return compute(x, kernel, finish_of(op.activation, bias))

    return kit.channels_last(conv, op, _transpose)
