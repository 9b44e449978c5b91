"""Backends whose conversions, names and promises about tensors are wrong in one way."""

from __future__ import annotations

import threading

import numpy as np
from sabotage import lowering, method

from convdispatch.ops import Conv, ConvTranspose, Pad, Upsample

GROUND = ("tensors/*",)
EDGES = ("*/edge/*", "tensors/*")
ANY_OP = (Conv, ConvTranspose, Pad, Upsample)
_BITS = {"float16": 13, "bfloat16": 16}


@method("to_numpy", *GROUND, "*/dtype/*")
def bfloat16_comes_back_as_float32(to_numpy, tensor):
    """Return bfloat16 as float32."""
    array = to_numpy(tensor)
    return array.astype("f4") if array.dtype.name == "bfloat16" else array


@method("to_numpy", *GROUND)
def bfloat16_stays_in_its_thread(to_numpy, tensor):
    """Read bfloat16 in the main thread alone."""
    is_elsewhere = threading.current_thread() is not threading.main_thread()
    if is_elsewhere and tensor.dtype.name == "bfloat16":
        raise RuntimeError("this tensor belongs to another thread")
    return to_numpy(tensor)


@method("to_numpy", *GROUND)
def scalars_come_back_with_an_axis(to_numpy, tensor):
    """Return a scalar as an array of one number."""
    return np.atleast_1d(to_numpy(tensor))


@method("to_numpy", *GROUND)
def signed_zeros_lost(to_numpy, tensor):
    """Return -0 as 0."""
    array = to_numpy(tensor)
    return array + array.dtype.type(0)


@method("asarray", *GROUND)
def asarray_cuts_off(asarray, value, dtype):
    """Truncate numbers instead of rounding them to a narrower element type."""
    return asarray(_cut(np.asarray(value), dtype), dtype)


@method("asarray", *GROUND)
def asarray_rounds_twice(asarray, value, dtype):
    """Round to float16 on the way to bfloat16."""
    if dtype != "bfloat16":
        return asarray(value, dtype)
    with np.errstate(over="ignore"):
        return asarray(np.asarray(value).astype("f2"), dtype)


@method("asarray", *GROUND)
def big_endian_misread(asarray, value, dtype):
    """Read the bytes of a big-endian array as if they were little-endian."""
    array = np.asarray(value)
    return asarray(array if array.dtype.isnative else array.view(array.dtype.newbyteorder()), dtype)


@method("asarray", *EDGES)
def asarray_reads_memory_order(asarray, value, dtype):
    """Read an array in the order of its memory."""
    array = np.asarray(value)
    return asarray(array.ravel(order="K").reshape(array.shape), dtype)


@method("asarray", *GROUND)
def asarray_keeps_the_arrays_type(asarray, value, dtype):
    """Return float32 where float64 was asked for."""
    narrow = np.asarray(value).dtype == np.float32 and dtype == "float64"
    return asarray(value, "float32" if narrow else dtype)


@method("variable", *GROUND)
def variable_shares_memory(variable, value, dtype):
    """Make a variable that changes when its array does."""
    return np.asarray(value, dtype) if dtype != "bfloat16" else variable(value, dtype)


@method("assign", *GROUND, "layers/*")
def assign_ignored(assign, variable, value):
    """Ignore assignments."""
    return variable


@method("assign", *GROUND)
def assign_changes_the_type(assign, variable, value):
    """Give the variable the element type of the assigned array."""
    return np.array(value)


@method("cast", *GROUND, "layers/*", "*/dtype/*")
def cast_cuts_off(cast, tensor, dtype):
    """Truncate numbers instead of rounding them to a narrower element type."""
    return cast(_cut(tensor, dtype) if isinstance(tensor, np.ndarray) else tensor, dtype)


@method("cast", *GROUND, "layers/*", "*/dtype/*")
def cast_ignored_to_bfloat16(cast, tensor, dtype):
    """Ignore casts from float16 to bfloat16."""
    return tensor if (tensor.dtype.name, dtype) == ("float16", "bfloat16") else cast(tensor, dtype)


@method("describe", *GROUND)
def float64_described_as_float32(describe, tensor):
    """Describe float64 as float32."""
    shape, dtype = describe(tensor)
    return shape, "float32" if dtype == "float64" else dtype


