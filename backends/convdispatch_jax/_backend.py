"""The JAX backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import ml_dtypes
import numpy as np
import numpy.typing as npt
from jax import lax
from jax._src.array import ArrayImpl

from convdispatch.kit import Apply, as_function, checked_step
from convdispatch.ops import (
    Differentiable,
    Differentiated,
    Model,
    Op,
    PartialShape,
    Scan,
    ScanStep,
    Signature,
    Step,
    Tree,
)
from convdispatch_jax._functions import FUNCTIONS, RANDOM, cast, dtype_of, require_kept
from convdispatch_jax._group import JaxGroup, joined
from convdispatch_jax._inference import Inference
from convdispatch_jax._joining import initialize
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
    random: Mapping[str, Callable[..., Any]] = RANDOM

    def __init__(self, device: Any = None) -> None:
        self._device = device  # None: JAX's own default

    def lower(self, op: Op, signature: Signature) -> Callable[..., Any]:
        return lower(op, signature, self)

    def candidates(self, op: Op, signature: Signature) -> Mapping[str, Callable[..., Any]]:
        return candidates(op, signature, self)

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
        if type(tensor) is not ArrayImpl:  # a traced one, which may have unknown sizes
            sizes = tensor.shape
            return tuple(size if isinstance(size, int) else None for size in sizes), name
        return tensor.shape, name

    def asarray(self, value: Array, dtype: str) -> jax.Array:
        # Copied by NumPy: on a CPU `device_put` may share the array's memory, and `jnp.array`
        # compiles a program to copy it, which JAX keeps, for each shape.
        made: jax.Array = jax.device_put(np.array(value, dtype_of(dtype), order="C"), self._device)
        return made

    def variable(self, value: Array, dtype: str) -> jax.Array:
        return self.asarray(value, dtype)

    def assign(self, variable: jax.Array, value: Array | jax.Array) -> jax.Array:
        """Return the new value: JAX's arrays are immutable."""
        if not isinstance(value, jax.Array):
            value = self.asarray(value, variable.dtype.name)
        elif value.dtype != variable.dtype:
            value = value.astype(variable.dtype)
        # An array that is committed to its device is of another type to `jit`, which compiles anew.
        is_free = not (variable.committed or value.committed)
        place = None if is_free and value.sharding == variable.sharding else variable.sharding
        # Never the same memory: a step may take that of the variable.
        assigned: jax.Array = jax.device_put(value, place, may_alias=False)
        return assigned

    def cast(self, tensor: jax.Array, dtype: str) -> jax.Array:
        return cast(tensor, dtype)

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

    def compile_scan(self, step: ScanStep) -> Scan:
        @jax.jit
        def run(weights: Any, state: Any, inputs: Any) -> Any:
            return jax.lax.scan(lambda held, at: step(weights, held, at), state, inputs)

        return run

    def value_and_grad(self, fn: Differentiable) -> Differentiated:
        # Jitted: one compilation instead of one for each primitive and each of its derivatives.
        differentiate = jax.jit(jax.value_and_grad(fn, has_aux=True))
        return lambda tensors: differentiate(list(tensors))

    def compile_step(self, step: Step) -> Step:
        """Return the compiled step, which takes the variables' memory for their new values."""
        compiled = self.compiled_step(step)
        return lambda variables, inputs: compiled(list(variables), inputs)

    def compiled_step(self, step: Step, **options: Any) -> Callable[..., Any]:
        """Return the step compiled with options of `jax.jit`, for a list of variables."""
        step = checked_step(step, self.describe)

        def typed(variables: Sequence[jax.Array], inputs: Tree) -> tuple[Sequence[jax.Array], Tree]:
            new, result = step(variables, inputs)
            # Without the weak types that Python numbers have: they are others to the next step.
            pairs = zip(variables, new, strict=True)
            return [lax.convert_element_type(value, old.dtype) for old, value in pairs], result

        return jax.jit(typed, donate_argnums=0, **options)

    def devices(self) -> list[str]:
        return list(_devices())

    def on_device(self, device: str) -> JaxBackend | None:
        found = _devices().get(device)
        return None if found is None else JaxBackend(found)

    def group(self, variables: Sequence[jax.Array]) -> JaxGroup | None:
        return joined(self)

    def wrap(self, model: Model) -> tuple[Apply, dict[str, Any]]:
        return as_function(model)


def _devices() -> dict[str, Any]:
    """Return the devices of this process by name, the default one first."""
    found = jax.local_devices()
    kinds = {one.platform for one in found}
    others = [] if "cpu" in kinds else jax.local_devices(backend="cpu")
    return {f"{one.platform}:{one.id}": one for one in (*found, *others)}


initialize()  # before anything is computed
backend = JaxBackend()
