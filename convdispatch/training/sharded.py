"""Training with a part of each weight on each device: what asks for it, and a model's part in it.

The engine shards, gathers and reduces: see `ops.ShardedGroup`. Here is what a step computes by
units of it, and what rank 0 asks the others for when it alone reads weights.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convdispatch.engine.resolved import Effects
from convdispatch.engine.sharding import Sharding
from convdispatch.errors import ConfigError, InvalidArgument
from convdispatch.formulas.regularizers import penalty
from convdispatch.ops import Backend, Group, ShardedGroup

VARIABLE = "CONVDISPATCH_SHARD_WEIGHTS"
SLOTS = -1  # the name of an optimizer's state, where others are numbers of layers
_BY_VALUE = {"": False, "0": False, "1": True}


def is_asked_for(environ: Mapping[str, str]) -> bool:
    """Return whether the environment asks for sharded weights.

    Raises `ConfigError` for a word that is none of those allowed.
    """
    given = environ.get(VARIABLE, "")
    if given not in _BY_VALUE:
        raise ConfigError(
            f"the environment variable {VARIABLE} cannot be {given!r}. Give '1' to keep a part of "
            "each weight on each device, or '0' to keep all of them on each."
        )
    return _BY_VALUE[given]


def as_asked(group: Group, backend: str) -> Group:
    """Return the group, with sharded weights where the environment asks for them."""
    if not is_asked_for(os.environ):
        return group
    make: Callable[[], ShardedGroup] | None = getattr(group, "sharded", None)
    if make is None:
        raise InvalidArgument(
            f"{VARIABLE} asks for a part of each weight on each device, but the distribution "
            f"engine of {backend!r} keeps all weights on each. Unset the variable, or train on a "
            "backend whose engine can."
        )
    return make()


class Units:
    """A sharded group, and the layers whose weights it gathers one layer after the other."""

    def __init__(self, group: ShardedGroup, layers: Sequence[Any], trained: Sequence[bool]) -> None:
        self.group = group
        self._layers, self._trained = layers, trained

    def sharding(self, gather: Callable[[int, Sequence[Any]], Sequence[Any]]) -> Sharding:
        """Return what a step changes the layers' weights by."""
        with_weights = [layer for layer in self._layers if layer._variables]
        trained = [
            is_trained and weight.trainable
            for layer, is_trained in zip(self._layers, self._trained, strict=True)
            for weight in layer.declared_weights
        ]
        return Sharding(
            with_weights, lambda units: self.group.shard(units, trained=trained), gather
        )

    def with_effects(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function of a layer that takes its weights whole, and returns effects."""
        of_unit = self.group.of_unit

        def plain(*given: Any) -> Any:
            outputs, effects = function(*given)
            return outputs, dict(effects.updates), list(effects.losses), list(effects.masks)

        def called(weights: Sequence[Any], *inputs: Any) -> Any:
            outputs, updates, losses, masks = of_unit(plain, weights, inputs)
            return outputs, Effects(updates=updates, losses=tuple(losses), masks=tuple(masks))

        return called

    def without_effects(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function of a layer that takes its weights whole."""
        of_unit = self.group.of_unit
        return lambda weights, *inputs: of_unit(function, weights, inputs)

    def penalties(
        self, penalized: Sequence[tuple[int, Any]], backend: Backend, weights: Sequence[Any]
    ) -> list[Any]:
        """Return the penalties of weights by their places."""

        def of(one: Any) -> Callable[..., Any]:
            return lambda given: penalty(one, backend, given[0])

        return [self.group.of_unit(of(one), [weights[place]], ()) for place, one in penalized]
