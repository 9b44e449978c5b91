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


def _typed(number: Any, tensor: Any) -> Any:
    """Return a number in the tensor's element type: inside tf.function the first argument's counts.

    In tensorflow 2.21 tf.maximum(0.0, x) is a TypeError there for a float16 x.
    """
    if tf.is_tensor(number):
        return number
    return tf.convert_to_tensor(bool(number) if tensor.dtype == tf.bool else number, tensor.dtype)


def _in_order(compare: Function) -> Function:
    """Return a function that compares numbers, for bool as well."""

    def function(x: Any, *others: Any, **options: Any) -> Any:
        if x.dtype != tf.bool:
            return compare(x, *others, **options)
        # tensorflow 2.21 has no order of bool: "Value for attr 'T' of bool is not in the list".
        numbers = (tf.cast(y, tf.uint8) if tf.is_tensor(y) else y for y in (x, *others))
        return tf.cast(compare(*numbers, **options), tf.bool)

    return function


def _beyond(limit: float, function: Function, far: Function) -> Function:
    """Return the function, which is `far` of a number's sign beyond the limit."""

    def computed(x: Any) -> Any:
        # tensorflow 2.21 on processors with AVX-512: the erf and the erfc of a float64 beyond
        # 1.3e154 are NaN, and so are their gradients.
        is_far = tf.abs(x) > limit
        return tf.where(is_far, far(tf.sign(x)), function(tf.where(is_far, tf.zeros_like(x), x)))

    return computed


def _argmax(x: Any, axis: int) -> Any:
    if not x.dtype.is_floating:
        return tf.argmax(tf.cast(x, tf.uint8) if x.dtype == tf.bool else x, axis)
    # To tensorflow 2.21 NaN is smaller than every number: the argmax of (1, NaN) is 0.
    is_nan = tf.cast(tf.math.is_nan(x), tf.uint8)
    has_nan = tf.reduce_max(is_nan, axis) > 0
    return tf.where(has_nan, tf.argmax(is_nan, axis), tf.argmax(x, axis))


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


def _shape(x: Any) -> tuple[Any, ...]:
    sizes = x.shape.as_list()
    counted = tf.shape(x) if None in sizes else sizes
    return tuple(counted[i] if size is None else size for i, size in enumerate(sizes))


def _flip(x: Any, axes: int | Sequence[int] | None = None) -> Any:
    chosen = range(x.shape.rank) if axes is None else axes
    return tf.reverse(x, [chosen] if isinstance(chosen, int) else list(chosen))


def _matmul(a: Any, b: Any) -> Any:
    if a.shape.rank == b.shape.rank == 2:
        return tf.raw_ops.MatMul(a=a, b=b)  # `tf.matmul` looks at its arguments first
    if b.shape.rank <= 2:
        return tf.tensordot(a, b, 1)
    return tf.matmul(a, b) if a.shape.rank > 1 else tf.squeeze(tf.matmul(a[None], b), -2)


def _transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    # XLA in tensorflow 2.21 rejects an axis counted from the end: tf.transpose(x, (0, -1, 1)).
    return tf.transpose(x, None if axes is None else [axis % x.shape.rank for axis in axes])


_ORDERED = ("greater", "greater_equal", "less", "less_equal", "maximum", "minimum")

FUNCTIONS: Mapping[str, Function] = kit.functions_from(
    tf.math,
    {
        **{name: _in_order(getattr(tf, name)) for name in _ORDERED},
        "argmax": _argmax,
        "clip": tf.clip_by_value,
        "concatenate": tf.concat,
        "erf": _beyond(6, tf.math.erf, tf.identity),
        "erfc": _beyond(30, tf.math.erfc, lambda sign: 1 - sign),
        "flip": _flip,
        "matmul": _matmul,
        "max": _in_order(tf.reduce_max),
        "mean": tf.reduce_mean,
        "one_hot": lambda indices, depth, dtype: tf.cast(
            tf.one_hot(indices, depth, True, False, dtype=tf.bool), dtype
        ),
        "pad": _pad,
        # In tensorflow 2.21 the gradients of x**0 and x**1, to the second order, are NaN for x = 0.
        "power": kit.simple_powers(
            lambda x, y: tf.pow(_typed(x, y), _typed(y, x)), ones=tf.ones_like, square=tf.square
        ),
        "relu": tf.nn.relu,
        "reshape": lambda x, shape: tf.reshape(x, [shape] if isinstance(shape, int) else shape),
        "shape": _shape,
        "stack": tf.stack,
        "stop_gradient": tf.stop_gradient,
        "sum": tf.reduce_sum,
        "take": _take,
        "transpose": _transpose,
        "where": tf.where,
    },
    halves={tf.as_dtype(name) for name in HALF_DTYPES},
    single=tf.float32,
    cast=tf.cast,
    typed=_typed,
)
