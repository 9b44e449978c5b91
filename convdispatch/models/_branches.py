"""A model that begins with branches: Keras 1's Sequential whose first layer merges other models.

Its graph is that of a `Model`, which it is from the moment that the merging layer is added.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from convdispatch.engine.layer import Layer
from convdispatch.engine.symbols import Symbol
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.layers import Input
from convdispatch.models._members import as_member, require_takes_one
from convdispatch.models._model import Model


class Branched(Model):
    """A model of several inputs to which layers are added, as to a Sequential."""

    branches: tuple[Any, ...]  # the models whose outputs are merged first

    def __init__(self, merging: Layer, branches: Sequence[Any], name: str) -> None:
        self.branches = tuple(branches)
        given, merged = [], []
        for branch in branches:
            inputs, output = _called(branch)
            given += inputs
            merged.append(output)
        end: Any = merging(merged)
        self._start(given, [end], name)

    def _start(self, given: list[Symbol], ends: list[Symbol], name: str) -> None:
        Model.__init__(self, given, ends[-1], name)
        self._starts, self._ends = given, ends  # the inputs, and the output after each layer

    def add(self, layer: Layer) -> None:
        """Add a layer at the end."""
        layer = as_member(layer, is_first=False)
        require_takes_one(layer)
        self._require_own()
        if not layer.built and not layer.has_own_backend:
            layer.bind(self.backend)
        self._start(self._starts, [*self._ends, layer(self._ends[-1])], self.name)

    def pop(self) -> Layer:
        """Remove the last layer and return it."""
        self._require_own()
        if len(self._ends) == 1:
            raise InvalidArgument(f"{self.name!r} has no layer after the one that merges.")
        removed: Layer = self._ends[-1].call.layer
        self._start(self._starts, self._ends[:-1], self.name)
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


def start(model: Any, merging: Layer, branches: Sequence[Any]) -> None:
    """Make an empty Sequential a model that begins with these branches."""
    if len(model) or merging.built:
        raise InvalidArgument(
            f"{merging.name!r} merges branches, so it must be the first layer of a Sequential, and "
            "of no other. In a graph, call it with a list of symbols."
        )
    backend = model.backend if model._has_own_backend else None
    kind = _branched_kind(type(model))
    made = kind(merging, branches, model.name)
    if backend not in (None, made.backend):
        raise InvalidArgument(
            f"the branches of {merging.name!r} are on the backend {made.backend!r} and the model "
            f"on {backend!r}. Make the branches with `backend={backend!r}`."
        )
    vars(model).clear()
    model.__class__ = kind
    vars(model).update(vars(made))


def _branched_kind(kind: type[Any]) -> type[Branched]:
    """Return the class of a Sequential that begins with branches: a façade's has its words."""
    own = vars(kind)
    if "dialect" not in own:
        return Branched
    if "Branched" not in own:  # an attribute, where pickles find it
        body = {name: value for name, value in own.items() if not name.startswith("__")}
        names = {"__module__": kind.__module__, "__qualname__": f"{kind.__qualname__}.Branched"}
        kind.Branched = type("Branched", (Branched,), body | names)
    found: type[Branched] = kind.Branched
    return found


def _called(branch: Any) -> tuple[list[Symbol], Symbol]:
    """Return symbols for a branch's inputs, and its output for them."""
    if isinstance(branch, Model):
        specs = branch.graph().inputs
        given = [Input(batch_shape=spec.shape, dtype=spec.dtype) for spec in specs]
        output: Any = branch(given if len(given) > 1 else given[0])
        if isinstance(output, list):
            raise InvalidArgument(
                f"a branch must have one output; {branch.name!r} returns a list of {len(output)}."
            )
        return given, output
    stack = getattr(branch, "layers", [branch])
    if not isinstance(branch, Layer) and not hasattr(branch, "graph"):
        raise InvalidType(
            "`layers` must be models, or layers that state their `input_shape`; received "
            f"{type(branch).__name__}."
        )
    first = stack[0] if stack else None
    shape = None if first is None else first.batch_input_shape
    if first is not None and first.built:
        shape = first.input_shape
    if first is None or shape is None:
        raise InvalidShape(
            f"the branch {branch.name!r} does not know its input shape: give `input_shape` to its "
            "first layer."
        )
    symbol = Input(batch_shape=shape, dtype=first.input_dtype, name=f"{branch.name}_input")
    output = branch(symbol)
    return [symbol], output
