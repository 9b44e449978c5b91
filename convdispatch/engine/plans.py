"""Plans: a layer's computation for inputs of one shape and element type, made once and kept."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias, TypeVar

from convdispatch.engine.resolved import Effects, Forward, Resolved, Training
from convdispatch.ops import Backend, Op, Signature, Tensor, op_name
from convdispatch.runtime.dispatch import BACKEND

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Function: TypeAlias = Forward
Key: TypeAlias = Any  # `specs.of_samples` of the inputs

# A layer keeps only the latest plans, so that inputs of ever new sizes do not fill the memory.
MAX_PLANS = 128

Record: TypeAlias = tuple[Op, Signature, str]  # and what computes it
_lowered: ContextVar[list[Record] | None] = ContextVar("_lowered", default=None)
_revisions = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A layer's computation for inputs of one shape and element type, on one backend.

    A plan serves every batch size, and holds neither weights nor scratch memory: any number of
    threads may run it at once, and on any device that its tensors are on.
    """

    layer: str
    backend: str
    input_shape: Any  # without the batch axis; a list of them where the layer takes a list
    dtype: str
    ops: tuple[tuple[Op, Signature], ...]  # in the order in which they were lowered
    computed_by: tuple[str, ...]  # each of them: the backend's own choice, a plugin, a candidate
    function: Function = field(repr=False)  # of the weights and the input

    def __str__(self) -> str:
        """Describe the plan in one line."""
        names = ", ".join(
            op_name(op) if by == BACKEND else f"{op_name(op)} by {by}"
            for (op, _), by in zip(self.ops, self.computed_by, strict=True)
        )
        where = f"{self.layer}: {self.input_shape} {self.dtype} on {self.backend}"
        return f"{where}: {names or 'no op'}"


class Latest(dict[K, V]):
    """A dictionary of the latest `MAX_PLANS` entries."""

    __slots__ = ()

    def keep(self, key: K, value: V) -> V:
        """Add an entry, replacing the oldest if necessary, and return its value."""
        surplus = max(len(self) - MAX_PLANS + 1, 0)
        for oldest in list(self)[:surplus]:
            self.pop(oldest, None)  # another thread may have been here
        self[key] = value
        return value


class PlanTable(Latest[Key, Plan]):
    """The plans of one revision of a layer by its inputs' specs without batch, and their parts.

    A change of anything that plans are made from gives the layer a new table. The number
    `revision` rises with each new table of this process. So a layer whose revision is the same as
    before computes as before.
    """

    __slots__ = ("inference", "resolved", "revision", "training")

    def __init__(self, plans: Mapping[Key, Plan] | None = None) -> None:
        super().__init__(plans or {})
        self.revision = next(_revisions)  # also unique where two threads change one layer
        self.resolved: Latest[Any, Resolved] = Latest()  # by the shapes without batch
        self.training: Latest[Key, Training] = Latest()
        self.inference: Latest[Key, Training] = Latest()  # the functions with effects


class Planned(Protocol):
    """Something that keeps its plans."""

    _plans: PlanTable


def revisions_of(layers: Iterable[Planned]) -> list[int]:
    """Return the revision of each layer: other numbers for other layers, and after a change."""
    return [layer._plans.revision for layer in layers]


@contextlib.contextmanager
def recorded() -> Iterator[list[Record]]:
    """Give the list to which `record` adds while the context lasts."""
    found: list[Record] = []
    token = _lowered.set(found)
    try:
        yield found
    finally:
        _lowered.reset(token)


def record(op: Op, signature: Signature, by: str) -> None:
    """Record, for the plan that is being made, that an op was lowered and what computes it."""
    found = _lowered.get()
    if found is not None:
        found.append((op, signature, by))


def casting_weights(function: Function, backend: Backend, dtype: str) -> Function:
    """Return the function taking weights of any element type."""

    def cast_and_apply(weights: Sequence[Tensor], inputs: Any, *mask: Any) -> Any:
        return function([backend.cast(weight, dtype) for weight in weights], inputs, *mask)

    return cast_and_apply


def training_in_float32(training: Training, backend: Backend, dtype: str) -> Training:
    """Return the same for training: the new values of weights are rounded, too."""

    def widen_and_round(
        weights: Sequence[Tensor], inputs: Any, key: Tensor, *mask: Any
    ) -> tuple[Tensor, Effects]:
        wide = [backend.cast(weight, "float32") for weight in weights]
        outputs, effects = training(wide, _widened(backend, inputs), key, *mask)
        updates = {name: backend.cast(new, dtype) for name, new in effects.updates.items()}
        return _cast(backend, outputs, dtype), replace(effects, updates=updates)

    return widen_and_round


def in_float32(function: Function, backend: Backend, dtype: str) -> Function:
    """Return a function of float32 tensors for those of half precision, rounding its result."""

    def widen_and_round(weights: Sequence[Tensor], inputs: Any, *mask: Any) -> Tensor:
        wide = [backend.cast(weight, "float32") for weight in weights]
        return _cast(backend, function(wide, _widened(backend, inputs), *mask), dtype)

    return widen_and_round


def _widened(backend: Backend, inputs: Any) -> Any:
    """Return a tensor, or those of a list, in float32."""
    return _cast(backend, inputs, "float32")


def _cast(backend: Backend, tensors: Any, dtype: str) -> Any:
    """Return a tensor, or those of a list, in that type."""
    if isinstance(tensors, list):
        return [backend.cast(one, dtype) for one in tensors]
    return backend.cast(tensors, dtype)
