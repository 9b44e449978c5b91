"""Backends that sum gradients in half precision."""

from __future__ import annotations

import numpy as np
from sabotage import lowering

from convdispatch.ops import Conv, Upsample
from convdispatch_numpy._autograd import differentiable

HALF = ("float16", "bfloat16")


@lowering("*/grad/*")
def float16_kernel_gradient_summed_in_float16(lower, op, signature):
    """Sum the gradient of a float16 kernel of one tap and channel in float16."""
    compute = lower(op, signature)
    if signature.dtype != "float16" or signature.weight_shapes[0] != (1, 1, 1):
        return compute

    def change(g, x):
        terms = x if isinstance(op, Conv) and op.channels_last else g
        return g * 0 + np.add.accumulate(np.ravel(terms))[-1:].reshape(g.shape)

    return lambda x, kernel, *bias: compute(x, _with_gradient(kernel, x, change), *bias)


@lowering("*/grad/*", ops=(Upsample,))
def copies_gradient_summed_in_half_precision(lower, op, signature):
    """Sum the gradient of repeated cells axis by axis, and round in between."""
    if signature.dtype not in HALF or op.interpolation != "nearest":
        return lower(op, signature)

    def repeat(x):
        for axis, factor in enumerate(op.factors, 1 if op.channels_last else 2):
            x = _repeated(x, factor, axis)
        return x

    return repeat


def _repeated(x, factor, axis):
    def back(g):
        shape = (*x.shape[: axis + 1], factor, *x.shape[axis + 1 :])
        total = np.add.accumulate(g.reshape(shape), axis + 1)
        return np.take(total, -1, axis + 1)

    forward = differentiable(lambda t: np.repeat(t, factor, axis), lambda answer, t: back)
    return forward(x)


def _with_gradient(kernel, x, change):
    values = getattr(x, "_value", x)
    keep = differentiable(lambda t: t.copy(), lambda answer, t: lambda g: change(g, values))
    return keep(kernel)
