"""The table of functions that behave as NumPy's and keep the tensor's element type.

Half precision is computed in float32 and rounded once: TensorFlow's own float16 and bfloat16
kernels round intermediate results, and differ in where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convdispatch import kit
from convdispatch.ops import HALF_DTYPES
from convdispatch_tensorflow._framework import tf

Function = Callable[..., Any]
Axes = int | Sequence[int] | None

_rounded_once, _rounded_once_of_several = kit.rounding(
    halves={tf.as_dtype(name) for name in HALF_DTYPES}, single=tf.float32, cast=tf.cast
)


def _linear(x: Any) -> Any:
    return x


def _binary(combine: Function) -> Function:
    """Return a function of (x, y), after any other arguments; a number gets the other's type."""
    rounded = _rounded_once_of_several(combine)
    return lambda *arguments: rounded(*arguments[:-2], *_of_one_dtype(*arguments[-2:]))


def _of_one_dtype(*values: Any) -> list[Any]:
    """Give Python numbers the element type of the tensors that they come with."""
    # tensorflow 2.21 takes the type of the first argument inside tf.function: there
    # tf.maximum(0.0, x) is a TypeError for a float16 x.
    dtypes = [value.dtype for value in values if isinstance(value, tf.Tensor | tf.Variable)]
    dtype = dtypes[0] if dtypes else tf.float32
    if dtype == tf.bool:
        values = tuple(value if tf.is_tensor(value) else bool(value) for value in values)
    return [tf.convert_to_tensor(value, dtype) for value in values]


def _in_order(compare: Function) -> Function:
    """Return a function that compares numbers, for bool as well."""

    def function(x: Any, *others: Any, **options: Any) -> Any:
        if x.dtype != tf.bool:
            return compare(x, *others, **options)
        # tensorflow 2.21 has no order of bool: "Value for attr 'T' of bool is not in the list".
        numbers = (tf.cast(y, tf.uint8) if tf.is_tensor(y) else y for y in (x, *others))
        return tf.cast(compare(*numbers, **options), tf.bool)

    return function


def _comparison(compare: Function) -> Function:
    ordered = _in_order(compare)
    return lambda x, y: ordered(*_of_one_dtype(x, y))


@_rounded_once
def _erf(x: Any) -> Any:
    # tensorflow 2.21 on processors with AVX-512: the erf of a float64 beyond 1.3e154 is NaN, and
    # so is its gradient. From 6 on it is 1 in every element type.
    is_far = tf.abs(x) > 6
    return tf.where(is_far, tf.sign(x), tf.math.erf(tf.where(is_far, tf.zeros_like(x), x)))


@_rounded_once
def _erfc(x: Any) -> Any:
    # As `_erf`: from 30 on it is 0 in every element type, and 2 on the other side.
    is_far = tf.abs(x) > 30
    near = tf.math.erfc(tf.where(is_far, tf.zeros_like(x), x))
    return tf.where(is_far, 1 - tf.sign(x), near)


_pow = _binary(tf.pow)
# In tensorflow 2.21 the gradients of x**0 and x**1, to the second order, are NaN for x = 0.
_POWERS: Mapping[float, Function] = {
    0: tf.ones_like,
    1: tf.identity,
    2: _rounded_once(tf.square),
}


def _power(x: Any, y: Any) -> Any:
    simple = _POWERS.get(y) if isinstance(y, int | float) else None
    return _pow(x, y) if simple is None else simple(x)


def _argmax(x: Any, axis: int) -> Any:
    if not x.dtype.is_floating:
        return tf.argmax(tf.cast(x, tf.uint8) if x.dtype == tf.bool else x, axis)
    # To tensorflow 2.21 NaN is smaller than every number: the argmax of (1, NaN) is 0.
    is_nan = tf.cast(tf.math.is_nan(x), tf.uint8)
    has_nan = tf.reduce_max(is_nan, axis) > 0
    return tf.where(has_nan, tf.argmax(is_nan, axis), tf.argmax(x, axis))


