"""An optimizer over a backend's own tensors, whatever their element types.

An update rule computes in one element type, float32 or wider. So the weights and gradients of half
precision are cast, and what the optimizer remembers of them stays in float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from convdispatch.formulas.optimizers import Optimizer
from convdispatch.kit import map_tree
from convdispatch.ops import Backend, ShardedGroup, Tensor
from convdispatch.training.packing import Packing, packing_of

# All that the rules need of numbers.
_SCALARS: Mapping[str, Callable[..., Any]] = {"power": pow, "sqrt": math.sqrt}

Slots: TypeAlias = dict[str, Any]  # the tensors that belong to one weight, or to all, by name


@dataclass(frozen=True, slots=True, kw_only=True)
class Updates:
    """The updates of some weights: what does not change from step to step."""

    backend: Backend
    optimizer: Optimizer
    types: tuple[str, ...]  # the element type of each weight
    dtype: str  # what the rule computes in
    packing: Packing | None  # None: each weight alone
    sharded: ShardedGroup | None = None  # whose devices have parts of the weights
    _rate: list[Any] = field(default_factory=lambda: [None, None], init=False, compare=False)
    # Whether the rule makes other types of these, which is found out in the first step.
    _promotes: list[bool] = field(default_factory=list, init=False, compare=False, repr=False)

    def slots(self, weights: Sequence[Tensor]) -> list[Slots]:
        """Return the slots of each group of weights before the first update, as variables."""
        backend, dtype = self.backend, self.dtype
        weights = self._wide(weights)
        if self.packing is not None:
            weights = self.packing.packed(weights)
        found = self.optimizer.slots(backend.functions, weights)

        def variable(value: Tensor) -> Tensor:
            if self.sharded is not None:
                return self.sharded.kept(value)
            return backend.variable(backend.to_numpy(value), dtype)

        return [{name: variable(value) for name, value in own.items()} for own in found]

    def inputs(self, rate: float, step: int) -> Any:
        """Return what a step needs to know of the learning rate and the number of updates so far.

        Where functions are called one by one, Python computes the numbers of a step sooner.
        """
        native = partial(self.backend.asarray, dtype=self.dtype)
        if rate != self._rate[0]:
            self._rate[:] = rate, native(np.asarray(rate))
        if self.packing is None or self.optimizer.shared():
            return {"rate": self._rate[1], "numbers": None}
        numbers, _ = self.optimizer.numbers_at(_SCALARS, rate, float(step), {})
        if numbers == rate:
            return {"rate": self._rate[1], "numbers": self._rate[1]}
        scalars = map_tree(lambda number: native(np.asarray(number, self.dtype)), numbers)
        return {"rate": self._rate[1], "numbers": scalars}

    def updated(
        self,
        weights: Sequence[Tensor],
        gradients: Sequence[Tensor],
        slots: Sequence[Slots],
        inputs: Any,
        step: Tensor,
    ) -> tuple[list[Tensor], list[Slots]]:
        """Return the new weights, each in its own element type, and the new slots.

        `inputs` are those of the method; `step`, the number of updates so far, is a scalar tensor.
        """
        backend, optimizer, dtype, packing = self.backend, self.optimizer, self.dtype, self.packing
        f: Any = backend.functions
        rate, numbers = inputs["rate"], inputs["numbers"]
        weights, gradients = self._wide(weights), self._wide(gradients)
        if packing is None:
            (step,) = _as(backend, [step], dtype)
            update: Any = partial(optimizer.update, f)
            if self.sharded is not None and optimizer.is_elementwise:
                gradients = optimizer.clipped(f, gradients)
                update = partial(self.sharded.by_parts, partial(optimizer.moved, f))
            found, new_slots = update(weights, gradients, slots, rate, step)
        else:
            gradients = packing.packed(optimizer.clipped(f, gradients))
            packed = packing.packed(weights)
            if numbers is None:
                (step,) = _as(backend, [step], dtype)
            found, new_slots = optimizer.moved(f, packed, gradients, slots, rate, step, numbers)
        found, new_slots = self._settled(found, new_slots)
        if packing is not None:
            found = packing.unpacked(found, weights)
        new = [
            value if own == dtype else backend.cast(value, own)
            for value, own in zip(found, self.types, strict=True)
        ]
        return new, new_slots

    def _settled(
        self, weights: list[Tensor], slots: list[Slots]
    ) -> tuple[list[Tensor], list[Slots]]:
        """Return results in the rule's type: arithmetic with Python numbers may promote."""
        backend, dtype = self.backend, self.dtype
        if not self._promotes:
            results = [*weights, *(value for own in slots for value in own.values())]
            self._promotes.append(any(backend.describe(one)[1] != dtype for one in results))
        if not self._promotes[0]:
            return weights, slots
        kept = [dict(zip(own, _as(backend, [*own.values()], dtype), strict=True)) for own in slots]
        return _as(backend, weights, dtype), kept

    def _wide(self, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        """Return weights or their gradients in the type that the rule computes in."""
        dtype = self.dtype
        if self.types == (dtype,) * len(self.types):
            return tensors
        return [
            tensor if own == dtype else self.backend.cast(tensor, dtype)
            for tensor, own in zip(tensors, self.types, strict=True)
        ]


def updates_of(
    backend: Backend,
    optimizer: Optimizer,
    weights: Sequence[Tensor],
    sharded: ShardedGroup | None = None,
) -> Updates:
    """Return how an optimizer updates such weights: in float64 if one has it, else in float32."""
    described = [backend.describe(weight) for weight in weights]
    shapes, types = [shape for shape, _ in described], tuple(dtype for _, dtype in described)
    is_packed = optimizer.is_elementwise and weights and sharded is None
    return Updates(
        backend=backend,
        optimizer=optimizer,
        types=types,
        dtype="float64" if "float64" in types else "float32",
        packing=packing_of(backend, shapes) if is_packed else None,
        sharded=sharded,
    )


def _as(backend: Backend, tensors: Sequence[Tensor], dtype: str) -> list[Tensor]:
    return [t if backend.describe(t)[1] == dtype else backend.cast(t, dtype) for t in tensors]
