"""Backends that share what is the caller's own, or read memory in its own order."""

from __future__ import annotations

from typing import Any

import numpy as np
from sabotage import honest, lowering, method, stateful, tabled

from convdispatch.ops import Conv, ConvTranspose, Dense, Pad, Pool, Resize, Upsample

EVERY = (Conv, ConvTranspose, Dense, Pad, Pool, Resize, Upsample)
APART = ("*/edge/apart-*", "*/edge/kept-*", "*/edge/inputs-untouched-*")
LYING = ("*/edge/lying-*", "*/edge/*-views-*", "*/edge/*-arrays-*")


@lowering(*APART, ops=(Pad,))
def nothing_to_pad_is_the_input(lower, op, signature):
    """Return the input itself where there is nothing to pad."""
    return lower(op, signature) if any(map(any, op.pads)) else lambda x: x


@lowering(*APART, ops=(Pool, Resize, Upsample))
def nothing_to_do_is_the_input(lower, op, signature):
    """Return the input itself where windows, sizes and factors leave it as it is."""
    compute = lower(op, signature)

    def lazy(x):
        y = compute(x)
        return x if isinstance(y, np.ndarray) and np.array_equal(x, y) else y

    return lazy


@lowering(*APART, ops=(Pool, Resize, Upsample, Dense))
def result_over_an_input_as_large(lower, op, signature):
    """Write a result that is as large as the input over it, in ops that do not convolve."""
    compute = lower(op, signature)

    def over(x, *weights):
        y = compute(x, *weights)
        if isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and x.shape == y.shape:
            if not x.flags.writeable:
                return y
            x[...] = y
            return x
        return y

    return over


@tabled("relu", *APART)
def relu_in_place(relu, x):
    """Write what relu returns over its argument."""
    if isinstance(x, np.ndarray) and x.flags.writeable and x.flags.c_contiguous:
        x[...] = relu(x)
        return x
    return relu(x)


@tabled("exp", *APART)
def exp_into_one_buffer(exp, x, held={}):  # noqa: B006 - that is the fault
    """Write each exp of a shape over the last one."""
    return _held(held, exp(x))


@stateful(*APART)
def gradients_in_one_buffer():
    """Hand out the same arrays as gradients at each call."""

    def value_and_grad(fn):
        compute, held = honest.value_and_grad(fn), {}

        def buffered(tensors):
            value, gradients = compute(tensors)
            return value, [_held(held, g, place) for place, g in enumerate(gradients)]

        return buffered

    return {"value_and_grad": value_and_grad}


@stateful(*APART)
def equal_gradients_are_one():
    """Hand out one array as the gradient of two tensors where the numbers are the same."""

    def value_and_grad(fn):
        compute = honest.value_and_grad(fn)

        def shared(tensors):
            value, gradients = compute(tensors)
            for place, gradient in enumerate(gradients):
                for earlier in gradients[:place]:
                    if isinstance(earlier, np.ndarray) and np.array_equal(earlier, gradient):
                        gradients[place] = earlier
            return value, gradients

        return shared

    return {"value_and_grad": value_and_grad}


@lowering(*APART, ops=(Resize,))
def two_buffers_by_turns(lower, op, signature):
    """Write every other resized image over the last but one."""
    compute, held, calls = lower(op, signature), {}, []

    def turning(x):
        calls.append(x)
        return _held(held, compute(x), len(calls) % 2)

    return turning


@method("pack", *APART)
def packed_alone_is_a_view(pack, tensors):
    """Return a view of a tensor that is packed alone."""
    return tensors[0].reshape(-1) if len(tensors) == 1 else pack(tensors)


@stateful(*APART)
def draws_in_one_buffer():
    """Hand out the same array for each draw of a shape."""
    held: dict[Any, Any] = {}

    def uniform(key, shape, dtype):
        return _held(held, honest.random["uniform"](key, shape, dtype))

    return {"random": {**honest.random, "uniform": uniform}}


@lowering(*LYING)
def bias_read_from_its_pointer(lower, op, signature):
    """Read a bias with gaps from its first number on, and its neighbours as the others."""
    compute = lower(op, signature)

    def neighbours(x, kernel, *bias):
        for each in bias:
            if isinstance(each, np.ndarray) and each.size and each.strides[0] > each.itemsize:
                view = np.lib.stride_tricks.as_strided(each, each.shape, (each.itemsize,))
                return compute(x, kernel, view)
        return compute(x, kernel, *bias)

    return neighbours


@lowering(*LYING, ops=(Upsample,))
def image_read_in_memory_order(lower, op, signature):
    """Read an image that is enlarged as it lies in memory."""
    compute = lower(op, signature)
    return lambda x: compute(_as_it_lies(x))


@lowering(*LYING, ops=EVERY)
def repeated_numbers_read_once(lower, op, signature):
    """Read zeros after the first of numbers that a stride of 0 repeats."""
    compute = lower(op, signature)

    def once(x, *weights):
        if isinstance(x, np.ndarray) and x.size and 0 in x.strides:
            x = np.where(np.arange(x.size).reshape(x.shape) == 0, x, x.dtype.type(0))
        return compute(x, *weights)

    return once


@lowering(*LYING, ops=EVERY)
def unaligned_numbers_misread(lower, op, signature):
    """Read the number before each in an array that is not aligned."""
    compute = lower(op, signature)

    def misreading(x, *weights):
        is_unaligned = isinstance(x, np.ndarray) and not x.flags.aligned
        return compute(np.roll(x, 1) if is_unaligned else x, *weights)

    return misreading


@method("assign", *LYING, "tensors/contract/assign-*")
def assigned_in_memory_order(assign, variable, value):
    """Assign numbers as they lie in memory."""
    return assign(variable, _as_it_lies(value))


@method("pack", *LYING)
def packed_in_memory_order(pack, tensors):
    """Pack numbers as they lie in memory."""
    return pack([_as_it_lies(tensor) for tensor in tensors])


@tabled("exp", *LYING)
def exp_in_memory_order(exp, x):
    """Compute exp of the numbers as they lie in memory."""
    return exp(_as_it_lies(x))


@stateful(*LYING)
def differentiated_in_memory_order():
    """Differentiate with respect to numbers as they lie in memory."""

    def value_and_grad(fn):
        compute = honest.value_and_grad(fn)
        return lambda tensors: compute([_as_it_lies(tensor) for tensor in tensors])

    return {"value_and_grad": value_and_grad}


def _as_it_lies(array: Any) -> Any:
    if not isinstance(array, np.ndarray):
        return array
    return np.ravel(array, order="K").reshape(array.shape)


def _held(held: dict[Any, Any], result: Any, key: object = None) -> Any:
    """Return the one array of that key, shape and type, with these numbers."""
    if not isinstance(result, np.ndarray):
        return result
    memory = held.setdefault((key, result.shape, result.dtype), np.empty_like(result))
    memory[...] = result
    return memory
