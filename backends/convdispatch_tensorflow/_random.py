"""Random numbers by key: TensorFlow's stateless ones, by Philox on every device."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convdispatch.kit import below_one
from convdispatch_tensorflow._framework import tf

_ALGORITHM = "philox"  # by default another one for some devices and compilers


def fold(key: Any, number: Any) -> Any:
    """Return another key."""
    mixed = tf.bitwise.bitwise_xor(_bits(key), tf.stack([tf.cast(number, tf.int32), 0]))
    return _bits(mixed)


def uniform(key: Any, shape: Sequence[Any], dtype: str) -> Any:
    """Return numbers in [0, 1)."""
    numbers = tf.random.stateless_uniform(shape, key, dtype=_drawn_in(dtype), alg=_ALGORITHM)
    return tf.cast(tf.minimum(numbers, below_one(dtype)), dtype)


def normal(key: Any, shape: Sequence[Any], dtype: str) -> Any:
    """Return numbers of mean 0 and variance 1."""
    numbers = tf.random.stateless_normal(shape, key, dtype=_drawn_in(dtype), alg=_ALGORITHM)
    return tf.cast(numbers, dtype)


def bernoulli(key: Any, shape: Sequence[Any], dtype: str, probability: Any) -> Any:
    """Return ones with that probability, and zeros."""
    numbers = tf.random.stateless_uniform(shape, key, dtype=tf.float32, alg=_ALGORITHM)
    return tf.cast(numbers < tf.cast(probability, tf.float32), dtype)


def _bits(key: Any) -> Any:
    """Return two numbers of full range that are unique to each key."""
    return tf.random.stateless_uniform(
        [2], key, minval=None, maxval=None, dtype=tf.int32, alg=_ALGORITHM
    )


def _drawn_in(dtype: str) -> str:
    return "float64" if dtype == "float64" else "float32"


RANDOM: Mapping[str, Callable[..., Any]] = {
    "fold": fold,
    "uniform": uniform,
    "normal": normal,
    "bernoulli": bernoulli,
}
