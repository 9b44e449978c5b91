"""An optimizer over a backend's own tensors, whatever their element types.

An update rule computes in one element type, float32 or wider. So the weights and gradients of half
precision are cast, and what the optimizer remembers of them stays in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from convdispatch.formulas.optimizers import Optimizer
from convdispatch.ops import Backend, Tensor

Slots: TypeAlias = dict[str, Any]  # the tensors that belong to one weight, or to all, by name


def initial_slots(backend: Backend, optimizer: Optimizer, weights: Sequence[Tensor]) -> list[Slots]:
    """Return the slots of weights before the first update, as variables."""
    dtype = computed_type(backend, weights)
    found = optimizer.slots(backend.functions, _as(backend, weights, dtype))
    return [
        {name: backend.variable(backend.to_numpy(value), dtype) for name, value in slots.items()}
        for slots in found
    ]


def updated(
    backend: Backend,
    optimizer: Optimizer,
    weights: Sequence[Tensor],
    gradients: Sequence[Tensor],
    slots: Sequence[Slots],
    rate: Tensor,
    step: Tensor,
) -> tuple[list[Tensor], list[Slots]]:
    """Return the new weights, each in its own element type, and the new slots.

    `rate` and `step`, the number of updates so far, are scalar tensors of any numeric type.
    """
    types = [backend.describe(weight)[1] for weight in weights]
    dtype = _widest(types)
    rate, step = _as(backend, (rate, step), dtype)
    if any(one != dtype for one in types):  # else the gradients have it, too
        weights, gradients = _as(backend, weights, dtype), _as(backend, gradients, dtype)
    found, new_slots = optimizer.update(backend.functions, weights, gradients, slots, rate, step)
    # Arithmetic with Python numbers may promote (see `ops.Backend`).
    new = [_as(backend, [one], own)[0] for one, own in zip(found, types, strict=True)]
    kept = [dict(zip(own, _as(backend, [*own.values()], dtype), strict=True)) for own in new_slots]
    return new, kept


def computed_type(backend: Backend, weights: Sequence[Tensor]) -> str:
    """Return the element type of updates: float64 if a weight has it, else float32."""
    return _widest([backend.describe(weight)[1] for weight in weights])


def _widest(types: Sequence[str]) -> str:
    return "float64" if "float64" in types else "float32"


def _as(backend: Backend, tensors: Sequence[Tensor], dtype: str) -> list[Tensor]:
    return [t if backend.describe(t)[1] == dtype else backend.cast(t, dtype) for t in tensors]
