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
from convdispatch.models._growing import Growing, become, kind_like
from convdispatch.models._members import moved
from convdispatch.models._model import Model


class Branched(Growing):
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

    def _moved(self, memo: dict[int, Any], backend: str, dtype: str | None) -> Self:
        twin = super()._moved(memo, backend, dtype)
        twin.branches = tuple(moved(one, memo, backend, dtype) for one in self.branches)
        return twin


def start(model: Any, merging: Layer, branches: Sequence[Any]) -> None:
    """Make an empty Sequential a model that begins with these branches."""
    if len(model) or merging.built:
        raise InvalidArgument(
            f"{merging.name!r} merges branches, so it must be the first layer of a Sequential, and "
            "of no other. In a graph, call it with a list of symbols."
        )
    backend = model.backend if model._has_own_backend else None
    made = kind_like(type(model), Branched)(merging, branches, model.name)
    if backend not in (None, made.backend):
        raise InvalidArgument(
            f"the branches of {merging.name!r} are on the backend {made.backend!r} and the model "
            f"on {backend!r}. Make the branches with `backend={backend!r}`."
        )
    become(model, made)


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
    stack = [branch] if isinstance(branch, Layer) else getattr(branch, "layers", [branch])
    if not isinstance(branch, Layer) and not hasattr(branch, "graph"):
        raise InvalidType(
            "`layers` must be models, or layers that state their `input_shape`; received "
            f"{type(branch).__name__}."
        )
    first = stack[0] if stack else None
    shape = None if first is None else first.batch_input_shape
    if first is not None and first.built:
        shape = first.built_shape
    if first is None or shape is None:
        raise InvalidShape(
            f"the branch {branch.name!r} does not know its input shape: give `input_shape` to its "
            "first layer."
        )
    symbol = Input(batch_shape=shape, dtype=first.input_dtype, name=f"{branch.name}_input")
    output = branch(symbol)
    return [symbol], output
