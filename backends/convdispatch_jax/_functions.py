"""The table of elementwise functions, reductions and products: JAX already speaks NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax


def _linear(x: jax.Array) -> jax.Array:
    return x


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "erf": jax.scipy.special.erf,
    "linear": _linear,
    # The default precision of accelerators is less than float32's.
    "matmul": partial(jnp.matmul, precision=lax.Precision.HIGHEST),
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
    **{
        name: getattr(jnp, name)
        for name in (
            "abs",
            "exp",
            "expm1",
            "flip",
            "log",
            "log1p",
            "max",
            "maximum",
            "mean",
            "minimum",
            "reshape",
            "sqrt",
            "sum",
            "tanh",
            "transpose",
            "where",
        )
    },
}
