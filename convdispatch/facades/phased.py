"""Layers that a script calls with a phase of its own: `layer(x, training=True)`.

Such a layer computes as in training, or as in inference, whatever its model does. It is the layer
that has the phase, not the call: one that is called with both is refused.
"""

from __future__ import annotations

from dataclasses import replace
from types import new_class
from typing import Any

from convdispatch.engine.layer import Layer
from convdispatch.engine.resolved import Effects, Resolved, Training
from convdispatch.engine.symbols import symbols_in
from convdispatch.errors import InvalidArgument
from convdispatch.formulas import random
from convdispatch.layers._scoped_function import DRAWS
from convdispatch.symbolic.control import stated_phase

_MADE: dict[tuple[type, bool], type] = {}


class Phased(Layer):
    """A layer whose calls take `training`: True, False, or None for what the model does."""

    stated_phase: bool | None = None

    def __call__(self, inputs: Any, *given: Any, training: Any = None, **options: Any) -> Any:
        """Apply the layer, in that phase from now on."""
        if isinstance(training, bool | int):
            self._state_phase(bool(training), inputs)
        elif stated_phase() is not None and not self._calls and symbols_in(inputs) is not None:
            self._state_phase(bool(stated_phase()), inputs)
        return super().__call__(inputs, *given, **options)

    def _state_phase(self, phase: bool, inputs: Any) -> None:
        if self.stated_phase is phase:
            return
        if self.stated_phase is not None or self._calls or symbols_in(inputs) is None:
            raise InvalidArgument(
                f"{self._title} takes `training` in its first call, with a symbolic tensor, and "
                f"keeps it; received {phase} after other calls. Make another layer for it."
            )
        self.take_phase(phase)

    def take_phase(self, phase: bool) -> None:
        """Have that phase from now on."""
        self.__class__ = _phased(type(self), phase)
        self._plans = type(self._plans)(self._plans)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, and the phase if the layer has one of its own."""
        own = {} if self.stated_phase is None else {"stated_phase": self.stated_phase}
        return super().get_config() | own


def _phased(cls: Any, phase: bool) -> Any:
    """Return the class of layers of a class that have that phase."""
    if (cls, phase) not in _MADE:
        base = InTraining if phase else InInference
        contents = {"__module__": cls.door, "__qualname__": cls.__qualname__}
        bases = (base, cls)
        _MADE[cls, phase] = new_class(
            cls.__name__, bases, exec_body=lambda body: body.update(contents)
        )
    return _MADE[cls, phase]


class InInference(Layer):
    """Computes as in inference also while its model trains."""

    stated_phase = False
    uses_phase = False

    @property
    def draws(self) -> bool:
        """Nothing is drawn."""
        return False

    def resolve(self, spec: Any) -> Resolved:
        """Return the layer resolved, without what it does in training."""
        return replace(super().resolve(spec), lower_training=None)


class InTraining(Layer):
    """Computes as in training also in inference, with other random numbers at each call."""

    stated_phase = True
    uses_phase = False

    def resolve(self, spec: Any) -> Resolved:
        """Return the layer resolved, in which inference is as training."""
        found = super().resolve(spec)
        lower = found.lower_training
        if lower is None:
            return found
        training, draws = lower, self.draws

        def lower_carrying(dtype: str, activation: Any) -> Training:
            return self._counting(training(dtype, activation), counts=draws)

        def forward(dtype: str, activation: Any) -> Any:
            made = lower_carrying(dtype, activation)
            return lambda weights, x, *mask: made(weights, x, None, *mask)[0]

        def lower_training(dtype: str, activation: Any) -> Training:
            made = training(dtype, activation)
            end = -1 if draws else None
            return lambda weights, x, key, *mask: made(weights[:end], x, key, *mask)

        declared = found.declare
        return replace(
            found,
            declare=lambda: (*declared(), *((DRAWS,) if draws else ())),
            lower=forward,
            lower_carrying=lower_carrying,
            lower_training=lower_training,
        )

    def _counting(self, made: Training, *, counts: bool) -> Training:
        """Return what training does with a key of its own, and the new count as its effect."""
        backend = self._backend()
        seed: Any = backend.asarray(random.training_key(), "int32") if counts else None
        fold: Any = random.Draws(backend)["fold"]

        def inference(weights: Any, x: Any, key: Any, *mask: Any) -> tuple[Any, Effects]:
            if not counts:
                outputs, effects = made(weights, x, None, *mask)
                return outputs, Effects(updates=self._states_in(effects.updates))
            *own, count = weights
            outputs, effects = made(own, x, fold(seed, backend.cast(count, "int32")), *mask)
            kept = self._states_in(effects.updates)
            return outputs, Effects(updates={**kept, "draws": count + 1})

        return inference

    def _states_in(self, updates: Any) -> dict[str, Any]:
        """Return the new values of states; statistics of a batch change in training alone."""
        states = {one.name for one in self._declarations if one.is_state}
        return {name: value for name, value in updates.items() if name in states}

    @property
    def carries_state(self) -> bool:
        """Whether a call changes the next one: by its count of draws, too."""
        return bool(super().carries_state or self.draws)

    def reset_states(self) -> None:
        """Begin anew where the layer has a state of its own."""
        own = getattr(super(), "reset_states", None)
        if own is not None and getattr(self, "stateful", False):
            own()
