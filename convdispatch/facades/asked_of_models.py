"""What scripts ask models of a façade for, in every Keras's words."""

from __future__ import annotations

from typing import Any

from convdispatch.engine.phases import differs_in_training


def updates(self: Any) -> list[Any]:
    """Return the weights to which training gives values of its own; none of a frozen model."""
    if not self.trainable:
        return []
    return [one for layer in self.layers for one in getattr(layer, "updates", ())]


def get_updates_for(self: Any, inputs: Any) -> list[Any]:
    """Return the updates; of None, those that depend on no input."""
    return [] if inputs is None else updates(self)


def get_losses_for(self: Any, inputs: Any) -> list[Any]:
    """Return the losses of the layers for these inputs; of None, those of the weights."""
    asked = [getattr(layer, "get_losses_for", None) for layer in self.layers]
    return [one for get in asked if get is not None for one in get(inputs)]


def state_updates(self: Any) -> list[Any]:
    """Return the states that a call changes, of stateful layers."""
    layers = [layer for layer in self.layers if getattr(layer, "stateful", False)]
    return [state for layer in layers for state in getattr(layer, "states", ())]


def uses_learning_phase(self: Any) -> bool:
    """Return whether the model computes otherwise in training."""
    return differs_in_training(self)


ASKED = {
    "updates": property(updates),
    "state_updates": property(state_updates),
    "uses_learning_phase": property(uses_learning_phase),
    "get_updates_for": get_updates_for,
    "get_losses_for": get_losses_for,
}
