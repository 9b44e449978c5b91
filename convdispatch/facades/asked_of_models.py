"""What scripts ask models of a façade for, in every Keras's words."""

from __future__ import annotations

from typing import Any

from convdispatch.engine.phases import differs_in_training
from convdispatch.formulas.regularizers import penalty
from convdispatch.symbolic.table import SYMBOLS


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


def get_output_shape_for(self: Any, input_shape: Any) -> Any:
    """Return the output's shape, as Keras 1 calls it."""
    return self.compute_output_shape(input_shape)


def names_of(ends: str) -> property:
    """Return the property of the names of the layers where a model begins, or ends."""

    def names(self: Any) -> list[str]:
        given = getattr(self, ends)
        several = given if isinstance(given, list | tuple) else [given]
        return [one.call.layer.name for one in several]

    return property(names, doc=f"The names of the layers of `{ends}`.")


def losses_of(base: Any) -> property:
    """Return the property `losses`: penalties of weights, and symbols of those of outputs."""

    def losses(self: Any) -> list[Any]:
        found: list[Any] = list(base.losses.fget(self))
        for layer in self.layers:
            penalizes = getattr(layer, "activity_regularizer", None)
            if penalizes is not None and not layer._activity_losses:
                outputs = [one.returned for one in layer._connections()]
                found += [penalty(penalizes, SYMBOLS, one) for one in outputs]
        return [*found, *self._added_losses]

    return property(losses, doc=base.losses.__doc__)


ASKED = {
    "input_names": names_of("inputs"),
    "output_names": names_of("outputs"),
    "get_output_shape_for": get_output_shape_for,
    "updates": property(updates),
    "state_updates": property(state_updates),
    "uses_learning_phase": property(uses_learning_phase),
    "get_updates_for": get_updates_for,
    "get_losses_for": get_losses_for,
}
