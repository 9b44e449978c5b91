"""Layers that compute a user's function within a scope, in which it may draw and ask its phase.

A function that draws random numbers has a count of its computations as a state, so that each has
numbers of its own, compiled ones too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convdispatch.engine import scopes
from convdispatch.engine.declarations import Weight
from convdispatch.engine.list_layer import ListLayer
from convdispatch.engine.resolved import Effects, Training
from convdispatch.engine.scopes import Scope
from convdispatch.engine.whole import held
from convdispatch.formulas import random
from convdispatch.ops import NumpyArray

# A count of the computations so far, from which each has random numbers of its own.
DRAWS = Weight(name="draws", shape=(), initializer=None, trainable=False, is_state=True)


class ScopedFunction(ListLayer):
    """A layer whose function may be another one in training, and may draw random numbers."""

    # Of 'phase', 'random' and 'symbols', what the function asks a scope for.
    _uses: frozenset[str] = frozenset()
    _seed: NumpyArray | None = None
    _function_of_user: Callable[..., Any]
    arguments: dict[str, Any]

    def _scope(self, *, is_training: bool = False, key: Any = None) -> Scope:
        scope = Scope(self._backend(), is_training=is_training, key=key, owner=self)
        return scope.within(scopes.current())

    def _called_function(self, inputs: Any, **options: Any) -> Any:
        """Return what the function makes of native tensors."""
        return self._function_of_user(inputs, **options)

    def _expressed(self, inputs: Any) -> Any:
        """Return what the function makes of symbols, which is a part of the graph itself."""
        with scopes.entered(None):
            found = self._function_of_user(inputs, **self.arguments)
        is_one = isinstance(found, list | tuple) and len(found) == 1
        return found[0] if is_one else found

    def _note_uses(self, scope: Scope) -> None:
        """Note what the function asked for; a subclass may know it before."""
        if not scope.uses <= self._uses:
            self._uses = self._uses | scope.uses
        if self.draws and self._seed is None:
            self._seed = random.training_key()

    def _declared_draws(self) -> tuple[Weight, ...]:
        return (DRAWS,) if self.draws else ()

    def _lowerings(self, compute: Callable[..., Any]) -> dict[str, Any]:
        """Return how to lower `compute(inputs, *mask)` with effects, where it has any."""
        found: dict[str, Any] = {}
        if self._uses & {"phase", "random"}:
            found["lower_training"] = lambda *_: self._in_training(compute)
        if self.draws:
            found["lower_carrying"] = lambda *_: self._drawing(compute)
            found["declare"] = self._declared_draws
        return found

    def _in_training(self, compute: Callable[..., Any]) -> Training:
        def training(weights: Any, inputs: Any, key: Any, *mask: Any) -> tuple[Any, Effects]:
            with scopes.entered(self._scope(is_training=True, key=key)):
                return compute(inputs, *mask), Effects()

        return training

    def _drawing(self, compute: Callable[..., Any]) -> Training:
        """Return the function for results, with the new count as its effect."""
        backend = self._backend()
        seed: Any = backend.asarray(np.asarray(self._seed), "int32")
        fold: Any = random.Draws(backend)["fold"]

        def drawing(weights: Any, inputs: Any, key: Any, *mask: Any) -> tuple[Any, Effects]:
            own = fold(seed, backend.cast(weights[-1], "int32"))
            with scopes.entered(self._scope(key=own)):
                return compute(inputs, *mask), Effects(updates={"draws": weights[-1] + 1})

        return drawing

    def _drawn(self, native: Any, *mask: Any) -> Any:
        """Return the outputs for native inputs, and count the call."""
        with held([self]):
            outputs, effects = self.inference_for(native)(self._variables, native, None, *mask)
            count: Any = effects.updates["draws"]
            self._assign([len(self._variables) - 1], [count])
        return outputs

    @property
    def draws(self) -> bool:
        """Whether the function draws random numbers."""
        return "random" in self._uses

    @property
    def carries_state(self) -> bool:
        """Whether a call counts."""
        return self.draws

    def reset_states(self) -> None:
        """Do nothing: the count of draws goes on."""
