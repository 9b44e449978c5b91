"""Random numbers by key: JAX's own, always by Threefry, whatever the configuration says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from convdispatch.kit import draws_from
from convdispatch_jax._functions import cast, dtype_of


def _native(key: jax.Array) -> jax.Array:
    bits = lax.bitcast_convert_type(key, jnp.uint32)
    native: jax.Array = jax.random.wrap_key_data(bits, impl="threefry2x32")
    return native


def _fold(key: jax.Array, number: Any) -> jax.Array:
    # Fold once more with a constant, because a draw from the key gives the bits of the first fold.
    folded = jax.random.fold_in(jax.random.fold_in(_native(key), number), 1)
    return lax.bitcast_convert_type(jax.random.key_data(folded), jnp.int32)


def _uniform(key: jax.Array, shape: Sequence[Any], dtype: str) -> jax.Array:
    return jax.random.uniform(_native(key), shape, dtype_of(dtype))


def _normal(key: jax.Array, shape: Sequence[Any], dtype: str) -> jax.Array:
    return jax.random.normal(_native(key), shape, dtype_of(dtype))


RANDOM: Mapping[str, Callable[..., Any]] = draws_from(
    fold=_fold, uniform=_uniform, normal=_normal, cast=cast, minimum=jnp.minimum
)
