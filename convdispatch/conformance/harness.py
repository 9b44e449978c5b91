"""Run one op on one backend: NumPy arrays in, NumPy arrays out.

Nothing here knows what is right; that is for the oracle to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from convdispatch.dispatch import lower
from convdispatch.ops import Backend, Op, Signature, Tensor

Array: TypeAlias = npt.NDArray[Any]


def plan(
    backend: Backend, op: Op, arrays: Sequence[Array], dtype: str = "float64"
) -> Callable[..., Tensor]:
    """Lower the op for an input and weights of these shapes, as a layer does."""
    signature = Signature(
        input_shape=arrays[0].shape[1:],
        weight_shapes=tuple(weight.shape for weight in arrays[1:]),
        dtype=dtype,
    )
    return lower(backend, op, signature)


def run(backend: Backend, op: Op, arrays: Sequence[Array], dtype: str = "float64") -> Array:
    """Return what the backend computes of an input and weights in that element type."""
    native = [backend.asarray(array, dtype) for array in arrays]
    return backend.to_numpy(plan(backend, op, arrays, dtype)(*native))


def gradients(backend: Backend, op: Op, arrays: Sequence[Array], cotangent: Array) -> list[Array]:
    """Return the float64 gradients of sum(op(*arrays) * cotangent), one for each array."""
    native = [backend.asarray(array, "float64") for array in arrays]
    _, found = backend.value_and_grad(_weighted_sum(backend, op, arrays, cotangent))(native)
    return [backend.to_numpy(gradient) for gradient in found]


def second_gradients(
    backend: Backend, op: Op, arrays: Sequence[Array], cotangent: Array
) -> list[Array]:
    """Return the gradients of the squared norm of all that `gradients` returns."""
    native = [backend.asarray(array, "float64") for array in arrays]
    differentiate = backend.value_and_grad(_weighted_sum(backend, op, arrays, cotangent))
    total = backend.functions["sum"]

    def squared_norm(tensors: Sequence[Tensor]) -> Tensor:
        _, found = differentiate(tensors)
        norms: list[Any] = [total(_product(gradient, gradient)) for gradient in found]
        return sum(norms[1:], start=norms[0])

    _, found = backend.value_and_grad(squared_norm)(native)
    return [backend.to_numpy(gradient) for gradient in found]


def excess(got: Array, want: npt.ArrayLike, bound: npt.ArrayLike) -> float:
    """Return by how much the worst element is off beyond its bound; negative if none is.

    Raises ValueError where the shapes differ: an array that broadcasts is not the right answer.
    """
    want = np.asarray(want)
    if got.shape != want.shape:
        raise ValueError(f"the result has shape {got.shape}, the expected one {want.shape}")
    beyond = np.abs(got.astype(np.float64) - want) - bound
    # NaN compares as neither more nor less: it is as wrong as can be.
    return float(np.max(np.where(np.isnan(beyond), np.inf, beyond), initial=-np.inf))


def _weighted_sum(
    backend: Backend, op: Op, arrays: Sequence[Array], cotangent: Array
) -> Callable[[Sequence[Tensor]], Tensor]:
    function, total = plan(backend, op, arrays), backend.functions["sum"]
    weight = backend.asarray(cotangent, "float64")
    return lambda tensors: total(_product(function(*tensors), weight))


def _product(a: Any, b: Any) -> Tensor:
    return a * b
