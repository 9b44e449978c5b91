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
import ml_dtypes
import numpy as np
from jax import lax

from convdispatch import kit
from convdispatch.errors import UnsupportedOp

_rounded_once, _rounded_once_of_several = kit.rounding(
    halves=(jnp.dtype("float16"), jnp.dtype("bfloat16")),
    single="float32",
    cast=lambda x, dtype: x.astype(dtype),
)


def _linear(x: jax.Array) -> jax.Array:
    return x


def _choosing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that gives numbers of its last two arguments, in their element type."""
    rounded = _rounded_once_of_several(function)

    def chosen(*arguments: Any) -> Any:
        y = rounded(*arguments)
        # To JAX the larger of a bool and a number is an int32.
        is_bool = any(getattr(x, "dtype", None) == np.dtype(bool) for x in arguments[-2:])
        return y.astype(bool) if is_bool else y

    return chosen


def dtype_of(name: str) -> np.dtype[Any]:
    """Return the element type of that name, or raise `UnsupportedOp` if JAX lacks it."""
    require_kept(name)
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def cast(tensor: jax.Array, dtype: str) -> jax.Array:
    """Return the tensor with another element type."""
    return tensor.astype(dtype_of(dtype))


def require_kept(name: str) -> None:
    """Raise `UnsupportedOp` for the name of a type of 64 bits that JAX would make one of 32."""
    if name in ("float64", "int64") and jax.dtypes.canonicalize_dtype(name) != name:
        raise UnsupportedOp(
            f"the backend 'jax' does not support {name} now: JAX would compute in "
            f"{name.replace('64', '32')} without its x64 mode. Set the environment variable "
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


def _clip(x: jax.Array, low: float, high: float) -> jax.Array:
    # The whole gradient at the limits, as every other framework; jax 0.10.2 passes half of it.
    y = jnp.where(x < low, low, x)
    return jnp.where(y > high, high, y).astype(x.dtype)


_pow = _rounded_once_of_several(jnp.power)
# In jax 0.10.2 the gradients of x**0.0 and x**1.0, to the second order, are NaN for x = 0.
_POWERS: Mapping[float, Callable[..., Any]] = {
    0: jnp.ones_like,
    1: _linear,
    2: _rounded_once(jnp.square),
}


def _power(x: Any, y: Any) -> Any:
    simple = _POWERS.get(y) if isinstance(y, int | float) else None
    return _pow(x, y) if simple is None else simple(x)


def _take(x: jax.Array, indices: Any, axis: int) -> jax.Array:
    cells = kit.as_slice(indices, x.shape[axis])
    if cells is None:
        return jnp.take(x, indices, axis)
    return lax.slice_in_dim(x, cells.start, cells.stop, cells.step, axis)


def _one_hot(indices: Any, depth: int, dtype: str) -> jax.Array:
    return jax.nn.one_hot(indices, depth, dtype=dtype_of(dtype))


def _shape(x: jax.Array) -> tuple[int, ...]:
    return x.shape


def _pad(x: jax.Array, pads: Any, value: float = 0.0) -> jax.Array:
    return jnp.pad(x, pads, constant_values=value)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **{
        name: getattr(jnp, name)
        for name in (
            "abs", "argmax", "concatenate", "equal", "flip", "greater", "greater_equal", "less",
            "less_equal", "not_equal", "reshape", "sign", "stack", "transpose",
        )
    },
    **{
        name: _rounded_once(getattr(jnp, name))
        for name in ("cumsum", "exp", "expm1", "log", "max", "mean", "sqrt", "sum", "tanh")
    },
    **{
        name: _choosing(getattr(jnp, name))
        for name in ("maximum", "minimum", "where")
    },
    "clip": _clip,
    "erf": _rounded_once(jax.scipy.special.erf),
    "erfc": _rounded_once(jax.scipy.special.erfc),
    "linear": _linear,
    "log1p": _rounded_once(_log1p),
    # The default precision of accelerators is less than float32's.
    "matmul": _rounded_once_of_several(partial(jnp.matmul, precision=lax.Precision.HIGHEST)),
    "one_hot": _one_hot,
    "pad": _pad,
    "power": _power,
    "relu": jax.nn.relu,
    "shape": _shape,
    "sigmoid": _rounded_once(jax.nn.sigmoid),
    "stop_gradient": lax.stop_gradient,
    "take": _rounded_once(_take),
}  # fmt: skip
