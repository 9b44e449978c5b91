"""Every op but a convolution in one group, made of that and of the backend's own functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

from convdispatch.errors import UnsupportedOp
from convdispatch.kit import _convolutions, _moving, _pooling
from convdispatch.kit._epilogue import finished
from convdispatch.kit._precision import rounded_once
from convdispatch.ops import (
    Backend,
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


def derived(op: Op, signature: Signature, backend: Backend) -> Function:
    """Return a function that computes `op` by what `backend` computes itself.

    Raises `UnsupportedOp` for a convolution in one group, which is what the others are made of.
    """
    lowered: Function = _derived(op, signature, backend)
    return lowered


@singledispatch
def _derived(op: Op, signature: Signature, backend: Backend) -> Function:
    raise UnsupportedOp(f"no derivation makes {op_name(op)}: each backend lowers it itself.")


@_derived.register
def _conv(op: Conv, signature: Signature, backend: Backend) -> Function:
    if op.groups == 1:
        raise UnsupportedOp(
            f"the backend {backend.name!r} has to lower {op_name(op)} in one group itself: "
            "`kit.derived` makes all other ops of it."
        )
    if signature.weight_shapes[0][-2] == 1:
        depthwise = finished(
            op, backend.functions, _convolutions.depthwise(op, signature, backend.functions)
        )
        return rounded_once(depthwise, signature.dtype, backend.cast)
    return _convolutions.by_group(op, signature, backend)


@_derived.register
def _conv_transpose(op: ConvTranspose, signature: Signature, backend: Backend) -> Function:
    return _convolutions.transposed(op, signature, backend)


@_derived.register
def _dense(op: Dense, signature: Signature, backend: Backend) -> Function:
    dense = finished(op, backend.functions, backend.functions["matmul"])
    return rounded_once(dense, signature.dtype, backend.cast)


@_derived.register
def _pad(op: Pad, signature: Signature, backend: Backend) -> Function:
    return _moving.padding(op, signature, backend.functions)


@_derived.register
def _pool(op: Pool, signature: Signature, backend: Backend) -> Function:
    make = _pooling.largest if op.kind == "max" else _pooling.added
    return rounded_once(make(op, signature, backend), signature.dtype, backend.cast)


@_derived.register
def _resampled(op: Upsample | Resize, signature: Signature, backend: Backend) -> Function:
    resampling = _moving.resampling(op, signature, backend)
    return rounded_once(resampling, signature.dtype, backend.cast)
