"""Values of symbolic tensors: functions of inputs, gradients, updates of variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from convdispatch.engine import scopes
from convdispatch.engine.graph import traced
from convdispatch.engine.plans import revisions_of
from convdispatch.engine.scopes import Scope
from convdispatch.engine.symbols import Symbol
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.formulas import random
from convdispatch.runtime import selection
from convdispatch.runtime.registry import registry
from convdispatch.symbolic.control import is_phase, stated_phase
from convdispatch.symbolic.gradients import layers_of
from convdispatch.symbolic.operations import Operation
from convdispatch.symbolic.running import run
from convdispatch.symbolic.variables import Variable


class Update(NamedTuple):
    """A new value for a variable."""

    variable: Any
    value: Any


class Function:
    """A function of arrays that returns arrays: the values of symbolic tensors.

    `updates` are new values of variables, which each call computes and then gives them.
    """

    def __init__(
        self, inputs: Sequence[Any], outputs: Any, updates: Any = (), name: str | None = None
    ) -> None:
        given: list[Any] = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
        self.name = name
        self._returns_list = isinstance(outputs, list | tuple)
        wanted = list(outputs) if isinstance(outputs, list | tuple) else [outputs]
        self._updates = updates_in(updates)
        # An update may stand among the outputs: its new value is what it gives.
        self._outputs = [one.value if isinstance(one, Update) else one for one in wanted]
        self._updates += [one for one in wanted if isinstance(one, Update)]
        self._phase_at = next((i for i, one in enumerate(given) if is_phase(one)), None)
        self._count = len(given)
        self._symbols = [one for one in given if not is_phase(one)]
        _require_symbols(self._symbols)
        values = [*self._outputs, *(update.value for update in self._updates)]
        self._places = [place for place, one in enumerate(values) if isinstance(one, Symbol)]
        self._constants = values
        self._graph = traced(
            self._symbols, [values[place] for place in self._places], gives_list=True
        )
        self._flat = self._graph.flattened()
        self._layers = layers_of(self._flat)
        self.backend = _backend_of(self._layers)
        self._compiled: dict[Any, Any] = {}
        self._calls = 0
        self._key = random.training_key()

    def __call__(self, inputs: Sequence[Any] = (), *others: Any) -> Any:
        """Return the values for arrays, one for each input."""
        given = (
            [inputs, *others] if others or not isinstance(inputs, list | tuple) else list(inputs)
        )
        if len(given) != self._count:
            raise InvalidArgument(
                f"the function takes {self._count} inputs; received {len(given)}. Call it with a "
                "list of one array for each."
            )
        phase = stated_phase() or 0
        if self._phase_at is not None:
            phase = int(np.asarray(given.pop(self._phase_at)).item())
        backend = registry.load(self.backend)
        tensors = [_as_tensor(backend, x, s) for x, s in zip(given, self._symbols, strict=True)]
        weights = [list(layer._variables) for layer in self._layers]
        self._calls += 1
        count: Any = backend.asarray(np.asarray(self._calls, "int32"), "int32")
        key: Any = backend.asarray(self._key, "int32")
        data = {"x": tensors, "weights": weights, "count": count, "key": key}
        found = self._step(backend, bool(phase))([], data)[1]
        values = list(self._constants)
        for place, value in zip(self._places, found, strict=True):
            values[place] = value
        outputs, new = values[: len(self._outputs)], values[len(self._outputs) :]
        arrays = [np.require(selection.as_array(value), requirements="W") for value in outputs]
        for update, value in zip(self._updates, new, strict=True):
            update.variable.assign(value)
        return arrays if self._returns_list else arrays[0]

    def _step(self, backend: Any, is_training: bool) -> Any:
        """Return the compiled function for a phase, made anew when a layer has changed."""
        key = (is_training, tuple(revisions_of(self._layers)))
        if key not in self._compiled:
            self._compiled = {k: v for k, v in self._compiled.items() if k[1] == key[1]}

            def step(variables: Any, data: Any) -> tuple[Any, Any]:
                weights = dict(zip(self._layers, data["weights"], strict=True))
                fold: Any = random.Draws(backend)["fold"]
                folded = fold(data["key"], data["count"]) if self._draws else data["key"]
                scope = Scope(
                    backend,
                    is_training=is_training,
                    key=folded,
                    owner=self._layers[0] if self._layers else None,
                    values=dict(zip(self._symbols, data["x"], strict=True)),
                    weights=weights,
                )
                with scopes.entered(scope):
                    found = run(self._flat, data["x"], scope)
                    return variables, [_native(backend, one) for one in found]

            self._compiled[key] = backend.compile_step(step)
        return self._compiled[key]

    @property
    def _draws(self) -> bool:
        return any(node.layer.draws for node in self._flat.nodes)


def _native(backend: Any, value: Any) -> Any:
    if backend.owns(value):
        return value
    array = np.asarray(value)
    return backend.asarray(array, selection.floatx() if array.dtype.kind == "f" else "int32")


def _require_symbols(given: Sequence[Any]) -> None:
    for one in given:
        if not isinstance(one, Symbol):
            raise InvalidType(
                "`inputs` of a function must be symbolic tensors, such as `model.input` or "
                f"`placeholder`; received {type(one).__name__}."
            )


def updates_in(updates: Any) -> list[Update]:
    """Return updates, which may be pairs of a variable and its new value, or a mapping."""
    if isinstance(updates, dict):
        updates = list(updates.items())
    found = []
    for one in updates or ():
        if not isinstance(one, tuple | list) or len(one) != 2 or not isinstance(one[0], Variable):
            raise InvalidType(
                "`updates` must be a list of pairs, a variable and its new value, as `update` "
                f"returns them; received {one!r}."
            )
        found.append(Update(*one))
    return found


def _as_tensor(backend: Any, value: Any, symbol: Symbol) -> Any:
    """Return an array in the element type of its symbol, as every Keras did; a tensor as it is."""
    if backend.owns(value) and not isinstance(value, np.ndarray | np.generic):
        return value
    return backend.asarray(np.asarray(selection.as_array(value)), symbol.dtype)


def _backend_of(layers: Sequence[Any]) -> str:
    """Return the backend of the layers with weights, else the current one."""
    bound = [layer.backend for layer in layers if layer._variables]
    others = sorted(set(bound))
    if len(others) > 1:
        raise InvalidArgument(
            f"a function computes on one backend; its layers are on {', '.join(others)}."
        )
    stated = [layer.backend for layer in layers if not isinstance(layer, Operation)]
    return str((bound or stated or [selection.backend()])[0])
