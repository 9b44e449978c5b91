"""Declarations of weights that are there already: those of a script's own layer."""

from __future__ import annotations

from collections.abc import Iterable

from convdispatch.engine.declarations import Weight
from convdispatch.symbolic.variables import Variable


def as_weight(variable: Variable, name: str, trainable: bool) -> Weight:
    """Return the declaration of a variable as a weight."""
    return Weight(
        name=name,
        shape=tuple(int(size or 0) for size in variable.shape),
        initializer=None,
        regularizer=variable.regularizer,
        constraint=variable.constraint,
        trainable=trainable,
    )


def renamed(weight: Weight, name: str, *, trainable: bool) -> Weight:
    """Return the declaration of a weight that a layer within has, under another name."""
    return Weight(
        name=name,
        shape=weight.public_shape,
        initializer=None,
        regularizer=weight.regularizer,
        constraint=weight.constraint,
        trainable=trainable,
        is_state=weight.is_state,
    )


def names_of(wished: Iterable[str | None], owner: str) -> list[str]:
    """Return a name for each weight, all different, without that of the layer."""
    found: list[str] = []
    for place, wish in enumerate(wished):
        name = (wish or f"weight_{place}").removeprefix(f"{owner}_").replace("/", "_")
        found.append(name if name and name not in found else f"{name}_{place}")
    return found