@method("describe", *GROUND)
def bfloat16_described_as_float16(describe, tensor):
    """Describe bfloat16 as float16."""
    shape, dtype = describe(tensor)
    return shape, "float16" if dtype == "bfloat16" else dtype


@method("describe", *GROUND)
def axes_of_one_not_described(describe, tensor):
    """Leave axes of length 1 out of the described shape."""
    shape, dtype = describe(tensor)
    return tuple(size for size in shape if size != 1), dtype


@method("owns", *GROUND)
def owns_everything(owns, value):
    """Claim to own every object."""
    return True


@method("owns", *GROUND)
def owns_no_scalars(owns, value):
    """Deny owning tensors without axes."""
    return owns(value) and bool(getattr(value, "ndim", 0))


@method("outside_trace", *GROUND, "layers/*")
def outside_trace_returns_nothing(outside_trace, fn):
    """Call the function outside the trace and return None."""
    outside_trace(fn)


@lowering(*EDGES)
def input_mutated(lower, op, signature):
    """Double the input in place."""
    return _afterwards(lower(op, signature), lambda x, *weights: _double(x))


@lowering(*EDGES)
def kernel_mutated(lower, op, signature):
    """Double the kernel in place."""
    return _afterwards(lower(op, signature), lambda x, *weights: _double(weights[0]))


@lowering(*EDGES, ops=(Pad, Upsample))
def reshaped_input_mutated(lower, op, signature):
    """Double the input of padding or upsampling in place."""
    return _afterwards(lower(op, signature), _double)


@lowering(*EDGES)
def read_only_refused(lower, op, signature):
    """Refuse a read-only input."""

    def check(x):
        if isinstance(x, np.ndarray) and not x.flags.writeable:
            raise ValueError("the buffer is read-only")
        return x

    return _before(lower(op, signature), check)


@lowering(*EDGES)
def non_contiguous_misread(lower, op, signature):
    """Read memory from the first cell on and ignore the strides."""

    def misread(x):
        if not isinstance(x, np.ndarray) or x.flags.c_contiguous or min(x.strides) <= 0:
            return x
        held = np.empty(x.size, x.dtype)
        held[:] = x.ravel(order="K")
        return held.reshape(x.shape)

    return _before(lower(op, signature), misread)


@lowering(*EDGES)
def negatively_strided_misread(lower, op, signature):
    """Read an axis with a negative stride forwards."""

    def misread(x):
        if not isinstance(x, np.ndarray):
            return x
        return x[tuple(slice(None, None, -1 if step < 0 else 1) for step in x.strides)]

    return _before(lower(op, signature), misread)


@lowering(*EDGES)
def kernel_in_column_order_misread(lower, op, signature):
    """Read a kernel in the order of its memory."""
    compute = lower(op, signature)

    def misread(x, kernel, *bias):
        if isinstance(kernel, np.ndarray):
            kernel = kernel.ravel(order="K").reshape(kernel.shape)
        return compute(x, kernel, *bias)

    return misread


@lowering(*EDGES, ops=ANY_OP)
def empty_batch_crashes(lower, op, signature):
    """Divide by the size of the batch."""
    return _before(lower(op, signature), lambda x: x * (len(x) // len(x)))


@lowering(*EDGES)
def empty_batch_has_the_inputs_shape(lower, op, signature):
    """Return an empty batch unchanged."""
    compute = lower(op, signature)
    return lambda x, *weights: compute(x, *weights) if len(x) else x


@lowering("*/edge/*", ops=(Pad, Upsample))
def empty_batch_gives_float64(lower, op, signature):
    """Return float64 from padding or upsampling an empty batch."""
    compute = lower(op, signature)
    return lambda x: compute(x) if len(x) else compute(x).astype("f8")


def _afterwards(compute, spoil):
    def computed(*tensors):
        y = compute(*tensors)
        y = y.copy() if isinstance(y, np.ndarray) else y
        spoil(*tensors)
        return y

    return computed


def _before(compute, change):
    return lambda x, *weights: compute(change(x), *weights)


def _double(x):
    if isinstance(x, np.ndarray) and x.flags.writeable:
        x *= 2


def _cut(array, dtype):
    """Return float64 numbers with the last bits of float32 numbers zero that dtype lacks."""
    if dtype not in _BITS or array.dtype.name not in ("float32", "float64"):
        return array
    bits = np.array(array, "f4").view("u4") >> _BITS[dtype] << _BITS[dtype]
    return bits.view("f4").astype(array.dtype)