@_rounded_once
def _take(x: Any, indices: Any, axis: int) -> Any:
    axis %= x.shape.rank
    cells = kit.as_slice(indices, x.shape[axis])
    if cells is not None:
        return x[(*[slice(None)] * axis, cells)]
    if indices.dtype.name not in ("int32", "int64"):  # tensorflow 2.21 gathers by no uint8
        indices = tf.cast(indices, tf.int32)
    if axis:
        return tf.gather(x, indices, axis=axis)
    # The gradient along the first axis is `tf.IndexedSlices` instead of a tensor.
    return tf.gather(x[None], indices, axis=1)[0]


def _pad(x: Any, pads: Any, value: float = 0.0) -> Any:
    # A tensor as the value means PadV2. tensorflow 2.21 fuses the kernel Pad into convolutions:
    # in Conv3D it logs "remapper failed" where a gradient needs both, of a batch it loses a pad.
    return tf.pad(x, pads, constant_values=tf.cast(value, x.dtype))


def _one_hot(indices: Any, depth: int, dtype: str) -> Any:
    return tf.cast(tf.one_hot(indices, depth, True, False, dtype=tf.bool), dtype)


def _shape(x: Any) -> tuple[Any, ...]:
    sizes = x.shape.as_list()
    counted = tf.shape(x) if None in sizes else sizes
    return tuple(counted[i] if size is None else size for i, size in enumerate(sizes))


def _flip(x: Any, axes: Axes = None) -> Any:
    if axes is None:
        axes = range(x.shape.rank)
    return tf.reverse(x, [axes] if isinstance(axes, int) else list(axes))


@_rounded_once_of_several
def _matmul(a: Any, b: Any) -> Any:
    if a.shape.rank == b.shape.rank == 2:
        return tf.raw_ops.MatMul(a=a, b=b)  # `tf.matmul` looks at its arguments first
    if b.shape.rank <= 2:
        return tf.tensordot(a, b, 1)
    return tf.matmul(a, b) if a.shape.rank > 1 else tf.squeeze(tf.matmul(a[None], b), -2)


def _reshape(x: Any, shape: Any) -> Any:
    return tf.reshape(x, [shape] if isinstance(shape, int) else shape)


def _transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    # XLA in tensorflow 2.21 rejects an axis counted from the end: tf.transpose(x, (0, -1, 1)).
    return tf.transpose(x, None if axes is None else [axis % x.shape.rank for axis in axes])


FUNCTIONS: Mapping[str, Function] = {
    **{
        name: _rounded_once(getattr(tf.math, name))
        for name in ("exp", "expm1", "log", "log1p", "sigmoid", "sqrt", "tanh")
    },
    **{
        name: _comparison(getattr(tf, name))
        for name in ("equal", "greater", "greater_equal", "less", "less_equal", "not_equal")
    },
    "abs": tf.abs,
    "argmax": _argmax,
    "clip": tf.clip_by_value,
    "concatenate": tf.concat,
    "cumsum": _rounded_once(tf.cumsum),
    "erf": _erf,
    "erfc": _erfc,
    "flip": _flip,
    "linear": _linear,
    "matmul": _matmul,
    "max": _rounded_once(_in_order(tf.reduce_max)),
    "maximum": _binary(_in_order(tf.maximum)),
    "mean": _rounded_once(tf.reduce_mean),
    "minimum": _binary(_in_order(tf.minimum)),
    "one_hot": _one_hot,
    "pad": _pad,
    "power": _power,
    "relu": tf.nn.relu,
    "reshape": _reshape,
    "shape": _shape,
    "sign": tf.sign,
    "stack": tf.stack,
    "stop_gradient": tf.stop_gradient,
    "sum": _rounded_once(tf.reduce_sum),
    "take": _take,
    "transpose": _transpose,
    "where": _binary(tf.where),
}
