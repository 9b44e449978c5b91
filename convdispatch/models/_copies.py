"""Copies and pickles of a model, with the weights of all layers at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from convdispatch.engine.layer import Layer
from convdispatch.engine.whole import are_same, written
from convdispatch.models._flat_weights import StackedWeights
from convdispatch.ops import NumpyArray
from convdispatch.support.locks import Lock

# What belongs to this object in this process: no copy has it, nor anything that is compiled.
NOT_COPIED = (
    *("_lock", "_predictor", "_divided", "_top", "_differentiated"),
    *("_trainer", "_said", "_input_feeder"),
    *("_calls", "_symbols", "_made_of", "_shown_layers"),
)

Values = list[list[NumpyArray]]


class CopiedStack(StackedWeights):
    """A stack of layers that can be copied and pickled while threads use it."""

    def __getstate__(self) -> dict[str, Any]:
        """Return what copies and pickles hold."""
        with self._alone() as layers:
            weights = _Weights(layers)
        # The weights last, when the layers have been copied.
        return {**self._public_state(), "_weights_then": weights}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Take the state."""
        kept = dict(state)
        values: Values | None = kept.pop("_weights_then")
        vars(self).update(kept)
        self._be_alone()
        self._be_known()
        if values is not None:
            with written(self._layers):
                for layer, own in zip(self._layers, values, strict=True):
                    layer._restore(own)

    def __copy__(self) -> Self:
        """Return a model of the same layers, to which others can be added."""
        twin = type(self).__new__(type(self))
        vars(twin).update(self._public_state(), _layers=list(self._layers))
        twin._be_alone()
        twin._be_known()
        return twin

    _calls: list[Any]
    _symbols: list[Any]

    def _be_alone(self) -> None:
        """Share neither the original's lock nor the tensors of its calls."""
        self._lock, self._calls, self._symbols = Lock(), [], []

    def _be_known(self) -> None:
        for layer in self._layers:
            layer._stacks.add(self)

    def _public_state(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in NOT_COPIED}


class _Weights:
    """The weights of layers at one time, for a pickle or a copy that is made layer by layer.

    It keeps nothing if no thread sets weights before the layers have been copied.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers
        self._lists = [layer._variables for layer in layers]
        self._values: Values = [layer._copied_values() for layer in layers]

    def __reduce__(self) -> tuple[Any, ...]:
        is_unchanged = are_same([layer._variables for layer in self._layers], self._lists)
        return _kept, (None if is_unchanged else self._values,)


def _kept(values: Values | None) -> Values | None:
    return values
