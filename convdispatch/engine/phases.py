"""Which symbols are other numbers in training than in inference, as Keras notes of each tensor."""

from __future__ import annotations

from typing import Any


def depends_on_phase(symbol: Any) -> bool:
    """Return whether a layer on the way to a symbol computes otherwise in training."""
    seen: set[int] = set()
    pending = [symbol.call]
    while pending:
        call = pending.pop()
        if id(call) in seen:
            continue
        seen.add(id(call))
        if differs_in_training(call.layer):
            return True
        pending += [one.call for one in call.inputs]
    return False


def differs_in_training(layer: Any) -> bool:
    """Return whether a layer, or a model, computes otherwise in training."""
    stated = getattr(layer, "uses_phase", None)
    if stated is not None:
        return bool(stated)
    asked = getattr(layer, "_uses", None)  # of a function, what it asked for
    if asked is not None:
        return "phase" in asked
    if callable(getattr(type(layer), "graph", None)):  # a model
        return any(differs_in_training(one) for one in layer.layers)
    shape = getattr(layer, "_built_shape", None)
    if layer.is_input or shape is None:
        return False
    return layer.resolved(layer._specs_for(shape)).lower_training is not None
