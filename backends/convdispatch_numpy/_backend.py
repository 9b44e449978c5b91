"""The NumPy backend: the embedded default and the reference for the others."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch.kit import Apply, as_function, checked_step, draws, map_tree, native, numpy_dtype
from convdispatch.ops import (
    Differentiable,
    Differentiated,
    Model,
    Op,
    PartialShape,
    Signature,
    Step,
    Tree,
)
from convdispatch_numpy import _autograd, _threads
from convdispatch_numpy._advice import advice
from convdispatch_numpy._functions import FUNCTIONS
from convdispatch_numpy._lowering import candidates, lower

Array = npt.NDArray[Any]

_NAMES = {np.dtype(name): name for name in ("float16", "float32", "float64")}


class NumpyBackend:
    """Adapts NumPy's arrays, and autograd's boxes around them, to `convdispatch.ops.Backend`."""

    name = "numpy"
    functions: Mapping[str, Callable[..., Any]] = FUNCTIONS
    random: Mapping[str, Callable[..., Any]] = draws

    def lower(self, op: Op, signature: Signature) -> Callable[..., Any]:
        _threads.require_understood()
        return lower(op, signature, self)

    def candidates(self, op: Op, signature: Signature) -> Mapping[str, Callable[..., Any]]:
        return candidates(op, signature, self)

    def conversion(self, dtype: str) -> str:
        return "x.real" if dtype.startswith("complex") else "x.astype('float32')"

    def advice(self) -> Sequence[str]:
        return advice()

    def owns(self, value: object) -> bool:
        return isinstance(value, np.ndarray | np.generic) or _autograd.is_traced(value)

    def describe(self, tensor: Any) -> tuple[PartialShape, str]:
        dtype = tensor.dtype  # at every call of a layer: no string is made
        return tensor.shape, _NAMES.get(dtype) or dtype.name

    def asarray(self, value: Array, dtype: str) -> Array:
        return np.asarray(value, numpy_dtype(dtype))

    def assign(self, variable: Array, value: Array) -> Array:
        variable[...] = value
        return variable

    def cast(self, tensor: Any, dtype: str) -> Any:
        return tensor.astype(numpy_dtype(dtype))

    def to_numpy(self, tensor: Array) -> Array:
        array: Array = native(np.asarray(tensor))
        return array

    def compile(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        return fn

    def value_and_grad(self, fn: Differentiable) -> Differentiated:
        differentiate = _autograd.value_and_grad(fn)
        # A gradient has its tensor's element type, the order of the bytes included.
        return lambda tensors: differentiate([native(tensor) for tensor in tensors])

    def compile_step(self, step: Step) -> Step:
        """Return a function that calls the step and copies the new values into the variables."""
        step = checked_step(step, self.describe)

        def run(variables: Sequence[Array], inputs: Tree) -> tuple[Sequence[Array], Tree]:
            def apart(tensor: Any) -> Any:
                is_shared = any(np.may_share_memory(tensor, variable) for variable in variables)
                return np.array(tensor) if is_shared else tensor

            new, result = step(variables, inputs)
            values, result = map_tree(apart, (new, result))
            for variable, value in zip(variables, values, strict=True):
                variable[...] = value
            return variables, result

        return run

    def pack(self, tensors: Sequence[Array]) -> Array:
        return np.concatenate([tensor.reshape(-1) for tensor in tensors])

    def unpack(self, packed: Array, tensors: Sequence[Array]) -> Sequence[Array]:
        ends = itertools.accumulate(tensor.size for tensor in tensors)
        return [
            packed[end - tensor.size : end].reshape(tensor.shape)
            for tensor, end in zip(tensors, ends, strict=True)
        ]

    def wrap(self, model: Model) -> tuple[Apply, dict[str, Any]]:
        return as_function(model)


backend = NumpyBackend()
