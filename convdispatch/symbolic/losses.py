"""Crossentropies with Keras's names; see `operations`."""

from __future__ import annotations

from typing import Any

from convdispatch.runtime import selection
from convdispatch.symbolic.operations import operation

__all__ = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
]


@operation
def binary_crossentropy(o: Any, target: Any, output: Any, from_logits: bool = False) -> Any:
    """Return the crossentropy of each number with its target."""
    wanted, found = o.matched(target, o.floats(output))
    if from_logits:
        size = o.f["abs"](found)
        is_positive = o.f["where"](found < 0, 0, found)
        return is_positive - found * wanted + o.f["log1p"](o.f["exp"](-size))
    edge = selection.epsilon()
    found = _clipped(o, found, edge)
    return -(wanted * o.f["log"](found) + (1 - wanted) * o.f["log"](1 - found))


def _clipped(o: Any, x: Any, edge: float) -> Any:
    return o.f["where"](x < edge, edge, o.f["where"](x > 1 - edge, 1 - edge, x))


@operation
def categorical_crossentropy(
    o: Any, target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """Return the crossentropy of each row of classes with its target."""
    wanted, found = o.matched(target, o.floats(output))
    axes = (o.axis(axis, found),)
    if from_logits:
        top = o.f["stop_gradient"](o.f["max"](found, axes, keepdims=True))
        logs = found - top
        logs = logs - o.f["log"](o.f["sum"](o.f["exp"](logs), axes, keepdims=True))
        return -o.f["sum"](wanted * logs, axes)
    found = found / o.f["sum"](found, axes, keepdims=True)
    return -o.f["sum"](wanted * o.f["log"](_clipped(o, found, selection.epsilon())), axes)


@operation
def sparse_categorical_crossentropy(
    o: Any, target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """Return the crossentropy of each row of classes with the number of its class."""
    found = o.floats(output)
    place = o.axis(axis, found)
    classes = o.tensor(target, "int32")
    if o.rank(classes) == o.rank(found):
        classes = o.f["reshape"](classes, o.sizes(classes)[:-1])
    if place != o.rank(found) - 1:
        rest = [i for i in range(o.rank(found)) if i != place]
        found = o.f["transpose"](found, (*rest, place))
    chosen = o.f["one_hot"](classes, o.static(found)[-1], o.dtype(found))
    return categorical_crossentropy.computes(o, chosen, found, from_logits)
