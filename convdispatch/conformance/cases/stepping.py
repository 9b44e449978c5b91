"""A step of gradient descent with momentum, on a backend and by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from convdispatch.conformance.case import Mismatch
from convdispatch.numerics import bounds
from convdispatch.numerics.problem import Array
from convdispatch.ops import Backend, Step, Tensor

WEIGHT, SLOT = np.array([[1.0], [-2.0]]), np.zeros((2, 1))
X = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 4.0]])
Y = np.array([[1.0], [0.0], [2.0]])
for _shared in (WEIGHT, SLOT, X, Y):
    _shared.flags.writeable = False  # a backend that writes to its inputs spoils no other case

# Roundings of a few steps of a few sums, of numbers of about this size.
_ROUNDINGS, _SIZE = 200, 32.0


def variables_of(backend: Backend, dtype: str, *arrays: Array) -> Sequence[Tensor]:
    """Return a variable for each array."""
    return [backend.variable(array, dtype) for array in arrays]


def values_of(backend: Backend, tensors: Sequence[Tensor]) -> list[Array]:
    """Return copies of the tensors' values."""
    return [np.array(backend.to_numpy(tensor)) for tensor in tensors]


def inputs_of(backend: Backend, dtype: str, x: Array, y: Array, rate: float) -> dict[str, Tensor]:
    """Return a batch, and the learning rate as a tensor."""
    given = {"x": x, "y": y, "rate": np.array(rate)}
    return {name: backend.asarray(array, dtype) for name, array in given.items()}


def momentum(backend: Backend) -> Step:
    """Return the step for the mean squared error of a product, which also hands out old values."""
    functions = backend.functions

    def loss(tensors: Sequence[Any], x: Any, y: Any) -> Any:
        product: Any = functions["matmul"](x, tensors[0])
        error = product - y
        return functions["mean"](error * error), {"error": error, "none": None}

    def step(variables: Sequence[Any], inputs: Any) -> Any:
        weight, slot = variables
        compute = backend.value_and_grad(lambda t: loss(t, inputs["x"], inputs["y"]))
        (value, aux), (gradient,) = compute([weight])
        slot = slot * 0.5 + gradient
        return [weight - inputs["rate"] * slot, slot], (value, aux, [weight])

    return backend.compile_step(step)


def by_hand(
    weight: Array, slot: Array, x: Array, y: Array, rate: float
) -> tuple[Array, Array, float]:
    """Return the new weight, the new slot and the loss before, in float64."""
    error = x @ weight - y
    slot = slot * 0.5 + 2 * x.T @ error / len(x)
    return weight - rate * slot, slot, float(np.mean(error**2))


def require_values(
    backend: Backend, tensors: Sequence[Tensor], wanted: Sequence[Array], dtype: str, what: str
) -> None:
    """Raise `Mismatch` where a tensor's numbers, shape or element type are others."""
    if len(tensors) != len(wanted):
        raise Mismatch(f"{what}: {len(tensors)} tensors came back; expected {len(wanted)}")
    limit = bounds.gamma(_ROUNDINGS, bounds.unit_roundoff(dtype)) * _SIZE
    for tensor, got, want in zip(tensors, values_of(backend, tensors), wanted, strict=True):
        if backend.describe(tensor) != (want.shape, dtype):
            found = backend.describe(tensor)
            raise Mismatch(f"{what} is {found!r}; expected {(want.shape, dtype)!r}")
        error = np.abs(got - want).max(initial=0.0)
        if not error <= limit:
            raise Mismatch(f"{what} is {got.tolist()}; expected {want.tolist()}")
