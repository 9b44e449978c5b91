"""Copies of a layer: on another backend, in a pickle, by `copy`.

A copy has its own weights, with the values of one moment, and no compiled code.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Self

from convdispatch.engine import layer_options
from convdispatch.engine.declarations import require_as_many, require_shapes
from convdispatch.engine.plans import PlanTable
from convdispatch.engine.specs import Shapes
from convdispatch.engine.tensors import require_native
from convdispatch.engine.weighted import Weighted
from convdispatch.engine.whole import held
from convdispatch.errors import InvalidType
from convdispatch.runtime import selection

# What belongs to this object in this process: no copy has it.
_OWN = (
    "_lock",
    "_stacks",
    "_write",
    "_differentiated",
    "_plans",
    "_calls",
    "_weight_symbols",
    "_way_layers",
)


class Copied(Weighted):
    """Something with weights that can be copied, pickled and moved to another backend."""

    _built_shape: Shapes
    _plans: PlanTable

    def to(self, backend: str, *, dtype: str | None = None, device: str | None = None) -> Self:
        """Return the same layer with the same weights on another backend.

        `dtype` asks for weights of another element type as well, `device` for one of the backend's
        devices: there the copy computes, and there its inputs go.
        """
        name = selection.resolve_backend(backend, device)
        wanted = self.dtype if dtype is None else layer_options.layer_dtype({"dtype": dtype})
        with held([self]):
            moved = self._unbuilt_on(name, dtype=wanted)
            shape, values = self._built_shape, self._copied_values()
        if shape is not None:
            are_states = [weight.is_state for weight in self._declarations]
            pairs = zip(values, are_states, strict=True)
            moved._initial_weights = [value for value, is_state in pairs if not is_state]
            moved.build(shape)
            if any(are_states):
                moved._restore(values)
        return moved

    def _unbuilt_on(self, backend: str, *, dtype: str) -> Self:
        """Return a copy without weights on that backend; this layer's is not asked for anything."""
        # A copy, not a configuration, because a user's function cannot be looked up by a name.
        moved = type(self).__new__(type(self))
        vars(moved).update(vars(self), backend=backend, has_own_backend=True, dtype=dtype)
        for name in ("_write", "_differentiated", "_weight_symbols", "_way_layers"):
            vars(moved).pop(name, None)
        moved._be_alone()
        moved._forget()
        return moved

    def adopt(self, variables: Sequence[Any]) -> None:
        """Compute with these native tensors from now on; share them without a copy.

        A wrapper calls this when it has replaced the layer's tensors, for example after a copy or a
        change of their element type. The layer takes over that type.
        """
        self.ensure_built("adopt")
        backend = self._backend()
        require_as_many(variables, self._declarations, owner=self.name)
        require_native(backend, variables, owner=self.name)
        described = [backend.describe(variable) for variable in variables]
        require_shapes([shape for shape, _ in described], self._declarations, owner=self.name)
        dtype = _common([dtype for _, dtype in described], self.dtype)
        with held([self]):
            self._variables = list(variables)
            if dtype != self.dtype:
                vars(self).update(dtype=dtype, _plans=PlanTable())

    def build(self, input_shape: Shapes) -> None:
        """Make the weights for inputs of that shape."""
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for copies and pickles: the weights as arrays, and nothing compiled."""
        with held([self]):
            state = {name: value for name, value in vars(self).items() if name not in _OWN}
            weights = self._copied_values()
        return state | {"_variables": weights, "_activity_losses": []}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Take the state, with the weights as variables."""
        vars(self).update(state)
        self._plans = PlanTable()
        self._be_alone()
        self._variables = self._as_variables(state["_variables"])
        self._is_settled = self._is_made

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return a copy whose variables are the copies of this layer's.

        An optimizer or a wrapper that is copied with it has the same tensors as the layer's copy.
        """
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        state = dict(self.__getstate__())
        values = state.pop("_variables")
        twin.__setstate__({**copy.deepcopy(state, memo), "_variables": []})
        # They are copied one by one, perhaps some before and some after a write, so set the values.
        copied: Any = self._backend().outside_trace(lambda: copy.deepcopy(self._variables, memo))
        twin._variables = copied
        twin._restore(values)
        return twin


def _common(dtypes: Sequence[str], otherwise: str) -> str:
    """Return their common element type, which must be one that layers can have."""
    if len(set(dtypes)) > 1:
        raise InvalidType(
            f"the weights of a layer must have one element type; received {', '.join(dtypes)}."
        )
    return layer_options.layer_dtype({"dtype": dtypes[0]}) if dtypes else otherwise
