"""What scripts ask layers of a façade for, in every Keras's words: losses, updates, the phase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from convdispatch.engine.layer import Layer
from convdispatch.engine.phases import differs_in_training
from convdispatch.engine.symbols import Symbol
from convdispatch.errors import InvalidArgument
from convdispatch.formulas.regularizers import penalty
from convdispatch.symbolic.held import shown
from convdispatch.symbolic.table import SYMBOLS
from convdispatch.symbolic.trees import leaves


class Asked(Layer):
    """A layer that says what training adds to the loss and what it updates."""

    @property
    def built(self) -> bool:
        """Whether the weights exist; a script's own assignment changes nothing."""
        return self._is_made

    if not TYPE_CHECKING:

        @built.setter
        def built(self, value: bool) -> None:
            pass

    @property
    def uses_learning_phase(self) -> bool:
        """Whether the layer computes otherwise in training."""
        return differs_in_training(self)

    @property
    def updates(self) -> list[Any]:
        """The weights to which training gives values of its own, such as moving means."""
        return [*self._updated(), *(one for one, _ in self._noted_in("_noted_updates"))]

    @property
    def losses(self) -> list[Any]:
        """The penalties of the weights and of the last output, then what a script added."""
        return [*super().losses, *(one for one, _ in self._noted_in("_noted_losses"))]

    def _noted_in(self, kept: str) -> list[tuple[Any, Any]]:
        """Return what a script added here and to parts, each with the inputs it depends on."""
        parts: list[Any] = getattr(self, "_parts", list)()
        return [pair for one in (self, *parts) for pair in vars(one).get(kept, [])]

    def _updated(self) -> list[Any]:
        stated = getattr(self, "stated_phase", None)
        if not self.trainable or not self._is_made or stated is False:
            return []
        declared = enumerate(self._declarations)
        places = [place for place, one in declared if not one.trainable and not one.is_state]
        return self._shown(places)

    def _shown(self, places: Sequence[int]) -> list[Any]:
        """Return the weights in these places as variables, which a backend's functions take."""
        return shown(self, places)

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """Return the output's shape, as Keras 1 calls it."""
        return self.compute_output_shape(input_shape)

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """Return the updates that depend on these inputs; of None, those that depend on none."""
        noted = self._noted_in("_noted_updates")
        found = [one for one, own in noted if own is inputs]
        return found if inputs is None else [*self._updated(), *found]

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """Return the losses that depend on these inputs; of None, those of the weights."""
        noted = self._noted_in("_noted_losses")
        found = [one for one, own in noted if own is inputs]
        if inputs is None:
            return [*self._weight_losses(), *found]
        return [*self._activity_losses_of(inputs), *found]

    def _activity_losses_of(self, inputs: Any) -> list[Any]:
        """Return the penalties of the outputs of calls with these symbols."""
        if self.activity_regularizer is None:
            return []
        called = [call for call in self._calls if any(one is inputs for one in call.inputs)]
        outputs = [one for call in called for one in call.outputs]
        return [penalty(self.activity_regularizer, SYMBOLS, one) for one in outputs]

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the output: for symbols a symbol."""
        if not any(isinstance(one, Symbol) for one in leaves([inputs, mask])):
            return super().compute_mask(inputs, mask)
        if self.takes_list:
            self._require_masks(inputs, mask)
        twin = object.__new__(type(self))  # which computes with symbols
        vars(twin).update(vars(self), _backend=lambda: SYMBOLS)
        return super(Asked, twin).compute_mask(inputs, mask)

    def _require_masks(self, inputs: Any, mask: Any) -> None:
        """Raise unless there is a mask, or None, for each input of a list."""
        both = isinstance(inputs, list | tuple) and isinstance(mask, list | tuple | None)
        if not both or (mask is not None and len(mask) != len(inputs)):
            raise InvalidArgument(
                f"{self._title} needs a list of inputs and a list with a mask or None for each; "
                f"received {type(inputs).__name__} and {type(mask).__name__}."
            )

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Note numbers; a symbolic loss is the model's."""
        self._note("_noted_losses", losses, inputs, "`model.add_loss(...)` adds it to its training")

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Note numbers; an update is that of a layer of the script's own."""
        self._note(
            "_noted_updates", updates, inputs, "a layer of your own, with `call`, may have updates"
        )

    def _note(self, kept: str, given: Any, inputs: Any, instead: str) -> None:
        for one in given if isinstance(given, list | tuple) else [given]:
            if isinstance(one, Symbol | tuple):
                raise InvalidArgument(
                    f"{self._title} takes no symbolic loss and no update; received "
                    f"{type(one).__name__}. {instead[0].upper()}{instead[1:]}."
                )
            vars(self).setdefault(kept, []).append((one, inputs))
