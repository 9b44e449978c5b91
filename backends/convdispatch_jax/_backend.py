"""The JAX backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import ml_dtypes
import numpy as np
import numpy.typing as npt

from convdispatch.ops import Op, PartialShape, Signature
from convdispatch_jax._functions import FUNCTIONS, dtype_of, require_kept
from convdispatch_jax._inference import Inference
from convdispatch_jax._lowering import candidates, lower

Array = npt.NDArray[Any]

# Of the element types that JAX always has: those of 64 bits are a mode.
_NAMES = {
    np.dtype(kind): np.dtype(kind).name
    for kind in (np.float16, ml_dtypes.bfloat16, np.float32, np.bool_, np.uint8, np.int32)
}

_ARRAYS: set[type] = set()  # classes of arrays, traced ones included, that were seen


class JaxBackend:
    """Adapts JAX's arrays to `convdispatch.ops.Backend`."""

    name = "jax"
    functions: Mapping[str, Callable[..., Any]] = FUNCTIONS

    def lower(self, op: Op, signature: Signature) -> Callable[..., Any]:
        return lower(op, signature)

    def candidates(self, op: Op, signature: Signature) -> Mapping[str, Callable[..., Any]]:
        return candidates(op, signature)

    def conversion(self, dtype: str) -> str:
        return "x.real" if dtype.startswith("complex") else "x.astype('float32')"

    def owns(self, value: object) -> bool:
        # At every call: to ask `jax.Array`, whose metaclass looks further, takes ten times as long.
        kind = type(value)
        if kind in _ARRAYS:
            return True
        if isinstance(value, jax.Array):
            _ARRAYS.add(kind)
            return True
        return False

    def describe(self, tensor: jax.Array) -> tuple[PartialShape, str]:
        dtype = tensor.dtype
        name = _NAMES.get(dtype)  # at every call of a layer: no string is made
        if name is None:
            name = dtype.name
            require_kept(name)  # the mode may have changed since the array was made
        return tensor.shape, name

    def asarray(self, value: Array, dtype: str) -> jax.Array:
        # Copied by NumPy: on a CPU `device_put` may share the array's memory, and `jnp.array`
        # compiles a program to copy it, which JAX keeps, for each shape.
        made: jax.Array = jax.device_put(np.array(value, dtype_of(dtype), order="C"))
        return made

    def variable(self, value: Array, dtype: str) -> jax.Array:
        return self.asarray(value, dtype)

    def assign(self, variable: jax.Array, value: Array) -> jax.Array:
        """Return the new value: JAX's arrays are immutable."""
        assigned: jax.Array = jax.device_put(
            self.asarray(value, variable.dtype.name), variable.sharding
        )
        return assigned

    def cast(self, tensor: jax.Array, dtype: str) -> jax.Array:
        return tensor.astype(dtype_of(dtype))

    def to_numpy(self, tensor: jax.Array) -> Array:
        return np.asarray(tensor)

    def synchronize(self, tensor: jax.Array) -> None:
        tensor.block_until_ready()

    def outside_trace(self, fn: Callable[[], object]) -> object:
        with jax.ensure_compile_time_eval():
            return fn()

    def compile(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        return jax.jit(fn)

    def compile_inference(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        """Return `fn(variables, inputs)` compiled for each shape, the latest of which are kept."""
        return Inference(fn, dtype_of)

    def value_and_grad(
        self, fn: Callable[[Sequence[jax.Array]], jax.Array]
    ) -> Callable[[Sequence[jax.Array]], tuple[jax.Array, list[jax.Array]]]:
        # Jitted: one compilation instead of one for each primitive and each of its derivatives.
        differentiate = jax.jit(jax.value_and_grad(fn))
        return lambda tensors: differentiate(list(tensors))


backend = JaxBackend()
