"""The table of functions that behave as NumPy's and keep the tensor's element type.

Half precision is computed in float32 and rounded once: TensorFlow's own float16 and bfloat16
kernels round intermediate results, and differ in where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from convdispatch.kit import as_slice
from convdispatch.ops import HALF_DTYPES
from convdispatch_tensorflow._framework import tf

Function = Callable[..., Any]
Axes = int | Sequence[int] | None

_HALF = {tf.as_dtype(name) for name in HALF_DTYPES}


def rounded_once(compute: Function) -> Function:
    """Return `compute`, a function of tensors, carried out in float32 for half-precision ones."""

    @wraps(compute)
    def computed(x: Any, *others: Any, **options: Any) -> Any:
        if x.dtype not in _HALF:
            return compute(x, *others, **options)
        wide = (tf.cast(tensor, tf.float32) for tensor in (x, *others))
        return tf.cast(compute(*wide, **options), x.dtype)

    return computed


def _linear(x: Any) -> Any:
    return x


def _binary(combine: Function) -> Function:
    rounded = rounded_once(combine)
    return lambda x, y: rounded(*_of_one_dtype(x, y))


def _where(condition: Any, x: Any, y: Any) -> Any:
    choose = rounded_once(lambda x, y: tf.where(condition, x, y))
    return choose(*_of_one_dtype(x, y))


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

    def function(x: Any, *others: Any) -> Any:
        if x.dtype != tf.bool:
            return compare(x, *others)
        # tensorflow 2.21 has no order of bool: "Value for attr 'T' of bool is not in the list".
        numbers = (tf.cast(y, tf.uint8) if tf.is_tensor(y) else y for y in (x, *others))
        return tf.cast(compare(*numbers), tf.bool)

    return function


def _comparison(compare: Function) -> Function:
    ordered = _in_order(compare)
    return lambda x, y: ordered(*_of_one_dtype(x, y))


def _reduction(reduce: Function) -> Function:
    def function(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
        return rounded_once(lambda tensor: reduce(tensor, axis, keepdims))(x)

    return function


@rounded_once
def _erf(x: Any) -> Any:
    # tensorflow 2.21 on processors with AVX-512: the erf of a float64 beyond 1.3e154 is NaN, and
    # so is its gradient. From 6 on it is 1 in every element type.
    is_far = tf.abs(x) > 6
    return tf.where(is_far, tf.sign(x), tf.math.erf(tf.where(is_far, tf.zeros_like(x), x)))


_pow = _binary(tf.pow)
# In tensorflow 2.21 the gradients of x**0 and x**1, to the second order, are NaN for x = 0.
_POWERS: Mapping[float, Function] = {
    0: tf.ones_like,
    1: tf.identity,
    2: rounded_once(tf.square),
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


def _take(x: Any, indices: Any, axis: int) -> Any:
    axis %= x.shape.rank
    cells = as_slice(indices, x.shape[axis])
    if cells is not None:
        return x[(*[slice(None)] * axis, cells)]
    # In int32: `tf.gather` has no uint8. Along a later axis: the gradient along the first one is
    # no tensor but `tf.IndexedSlices`. In float32: the gradient adds up.
    at = tf.cast(indices, tf.int32)
    return rounded_once(lambda x: tf.gather(x[None], at, axis=axis + 1)[0])(x)


def _cumsum(x: Any, axis: int) -> Any:
    return rounded_once(lambda tensor: tf.cumsum(tensor, axis))(x)


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


@rounded_once
def _matmul(a: Any, b: Any) -> Any:
    if b.shape.rank <= 2:
        return tf.tensordot(a, b, 1)
    return tf.matmul(a, b) if a.shape.rank > 1 else tf.squeeze(tf.matmul(a[None], b), -2)


def _reshape(x: Any, shape: Any) -> Any:
    return tf.reshape(x, [shape] if isinstance(shape, int) else shape)


def _transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    # XLA in tensorflow 2.21 rejects an axis counted from the end: tf.transpose(x, (0, -1, 1)).
    return tf.transpose(x, None if axes is None else [axis % x.shape.rank for axis in axes])


# What an op ends with, in the element type that the op computes in.
ACTIVATIONS: Mapping[str, Function] = {
    "linear": _linear,
    "relu": tf.nn.relu,
    "sigmoid": tf.sigmoid,
    "tanh": tf.tanh,
}

FUNCTIONS: Mapping[str, Function] = {
    "abs": tf.abs,
    "argmax": _argmax,
    "clip": tf.clip_by_value,
    "concatenate": tf.concat,
    "cumsum": _cumsum,
    "equal": _comparison(tf.equal),
    "erf": _erf,
    "exp": rounded_once(tf.exp),
    "expm1": rounded_once(tf.math.expm1),
    "flip": _flip,
    "greater": _comparison(tf.greater),
    "greater_equal": _comparison(tf.greater_equal),
    "less": _comparison(tf.less),
    "less_equal": _comparison(tf.less_equal),
    "linear": _linear,
    "log": rounded_once(tf.math.log),
    "log1p": rounded_once(tf.math.log1p),
    "matmul": _matmul,
    "max": _reduction(_in_order(tf.reduce_max)),
    "maximum": _binary(_in_order(tf.maximum)),
    "mean": _reduction(tf.reduce_mean),
    "minimum": _binary(_in_order(tf.minimum)),
    "not_equal": _comparison(tf.not_equal),
    "one_hot": _one_hot,
    "pad": _pad,
    "power": _power,
    "relu": tf.nn.relu,
    "reshape": _reshape,
    "shape": _shape,
    "sigmoid": rounded_once(tf.sigmoid),
    "sign": tf.sign,
    "sqrt": rounded_once(tf.sqrt),
    "stack": tf.stack,
    "stop_gradient": tf.stop_gradient,
    "sum": _reduction(tf.reduce_sum),
    "take": _take,
    "tanh": rounded_once(tf.tanh),
    "transpose": _transpose,
    "where": _where,
}
