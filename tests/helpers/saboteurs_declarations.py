"""Backends whose declarations differ from what they do."""

from __future__ import annotations

from dataclasses import replace

from sabotage import HONEST_LIMITS, lowering, method, stateful

from convdispatch.errors import UnsupportedOp
from convdispatch.ops import Conv, ConvTranspose, Dense, Pad, Pool, Resize, Upsample

KNOWN = (Conv, ConvTranspose, Dense, Pad, Pool, Resize, Upsample)


@method("lower", "layers/errors/*")
def unknown_op_accepted(lower, op, signature):
    """Return the input for an op of an unknown class."""
    return lower(op, signature) if isinstance(op, KNOWN) else lambda x, *weights: x


@method("lower", "layers/errors/*")
def unknown_op_crashes(lower, op, signature):
    """Crash on an op of an unknown class."""
    if not isinstance(op, KNOWN):
        raise KeyError(type(op))
    return lower(op, signature)


@stateful(
    "*/contract/*",
    unsupported=HONEST_LIMITS | {"conv2d_transposed": "it has no kernel for this"},
)
def declares_what_nobody_asks():
    """Declare a feature that no op has."""
    return {}


@lowering("conv2d*")
def undeclared_is_refused(lower, op, signature):
    """Refuse two-dimensional groups of dilated kernels without declaring it."""
    if op.groups > 1 and max(op.dilation) > 1 and len(op.pads) == 2:
        raise UnsupportedOp("no grouped kernel is dilated here")
    return lower(op, signature)


@lowering("conv*")
def undeclared_groups_ignored(lower, op, signature):
    """Compute every three-dimensional group as the first one without declaring it."""
    if op.groups == 1 or len(op.pads) < 3:
        return lower(op, signature)
    compute, last = lower(op, signature), op.channels_last
    width = signature.input_shape[-1 if last else 0] // op.groups
    chosen = [channel % width for channel in range(width * op.groups)]
    return lambda x, *w: compute(x[..., chosen] if last else x[:, chosen], *w)


@method("asarray", "layers/errors/*", "tensors/*", "*/dtype/*")
def float64_held_as_float32(asarray, value, dtype):
    """Hold float64 as float32 without declaring it."""
    return asarray(value, "float32" if dtype == "float64" else dtype)


@method("asarray", "layers/errors/*", "tensors/*", "*/dtype/*")
def bfloat16_held_as_float16(asarray, value, dtype):
    """Hold bfloat16 as float16 without declaring it."""
    return asarray(value, "float16" if dtype == "bfloat16" else dtype)


@lowering("conv*")
def activation_unknown_is_linear(lower, op, signature):
    """Leave out a fused activation after a transposed convolution."""
    if isinstance(op, Conv):
        return lower(op, signature)
    return lower(replace(op, activation="linear"), signature)


@method("owns", "layers/errors/*", "tensors/*")
def owns_what_looks_like_an_array(owns, value):
    """Claim to own everything that has a shape and an element type."""
    return owns(value) or (hasattr(value, "shape") and hasattr(value, "dtype"))


@method("owns", "layers/errors/*", "tensors/*")
def owns_lists(owns, value):
    """Claim that lists of numbers are its tensors."""
    return owns(value) or isinstance(value, list | tuple)


@method("describe", "layers/*")
def integers_described_as_float32(describe, tensor):
    """Describe integers as float32."""
    shape, dtype = describe(tensor)
    return shape, "float32" if dtype.startswith("int") else dtype
