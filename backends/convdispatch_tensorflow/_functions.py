"""The table of functions that behave as NumPy's and keep the tensor's element type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convdispatch_tensorflow._framework import tf
from convdispatch_tensorflow._precision import rounded_once

Function = Callable[..., Any]
Axes = int | Sequence[int] | None


def _linear(x: Any) -> Any:
    return x


def _binary(combine: Function) -> Function:
    rounded = rounded_once(combine)

    def function(x: Any, y: Any) -> Any:
        return rounded(*_of_one_dtype(x, y))

    return function


def _where(condition: Any, x: Any, y: Any) -> Any:
    choose = rounded_once(lambda x, y: tf.where(condition, x, y))
    return choose(*_of_one_dtype(x, y))


def _of_one_dtype(*values: Any) -> list[Any]:
    """Give Python numbers the element type of the tensors that they come with."""
    # tensorflow 2.21 takes the type of the first argument inside tf.function: there
    # tf.maximum(0.0, x) is a TypeError for a float16 x.
    dtypes = [value.dtype for value in values if isinstance(value, tf.Tensor | tf.Variable)]
    dtype = dtypes[0] if dtypes else tf.float32
    return [tf.convert_to_tensor(value, dtype) for value in values]


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
    "erf": _erf,
    "exp": rounded_once(tf.exp),
    "expm1": rounded_once(tf.math.expm1),
    "flip": _flip,
    "linear": _linear,
    "log": rounded_once(tf.math.log),
    "log1p": rounded_once(tf.math.log1p),
    "matmul": _matmul,
    "max": _reduction(tf.reduce_max),
    "maximum": _binary(tf.maximum),
    "mean": _reduction(tf.reduce_mean),
    "minimum": _binary(tf.minimum),
    "relu": tf.nn.relu,
    "reshape": _reshape,
    "sigmoid": rounded_once(tf.sigmoid),
    "sqrt": rounded_once(tf.sqrt),
    "sum": _reduction(tf.reduce_sum),
    "tanh": rounded_once(tf.tanh),
    "transpose": _transpose,
    "where": _where,
}
