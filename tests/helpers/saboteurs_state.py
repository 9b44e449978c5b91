"""Backends that remember what they should forget, or forget what they should remember."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from sabotage import honest, lowering, stateful

from convdispatch.ops import ConvTranspose

PLANS = ("*/contract/lowered-beside-*",)
STATE = ("*/edge/*", "*/contract/*", "tensors/*", "*/dtype/*")


@stateful(*PLANS)
def plan_reused_for_another_shape():
    """Reuse a plan for an input of another size."""
    return _remembering(lambda op, signature: (op, signature.weight_shapes, signature.dtype))


@stateful(*PLANS)
def plan_reused_for_another_kernel():
    """Reuse a plan for a kernel of another size."""
    return _remembering(lambda op, signature: (op, signature.input_shape, signature.dtype))


@stateful(*PLANS)
def plan_reused_for_another_type():
    """Reuse a plan for another element type, and return the one that it was made for."""

    def lower(op, signature):
        compute, dtype = honest.lower(op, signature), signature.dtype
        return lambda *tensors: honest.cast(compute(*tensors), dtype)

    return _remembering(
        lambda op, signature: (op, signature.input_shape, signature.weight_shapes), lower
    )


@stateful(*PLANS)
def plan_reused_for_another_layout():
    """Reuse a plan for the other layout where the shapes are the same."""
    return _remembering(lambda op, signature: (replace(op, channels_last=True), signature))


@stateful(*PLANS)
def plan_reused_for_other_pads():
    """Reuse a plan for other pads of the same sum."""

    def key(op, signature):
        if not hasattr(op, "pads"):
            return op, signature
        return replace(op, pads=tuple(low + high for low, high in op.pads)), signature

    return _remembering(key)


@lowering(*STATE)
def batch_size_of_the_first_call(lower, op, signature):
    """Return no more samples than the first call had."""
    compute, sizes = lower(op, signature), []

    def limited(x, *weights):
        sizes.append(len(x))
        y = compute(x, *weights)
        return y[: sizes[0]] if sizes[0] < len(x) else y

    return limited


@lowering(*STATE)
def weights_of_the_first_call(lower, op, signature):
    """Keep the kernel of the first call."""
    compute, kernels = lower(op, signature), []

    def frozen(x, kernel, *bias):
        kernels.append(kernel)
        return compute(x, kernels[0], *bias)

    return frozen


@lowering(*STATE)
def result_overwritten_by_the_next_call(lower, op, signature):
    """Return the same memory from every call."""
    compute, held = lower(op, signature), {}

    def reusing(*tensors):
        y = compute(*tensors)
        if not isinstance(y, np.ndarray):
            return y
        buffer = held.setdefault(y.shape, y)
        buffer[...] = y
        return buffer

    return reusing


@lowering(*STATE)
def results_accumulate(lower, op, signature):
    """Scatter a transposed convolution into memory that still holds the last result."""
    compute, held = lower(op, signature), {}
    if not isinstance(op, ConvTranspose):
        return compute

    def accumulating(*tensors):
        y = compute(*tensors)
        if not isinstance(y, np.ndarray):
            return y
        held[y.shape] = held.get(y.shape, 0) + y
        return held[y.shape].astype(y.dtype)

    return accumulating


@lowering(*STATE)
def scratch_shared_by_threads(lower, op, signature):
    """Copy the input to memory that all threads share, and read it there."""
    compute, held = lower(op, signature), {}

    def sharing(x, *weights):
        if not isinstance(x, np.ndarray):
            return compute(x, *weights)
        scratch = held.setdefault(x.shape, np.empty_like(x))
        scratch[...] = x
        time.sleep(0.0005)  # another thread's turn
        return compute(scratch, *weights)

    return sharing


@lowering("*/edge/same-bits-*", "*/edge/in-a-row-*")
def last_bit_not_reproducible(lower, op, signature):
    """Round one number of some calls the other way, as atomic additions may."""
    coin = np.random.default_rng(0)
    return _varying(lower(op, signature), lambda call: coin.integers(2))


@lowering("*/edge/in-a-row-*")
def last_bit_of_every_second_call(lower, op, signature):
    """Round one number of every second call the other way, as two alternating buffers may."""
    return _varying(lower(op, signature), lambda call: call % 2)


@stateful(*STATE)
def compiled_for_the_first_input():
    """Compile the first input as a constant."""

    def compile_(fn):
        inputs = []

        def compiled(*tensors):
            inputs.append(tensors)
            return fn(*inputs[0])

        return compiled

    return {"compile": compile_}


@stateful(*STATE)
def compiled_less_exactly():
    """Compile for speed at the cost of three digits."""

    def compile_(fn):
        return lambda *tensors: fn(*tensors) * np.float32(1.0005)

    return {"compile": compile_}


@stateful(*STATE)
def compiled_in_float64():
    """Return float64 from what is compiled."""
    return {"compile": lambda fn: lambda *tensors: fn(*tensors).astype("f8")}


@stateful(*STATE)
def compiled_for_one_shape():
    """Refuse every input shape but a compiled function's first."""

    def compile_(fn):
        shapes = []

        def compiled(*tensors):
            shapes.append([t.shape for t in tensors])
            if shapes[-1] != shapes[0]:
                raise ValueError(f"compiled for {shapes[0]}, called with {shapes[-1]}")
            return fn(*tensors)

        return compiled

    return {"compile": compile_}


def _varying(compute, is_other):
    calls = []

    def varying(*tensors):
        y = compute(*tensors)
        calls.append(y)
        if isinstance(y, np.ndarray) and y.size and is_other(len(calls)):
            y, first = y.copy(), (0,) * y.ndim
            if np.isfinite(y[first]):
                y[first] = np.nextafter(y[first], np.sign(y[first]))  # towards 1, or -1
        return y

    return varying


def _remembering(key, lower=honest.lower):
    plans = {}

    def remembered(op, signature):
        return plans.setdefault(key(op, signature), lower(op, signature))

    return {"lower": remembered}
