"""An optimizer's own weights as NumPy arrays, in the order in which each Keras saves them.

The trainer keeps them as tensors, by weight and by name: see `Keeper`. Keras has one flat list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

import numpy as np

from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.formulas import lookup
from convdispatch.ops import Shape

Arrays: TypeAlias = dict[str, Any]  # NumPy arrays by the names of slots


# What Keras 1 called weights, where that is not what they are called now.
_KERAS1_NAMES = {"kernel": "W", "bias": "b", "recurrent_kernel": "U", "embeddings": "W"}


class Keeper(Protocol):
    """The trainer that uses an optimizer and keeps its slots."""

    iterations: int
    """How many updates have been made."""

    def names(self) -> Sequence[tuple[str, str]]:
        """Return the names of the weights that are trained: of the layer, then of the weight."""

    def shapes(self) -> Sequence[Shape]:
        """Return the shapes of these weights."""

    def read(self) -> list[Arrays]:
        """Return the slots as `Optimizer.slots` has them, as NumPy arrays."""

    def write(self, slots: Sequence[Arrays], iterations: int) -> None:
        """Go on from these slots and this number of updates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The order of one optimizer's weights in the flat list of one Keras.

    heads: what comes first, of 'iterations' and 'learning_rate'.
    groups: names of slots; a group lists each weight's slots, and the next group follows.
    stand_ins: arrays of zeros for slots that the optimizer does not use, by name: 'alike' of the
        weight's shape, 'one' of one number.
    tail: names of the numbers that all weights share.
    by_name: whether weights come in the order of the names that Keras 1 gave them.
    """

    heads: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    stand_ins: Mapping[str, str]
    tail: tuple[str, ...] = ()
    by_name: bool = False

    def flat(self, keeper: Keeper, rate: float) -> list[Any]:
        """Return the flat list."""
        slots, shapes = keeper.read(), keeper.shapes()
        heads = {"iterations": np.asarray(keeper.iterations), "learning_rate": np.asarray(rate)}
        found = [heads[name] for name in self.heads]
        for names in self.groups:
            for place in self._places(keeper):
                for name in names:
                    if name in slots[place]:
                        found.append(slots[place][name])
                    elif name in self.stand_ins:
                        shape = shapes[place] if self.stand_ins[name] == "alike" else 1
                        found.append(np.zeros(shape))
        shared = slots[-1] if len(slots) > len(shapes) else {}
        return [*found, *(shared[name] for name in self.tail)]

    def read(self, weights: Sequence[Any], keeper: Keeper) -> tuple[list[Arrays], Arrays]:
        """Return the slots of a flat list, and its heads by name; raise if it does not fit."""
        given = [_numbers(weight, place) for place, weight in enumerate(weights)]
        wanted = self.flat(keeper, 0.0)
        if len(given) != len(wanted):
            raise InvalidArgument(
                f"the weights of this optimizer are {len(wanted)} arrays, received {len(given)}. "
                f"Pass what `get_weights` of an optimizer of the same class and arguments returned."
            )
        for place, (found, expected) in enumerate(zip(given, wanted, strict=True)):
            if found.shape != expected.shape:
                raise InvalidShape(
                    f"weight {place} of this optimizer has shape {expected.shape}, received "
                    f"{found.shape}. Pass weights of an optimizer that trained the same model."
                )
        following = iter(given)
        heads = {name: next(following) for name in self.heads}
        for name, value in heads.items():
            lookup.number(float(value), name, at_least=0.0)
        slots = [dict(own) for own in keeper.read()]
        for names in self.groups:
            for place in self._places(keeper):
                for name in names:
                    if name in slots[place]:
                        slots[place][name] = next(following)
                    elif name in self.stand_ins:
                        next(following)
        for name in self.tail:
            slots[-1][name] = next(following)
        return slots, heads

    def _places(self, keeper: Keeper) -> list[int]:
        """Return the places of the weights in the order in which they come."""
        names = keeper.names()
        if not self.by_name:
            return list(range(len(names)))
        old = [f"{layer}_{_KERAS1_NAMES.get(weight, weight)}" for layer, weight in names]
        return sorted(range(len(names)), key=old.__getitem__)


def _numbers(weight: object, place: int) -> Any:
    """Return a weight as an array of real numbers; raise `InvalidType` if it is none."""
    try:
        array = np.asarray(weight)
    except ValueError as exc:  # rows of other lengths
        raise InvalidType(
            f"weight {place} of this optimizer is no array: {exc}. Pass arrays of numbers."
        ) from exc
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        raise InvalidType(
            f"weight {place} of this optimizer must be an array of numbers, received one of "
            f"{array.dtype}. Pass what `get_weights` returned."
        )
    return array


def in_turn(*names: str, heads: tuple[str, ...] = (), **stand_ins: str) -> Order:
    """Return the order of Keras 2: all weights' first slots, then all second ones."""
    return Order(heads=heads, groups=tuple((name,) for name in names), stand_ins=stand_ins)


def of_keras1(order: Order) -> Order:
    """Return Keras 2's order with the weights sorted by their names, as Keras 1 had them."""
    return replace(order, by_name=True)


def by_weight(*groups: tuple[str, ...], tail: tuple[str, ...] = ()) -> Order:
    """Return the order of Keras 3: in each group all slots of a weight are together."""
    heads = ("iterations", "learning_rate")
    return Order(heads=heads, groups=groups, stand_ins={}, tail=tail)
