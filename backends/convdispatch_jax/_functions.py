"""The table of elementwise functions, reductions and products: JAX already speaks NumPy.

Half precision is computed in float32 and rounded once: XLA's own functions of float16 are written
down in float16, where 1 / (1 + exp(11.5)) is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

_HALF = (jnp.dtype("float16"), jnp.dtype("bfloat16"))


def _linear(x: jax.Array) -> jax.Array:
    return x


def _rounded_once(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function of an array, computing half precision in float32."""

    def computed(x: jax.Array, *arguments: Any, **options: Any) -> Any:
        if x.dtype not in _HALF:
            return function(x, *arguments, **options)
        return function(x.astype("float32"), *arguments, **options).astype(x.dtype)

    return computed


def _rounded_once_of_several(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function of arrays and numbers, computing in float32 where all are in half."""

    def computed(*arguments: Any) -> Any:
        dtypes = {a.dtype for a in arguments if isinstance(a, jax.Array)} - {jnp.dtype(bool)}
        if len(dtypes) != 1 or not dtypes.issubset(_HALF):
            return function(*arguments)
        (dtype,) = dtypes
        wide = (a.astype("float32") if getattr(a, "dtype", None) == dtype else a for a in arguments)
        return function(*wide).astype(dtype)

    return computed


def _log1p(x: jax.Array) -> jax.Array:
    if x.dtype != jnp.float64:
        return jnp.log1p(x)
    # XLA's of jax 0.10.2 loses eight bits of float64 between -0.41 and -0.37. From -1/4 down the
    # sum 1 + x loses nothing.
    is_low = x < -0.25
    low, high = jnp.where(is_low, x, 0), jnp.where(is_low, 0, x)
    return jnp.where(is_low, jnp.log(1 + low), jnp.log1p(high))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "linear": _linear,
    "relu": jax.nn.relu,
    **{name: getattr(jnp, name) for name in ("abs", "flip", "reshape", "transpose")},
    "erf": _rounded_once(jax.scipy.special.erf),
    "log1p": _rounded_once(_log1p),
    # The default precision of accelerators is less than float32's.
    "matmul": _rounded_once_of_several(partial(jnp.matmul, precision=lax.Precision.HIGHEST)),
    "sigmoid": _rounded_once(jax.nn.sigmoid),
    **{
        name: _rounded_once(getattr(jnp, name))
        for name in ("exp", "expm1", "log", "max", "mean", "sqrt", "sum", "tanh")
    },
    **{
        name: _rounded_once_of_several(getattr(jnp, name))
        for name in ("maximum", "minimum", "where")
    },
}
