"""Metrics that scripts for Keras 2.2 write as layers: variables count over the batches of an epoch.

A step is a pure function, so it returns by how much the batch raises each variable. What the layer
makes of the sums is its value for no further samples.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from convdispatch.engine import scopes
from convdispatch.engine.scopes import Scope
from convdispatch.errors import InvalidType
from convdispatch.formulas.metric_bases import Array, SummedMetric
from convdispatch.ops import Backend, Tensor
from convdispatch.runtime.registry import registry
from convdispatch.symbolic.custom import CustomLayer
from convdispatch.symbolic.variables import Variable


def is_stateful(metric: object) -> bool:
    """Return whether it is a layer of a script's own that counts, and not a function."""
    return isinstance(metric, CustomLayer) and bool(getattr(metric, "stateful", False))


class StatefulScore(SummedMetric):
    """Such a layer as a metric of sums."""

    def __init__(self, layer: Any) -> None:
        """Keep the layer; its variables are those that it has as attributes."""
        super().__init__(layer.name, None)
        self.layer = layer
        self._cells: list[tuple[Any, str]] = []  # the shapes and types of targets and predictions

    def get_config(self) -> dict[str, object]:
        """Return the configuration of the layer."""
        found: dict[str, object] = self.layer.get_config()
        return found

    @property
    def variables(self) -> list[Variable]:
        """What counts, in the order in which the script made it."""
        return [one for one in vars(self.layer).values() if isinstance(one, Variable)]

    def sums(self, backend: Backend, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """Return by how much a batch raises each number of the variables, in one row."""
        del sample_weight
        f: Any = backend.functions
        given = (y_true, y_pred)
        self._cells = [(tuple(shape[1:]), dtype) for shape, dtype in map(backend.describe, given)]
        zeros = {one: np.zeros(_sizes(one)) for one in self.variables}
        _, updates = self._called(backend, given, zeros)
        raised = []
        for one in self.variables:
            new = updates.get(one, backend.asarray(zeros[one], "float32"))
            raised.append(f["reshape"](backend.cast(new, "float32"), (-1,)))
        return raised[0] if len(raised) == 1 else f["concatenate"](raised, 0)

    def value(self, sums: Array) -> Array:
        """Return what the layer makes of these counts."""
        backend = registry.load(self.layer.backend)
        states, start = {}, 0
        for one in self.variables:
            sizes = _sizes(one)
            end = start + math.prod(sizes)
            states[one] = np.reshape(sums[start:end], sizes)
            start = end
        given = [backend.asarray(np.zeros((0, *shape)), dtype) for shape, dtype in self._cells]
        found, _ = self._called(backend, given, states)
        return np.asarray(backend.to_numpy(found), np.float64)

    def _called(self, backend: Backend, given: Any, states: Any) -> tuple[Any, dict[Any, Any]]:
        """Return the layer's value and the new values of its variables, from these states."""
        values = {one: backend.asarray(array, one.spec.dtype) for one, array in states.items()}
        scope = Scope(backend, owner=self.layer, values=values)
        self.layer._updates = []
        with scopes.entered(scope):
            found = self.layer(*given)
        updates = {update.variable: update.value for update in self.layer._updates}
        self.layer._updates = []
        if not backend.owns(found):
            raise InvalidType(
                f"the metric {self.name!r} must return a number made of its variables; received "
                f"{type(found).__name__}."
            )
        return found, updates


def _sizes(variable: Variable) -> tuple[int, ...]:
    return tuple(size or 0 for size in variable.spec.shape)  # all are known
