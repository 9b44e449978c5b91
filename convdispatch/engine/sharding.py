"""The weights of layers while each device of a group has a part of them alone.

Between two steps they stay sharded. Whoever reads a layer finds it unsettled, as in the midst of a
write, and gathers its weights first; the next step shards them again. So nothing but a step ever
sees a part, and who reads whole weights pays nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from convdispatch.engine.stepping import Stepping
from convdispatch.engine.whole import Held, held, recover

_set = object.__setattr__


class Sharding(Stepping):
    """The right to change sharded weights, as `Stepping` is that to change whole ones."""

    def __init__(
        self,
        layers: Sequence[Held],
        shard: Callable[[Sequence[Sequence[Any]]], Sequence[Any]],
        gather: Callable[[int, Sequence[Any]], Sequence[Any]],
    ) -> None:
        """Take what shards the variables of all layers, and what gathers those of one.

        gather: takes the layer's number and its variables.
        """
        super().__init__(layers)
        self._shard = shard
        self._marks = [_Sharded(layer, n, gather) for n, layer in enumerate(self._layers)]

    def __enter__(self) -> Sharding:
        self._taken = [layer._lock.take() for layer in self._locked]
        try:
            if not self.is_sharded:
                for layer in self._layers:  # some may still be sharded, or be half written
                    recover(layer)
            for layer in self._locked:
                _set(layer, "_is_settled", False)
                _set(layer, "_variables", [*layer._variables])  # the mark for readers
            if not self.is_sharded:
                self.replace(self._shard([list(layer._variables) for layer in self._layers]))
                for layer, mark in zip(self._layers, self._marks, strict=True):
                    _set(layer, "_write", mark)
        except BaseException:
            self._release(self._taken)
            raise
        return self

    @property
    def is_sharded(self) -> bool:
        """Whether the variables of all layers are sharded."""
        pairs = zip(self._layers, self._marks, strict=True)
        return all(layer._write is mark for layer, mark in pairs)

    def gather(self, place: int) -> None:
        """Gather the weights of one layer, as a reader would."""
        with held([self._layers[place]]):
            pass

    def gather_all(self) -> None:
        """Gather the weights of all layers."""
        with held(self._layers):
            pass

    def _release(self, taken: Sequence[Any]) -> None:
        for layer in self._locked:
            _set(layer, "_is_settled", layer._is_made and layer._write is None)
        for lock in taken:
            lock.release()


class _Sharded:
    """What a layer has in the place of a write: who finds it gathers the layer's weights."""

    is_left_over = True  # nobody else ends it

    def __init__(self, layer: Held, place: int, gather: Callable[..., Sequence[Any]]) -> None:
        self._layer, self._place, self._gather = layer, place, gather

    def end(self) -> None:
        """Give the layer whole weights; its lock is held."""
        layer = self._layer
        layer._variables = list(self._gather(self._place, layer._variables))
        layer._write = None
        layer._is_settled = layer._is_made
