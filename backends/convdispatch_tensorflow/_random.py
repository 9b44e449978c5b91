"""Random numbers by key: TensorFlow's stateless ones, by Philox on every device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from convdispatch.kit import draws_from
from convdispatch_tensorflow._framework import tf

_ALGORITHM = "philox"  # by default another one for some devices and compilers


def _fold(key: Any, number: Any) -> Any:
    mixed = tf.bitwise.bitwise_xor(_bits(key), tf.stack([tf.cast(number, tf.int32), 0]))
    return _bits(mixed)


def _bits(key: Any) -> Any:
    """Return two numbers of full range that are unique to each key."""
    return tf.random.stateless_uniform(
        [2], key, minval=None, maxval=None, dtype=tf.int32, alg=_ALGORITHM
    )


def _drawing(draw: Callable[..., Any]) -> Callable[..., Any]:
    return lambda key, shape, dtype: draw(shape, key, dtype=dtype, alg=_ALGORITHM)


RANDOM: Mapping[str, Callable[..., Any]] = draws_from(
    fold=_fold,
    uniform=_drawing(tf.random.stateless_uniform),
    normal=_drawing(tf.random.stateless_normal),
    cast=tf.cast,
    minimum=tf.minimum,
)
