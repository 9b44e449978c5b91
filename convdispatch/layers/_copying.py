"""Copies of a layer: on another backend, in a pickle, by `copy`.

A copy has weights of its own and the values of one time, and nothing that was compiled.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Self

from convdispatch import selection
from convdispatch.layers import _options
from convdispatch.layers._plans import PlanTable
from convdispatch.layers._weighted import Weighted
from convdispatch.layers._whole import held
from convdispatch.ops import PartialShape

# What belongs to this object in this process: no copy has it.
_OWN = ("_lock", "_write")


class Copied(Weighted):
    """Something with weights that can be copied, pickled and moved to another backend."""

    _built_shape: PartialShape | None
    _plans: PlanTable

    def to(self, backend: str, *, dtype: str | None = None) -> Self:
        """Return the same layer with the same weights on another backend.

        `dtype` asks for weights of another element type as well.
        """
        name = selection.resolve_backend(backend)
        wanted = self.dtype if dtype is None else _options.layer_dtype({"dtype": dtype})
        # A copy, not a configuration: a user's function has no name that could be looked up.
        moved = type(self).__new__(type(self))
        with held([self]):
            vars(moved).update(vars(self), backend=name, has_own_backend=True, dtype=wanted)
            shape, values = self._built_shape, self._copied_values()
        moved._be_alone()
        moved._forget()
        if shape is not None:
            moved._initial_weights = values
            moved.build(shape)
        return moved

    def build(self, input_shape: PartialShape) -> None:
        """Make the weights for inputs of that shape."""
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        """Return what copies and pickles hold: the weights as arrays, and nothing compiled."""
        with held([self]):
            state = {name: value for name, value in vars(self).items() if name not in _OWN}
            weights = self._copied_values()
        return state | {"_variables": weights, "_activity_losses": [], "_plans": PlanTable()}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Take the state, with the weights as variables."""
        vars(self).update(state)
        self._be_alone()
        self._variables = self._as_variables(state["_variables"])
        self._is_settled = self._is_made

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return a copy whose variables are the copies of this layer's.

        An optimizer or a wrapper that is copied along has the same tensors as the layer's copy.
        """
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        state = dict(self.__getstate__())
        values = state.pop("_variables")
        twin.__setstate__({**copy.deepcopy(state, memo), "_variables": []})
        # Copied one by one, so perhaps half before and half after a write: the values are set.
        twin._variables = [copy.deepcopy(variable, memo) for variable in self._variables]
        twin._restore(values)
        return twin
