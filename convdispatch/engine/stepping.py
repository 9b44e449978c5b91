"""Weights that a step of training writes in place, at every step, without a copy of the old ones.

`whole.written` keeps the old values, because a write may fail halfway. A compiled step writes
nothing before it has computed everything, so it needs only the marks for readers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdispatch.engine.whole import Held, recover

_set = object.__setattr__


class Stepping:
    """The right to change the variables of some layers; other threads wait for the end.

    A context for one thread at a time. Inside it, `variables` is the list of all variables, and
    `replace` takes their successors, which may be the same objects.
    """

    def __init__(self, layers: Sequence[Held]) -> None:
        self._layers = list(layers)
        # In the same order for every thread, so that no two threads wait for each other.
        self._locked = sorted(layers, key=id)
        self._taken: list[Any] = []

    def __enter__(self) -> Stepping:
        taken = self._taken = [layer._lock.take() for layer in self._locked]
        try:
            for layer in self._locked:
                if layer._write is not None:
                    recover(layer)
                # As `Layer.__setattr__` does for such names, in a third of its time.
                _set(layer, "_is_settled", False)
                _set(layer, "_variables", [*layer._variables])  # the mark for readers
        except BaseException:
            self._release(taken)
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._release(self._taken)

    def _release(self, taken: Sequence[Any]) -> None:
        for layer in self._locked:
            _set(layer, "_is_settled", layer._is_made)
        for lock in taken:
            lock.release()

    @property
    def variables(self) -> list[Any]:
        """The variables, layer by layer."""
        found: list[Any] = []
        for layer in self._layers:
            found += layer._variables
        return found

    def replace(self, variables: Sequence[Any]) -> None:
        """Give the layers these variables, the first ones of the sequence."""
        start = 0
        for layer in self._layers:
            stop = start + len(layer._variables)
            layer._variables[:] = variables[start:stop]
            start = stop
