"""The NumPy backend: the embedded default and the reference for the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch.errors import BackendUnavailable, install_command
from convdispatch.ops import Op, PartialShape, Signature
from convdispatch_numpy import _autograd, _threads
from convdispatch_numpy._advice import advice
from convdispatch_numpy._functions import FUNCTIONS
from convdispatch_numpy._lowering import candidates, lower
from convdispatch_numpy._precision import native

Array = npt.NDArray[Any]

_NAMES = {np.dtype(name): name for name in ("float16", "float32", "float64")}


class NumpyBackend:
    """Adapts NumPy's arrays, and autograd's boxes around them, to `convdispatch.ops.Backend`."""

    name = "numpy"
    functions: Mapping[str, Callable[..., Any]] = FUNCTIONS

    def lower(self, op: Op, signature: Signature) -> Callable[..., Any]:
        _threads.require_understood()
        return lower(op, signature)

    def candidates(self, op: Op, signature: Signature) -> Mapping[str, Callable[..., Any]]:
        return candidates(op, signature)

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
        return np.asarray(value, _dtype(dtype))

    def variable(self, value: Array, dtype: str) -> Array:
        return np.array(value, _dtype(dtype))

    def assign(self, variable: Array, value: Array) -> Array:
        variable[...] = value
        return variable

    def cast(self, tensor: Any, dtype: str) -> Any:
        return tensor.astype(_dtype(dtype))

    def to_numpy(self, tensor: Array) -> Array:
        array: Array = native(np.asarray(tensor))
        return array

    def synchronize(self, tensor: Array) -> None:
        """Return at once: NumPy computes before it returns."""

    def outside_trace(self, fn: Callable[[], object]) -> object:
        return fn()

    def compile(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        return fn

    def value_and_grad(
        self, fn: Callable[[Sequence[Any]], Any]
    ) -> Callable[[Sequence[Any]], tuple[Any, list[Any]]]:
        differentiate = _autograd.value_and_grad(fn)
        # A gradient has its tensor's element type, the order of the bytes included.
        return lambda tensors: differentiate([native(tensor) for tensor in tensors])


def _dtype(name: str) -> np.dtype[Any]:
    if name != "bfloat16":
        return np.dtype(name)
    try:
        import ml_dtypes
    except ImportError as exc:
        raise BackendUnavailable(
            "bfloat16 on the NumPy backend needs the package 'ml_dtypes', which is not installed. "
            f"Install it with `{install_command('bfloat16')}`."
        ) from exc
    bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
    return bfloat16


backend = NumpyBackend()
