"""A Sequential that is no mere chain of layers: a graph to whose end layers are added.

A Sequential becomes one when it is given branches or a model; its object stays the same.
"""

from __future__ import annotations

from typing import Any, Self

from convdispatch.engine.symbols import Symbol
from convdispatch.errors import InvalidArgument
from convdispatch.models._flat_weights import StackedWeights
from convdispatch.models._members import as_member, require_takes_one
from convdispatch.models._model import Model


class Growing(Model):
    """A graph to which layers and models are added, as to a Sequential."""

    def _start(self, given: list[Symbol], ends: list[Symbol], name: str) -> None:
        Model.__init__(self, given, ends[-1], name)
        self._starts, self._ends = given, ends  # the inputs, and the output after each layer

    def add(self, layer: Any) -> None:
        """Add a layer or a model at the end."""
        self._require_own()
        if not isinstance(layer, StackedWeights):
            layer = as_member(layer, is_first=False)
            require_takes_one(layer)
            if not layer.built and not layer.has_own_backend:
                layer.bind(self.backend)
        calls = self._calls
        self._start(self._starts, [*self._ends, end_of(layer, self._ends[-1])], self.name)
        self._calls = calls

    def pop(self) -> Any:
        """Remove the last layer and return it."""
        self._require_own()
        if len(self._ends) == 1:
            raise InvalidArgument(f"{self.name!r} has no layer after the first one.")
        removed, calls = self._ends[-1].call.layer, self._calls
        self._start(self._starts, self._ends[:-1], self.name)
        self._calls = calls
        return removed

    def _require_own(self) -> None:
        if not self._ends:
            raise InvalidArgument(
                f"{self.name!r} is a copy on another backend, which stays as it is. Change the "
                "model, and copy it then."
            )

    def _moved(self, memo: dict[int, Any], backend: str, dtype: str | None) -> Self:
        twin = super()._moved(memo, backend, dtype)
        twin._starts, twin._ends = [], []  # those of this model's layers
        return twin


def end_of(layer: Any, given: Symbol) -> Symbol:
    """Return the output of a layer or of a model called with a symbol.

    Raises `InvalidArgument` for a model of several inputs or outputs.
    """
    count = len(getattr(layer, "input_names", "1"))
    returned: Any = layer(given) if count == 1 else None
    if not isinstance(returned, Symbol):
        does = f"takes {count}" if returned is None else f"returns {len(returned)}"
        raise InvalidArgument(
            f"a Sequential gives each layer one tensor; received {layer.name!r}, which {does}. "
            "Call it with symbols from `Input`, and make a `Model` of them."
        )
    return returned


def kind_like(kind: type[Any], growing: type[Growing]) -> type[Any]:
    """Return the class that a Sequential of that kind becomes: a façade's has its words."""
    own, name = vars(kind), growing.__name__
    if "dialect" not in own:
        return growing
    if name not in own:  # an attribute, where pickles find it
        # Its list of layers is that of a chain, which this is none of.
        left_out = {word for word in own if word.startswith("__")} | {"layers"}
        body = {word: value for word, value in own.items() if word not in left_out}
        names = {"__module__": kind.__module__, "__qualname__": f"{kind.__qualname__}.{name}"}
        setattr(kind, name, type(name, (growing,), body | names))
    return own[name]  # type: ignore[no-any-return]  # the class that was just set


def become(model: Any, made: Growing) -> None:
    """Let a Sequential be what was made of it."""
    vars(model).clear()
    model.__class__ = type(made)
    vars(model).update(vars(made))
    model._be_known()
