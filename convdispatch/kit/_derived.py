"""Build every other op from a convolution in one group and the backend's own functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

from convdispatch.errors import UnsupportedOp
from convdispatch.kit import _convolutions, _moving, _pooling
from convdispatch.kit._epilogue import finished
from convdispatch.kit._layouts import partial_size
from convdispatch.kit._precision import rounded_once
from convdispatch.kit._primitives import Primitives, cast_of, functions_of
from convdispatch.ops import (
    Conv,
    ConvTranspose,
    Dense,
    Op,
    Pad,
    Pool,
    Resize,
    Signature,
    Upsample,
    op_name,
)

Function = Callable[..., Any]


def derived(op: Op, signature: Signature, backend: Primitives) -> Function:
    """Return a function that computes `op` with the functions and the convolution of `backend`.

    Raises `UnsupportedOp` for a convolution in one group, from which the others are built.
    """
    lowered: Function = _derived(op, signature, backend)
    return lowered


@singledispatch
def _derived(op: Op, signature: Signature, backend: Primitives) -> Function:
    raise UnsupportedOp(f"no derivation makes {op_name(op)}: each backend lowers it itself.")


@_derived.register
def _conv(op: Conv, signature: Signature, backend: Primitives) -> Function:
    if op.groups == 1:
        raise UnsupportedOp(
            f"the backend {backend.name!r} has to lower {op_name(op)} in one group itself: "
            "`kit.derived` makes all other ops of it."
        )
    if signature.weight_shapes[0][-2] == 1:
        depthwise = finished(
            op, functions_of(backend), _convolutions.depthwise(op, signature, functions_of(backend))
        )
        return rounded_once(depthwise, signature.dtype, cast_of(backend))
    return _convolutions.by_group(op, signature, backend)


@_derived.register
def _conv_transpose(op: ConvTranspose, signature: Signature, backend: Primitives) -> Function:
    return _convolutions.transposed(op, signature, backend)


@_derived.register
def _dense(op: Dense, signature: Signature, backend: Primitives) -> Function:
    dense = finished(op, functions_of(backend), functions_of(backend)["matmul"])
    return rounded_once(dense, signature.dtype, cast_of(backend))


@_derived.register
def _pad(op: Pad, signature: Signature, backend: Primitives) -> Function:
    return _moving.padding(op, partial_size(op, signature), functions_of(backend))


@_derived.register
def _pool(op: Pool, signature: Signature, backend: Primitives) -> Function:
    make = _pooling.largest if op.kind == "max" else _pooling.added
    return rounded_once(make(op, signature, backend), signature.dtype, cast_of(backend))


@_derived.register
def _resampled(op: Upsample | Resize, signature: Signature, backend: Primitives) -> Function:
    functions = functions_of(backend)
    needs_no_sizes = op.interpolation == "nearest" or None in signature.input_shape
    if isinstance(op, Upsample) and needs_no_sizes:
        sampling = _moving.enlarging(op, functions)
    else:
        mix = _moving.mixing(signature, backend)
        sampling = _moving.resampling(op, signature, take=functions["take"], mix=mix)
    return rounded_once(sampling, signature.dtype, cast_of(backend))
