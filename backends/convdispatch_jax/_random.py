"""Random numbers by key: JAX's own, always by Threefry, whatever the configuration says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from convdispatch.kit import below_one
from convdispatch_jax._functions import dtype_of


def fold(key: jax.Array, number: Any) -> jax.Array:
    """Return another key."""
    # Fold once more with a constant, because a draw from the key gives the bits of the first fold.
    folded = jax.random.fold_in(jax.random.fold_in(_native(key), number), 1)
    return lax.bitcast_convert_type(jax.random.key_data(folded), jnp.int32)


def uniform(key: jax.Array, shape: Sequence[Any], dtype: str) -> jax.Array:
    """Return numbers in [0, 1)."""
    numbers = jax.random.uniform(_native(key), tuple(shape), _drawn_in(dtype))
    return jnp.minimum(numbers, below_one(dtype)).astype(dtype_of(dtype))


def normal(key: jax.Array, shape: Sequence[Any], dtype: str) -> jax.Array:
    """Return numbers of mean 0 and variance 1."""
    numbers = jax.random.normal(_native(key), tuple(shape), _drawn_in(dtype))
    return numbers.astype(dtype_of(dtype))


def bernoulli(key: jax.Array, shape: Sequence[Any], dtype: str, probability: Any) -> jax.Array:
    """Return ones with that probability, and zeros."""
    numbers = jax.random.uniform(_native(key), tuple(shape), jnp.float32)
    ones: jax.Array = numbers < probability
    return ones.astype(dtype_of(dtype))


def _native(key: jax.Array) -> jax.Array:
    bits = lax.bitcast_convert_type(key, jnp.uint32)
    native: jax.Array = jax.random.wrap_key_data(bits, impl="threefry2x32")
    return native


def _drawn_in(dtype: str) -> Any:
    return dtype_of("float64" if dtype == "float64" else "float32")


RANDOM: Mapping[str, Callable[..., jax.Array]] = {
    "fold": fold,
    "uniform": uniform,
    "normal": normal,
    "bernoulli": bernoulli,
}
