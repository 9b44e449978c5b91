"""The table of functions, for JAX already speaks NumPy, and the random numbers.

Half precision is computed in float32 and rounded once: XLA's own functions of float16 are written
down in float16, where 1 / (1 + exp(11.5)) is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
from jax import lax

from convdispatch import kit
from convdispatch.errors import UnsupportedOp


def dtype_of(name: str) -> np.dtype[Any]:
    """Return the element type of that name, or raise `UnsupportedOp` if JAX lacks it."""
    require_kept(name)
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def cast(tensor: jax.Array, dtype: str) -> jax.Array:
    """Return the tensor with another element type."""
    return tensor.astype(dtype_of(dtype))


# What JAX makes of them without its x64 mode.
_OF_64_BITS = {
    "float64": "float32", "int64": "int32", "uint64": "uint32", "complex128": "complex64",
}  # fmt: skip


def require_kept(name: str) -> None:
    """Raise `UnsupportedOp` for the name of a type of 64 bits that JAX would make one of 32."""
    if name in _OF_64_BITS and jax.dtypes.canonicalize_dtype(name) != name:
        raise UnsupportedOp(
            f"the backend 'jax' does not support {name} now: JAX would compute in "
            f"{_OF_64_BITS[name]} without its x64 mode. Set the environment variable "
            'JAX_ENABLE_X64=1, or call `jax.config.update("jax_enable_x64", True)` before the '
            "first array is made."
        )


def _log1p(x: jax.Array) -> jax.Array:
    if x.dtype != jnp.float64:
        return jnp.log1p(x)
    # XLA's of jax 0.10.2 loses eight bits of float64 between -0.41 and -0.37. From -1/4 down the
    # sum 1 + x loses nothing.
    is_low = x < -0.25
    low, high = jnp.where(is_low, x, 0), jnp.where(is_low, 0, x)
    return jnp.where(is_low, jnp.log(1 + low), jnp.log1p(high))


@jax.custom_jvp
def _abs(x: jax.Array) -> jax.Array:
    return jnp.abs(x)


# The slope 0 at 0, as every other framework; that of jax 0.10.2 is 1 there.
_abs.defjvps(lambda tangent, answer, x: tangent * jnp.sign(x))


def _clip(x: jax.Array, low: float, high: float) -> jax.Array:
    # The whole gradient at the limits, as every other framework; jax 0.10.2 passes half of it.
    y = jnp.where(x < low, low, x)
    return jnp.where(y > high, high, y).astype(x.dtype)


def _take(x: jax.Array, indices: Any, axis: int) -> jax.Array:
    cells = kit.as_slice(indices, x.shape[axis])
    if cells is None:
        return jnp.take(x, indices, axis)
    return lax.slice_in_dim(x, cells.start, cells.stop, cells.step, axis)


FUNCTIONS: Mapping[str, Callable[..., Any]] = kit.functions_from(
    jnp,
    {
        "abs": _abs,
        "clip": _clip,
        "erf": jax.scipy.special.erf,
        "erfc": jax.scipy.special.erfc,
        "log1p": _log1p,
        # The default precision of accelerators is less than float32's.
        "matmul": partial(jnp.matmul, precision=lax.Precision.HIGHEST),
        "one_hot": lambda indices, depth, dtype: jax.nn.one_hot(
            indices, depth, dtype=dtype_of(dtype)
        ),
        "pad": lambda x, pads, value=0.0: jnp.pad(x, pads, constant_values=value),
        # In jax 0.10.2 the gradients of x**0.0 and x**1.0, to the second order, are NaN at 0.
        "power": kit.simple_powers(jnp.power, ones=jnp.ones_like, square=jnp.square),
        "relu": jax.nn.relu,
        "sigmoid": jax.nn.sigmoid,
        "stop_gradient": lax.stop_gradient,
        "take": _take,
    },
    halves=(jnp.dtype("float16"), jnp.dtype("bfloat16")),
    single="float32",
    cast=lambda x, dtype: x.astype(dtype),
    # To JAX the larger of a bool and a number is an int32.
    typed=lambda number, x: np.asarray(number, x.dtype),
)


def _key(key: jax.Array) -> jax.Array:
    """Return the key as JAX's own, always for Threefry, whatever the configuration says."""
    bits = lax.bitcast_convert_type(key, jnp.uint32)
    native: jax.Array = jax.random.wrap_key_data(bits, impl="threefry2x32")
    return native


def _fold(key: jax.Array, number: Any) -> jax.Array:
    # Fold once more with a constant, because a draw from the key gives the bits of the first fold.
    folded = jax.random.fold_in(jax.random.fold_in(_key(key), number), 1)
    return lax.bitcast_convert_type(jax.random.key_data(folded), jnp.int32)


RANDOM: Mapping[str, Callable[..., Any]] = kit.draws_from(
    fold=_fold,
    uniform=lambda key, shape, dtype: jax.random.uniform(_key(key), shape, dtype_of(dtype)),
    normal=lambda key, shape, dtype: jax.random.normal(_key(key), shape, dtype_of(dtype)),
    cast=cast,
    minimum=jnp.minimum,
)
