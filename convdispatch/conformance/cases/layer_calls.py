"""Calls of layers one after the other: a state that is kept, and numbers that have no row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from convdispatch import layers
from convdispatch.conformance.case import Case, Measured, Mismatch
from convdispatch.conformance.cases.formula_rows import numbers, of_shapes
from convdispatch.conformance.cases.layer_rows import require_registered
from convdispatch.errors import InvalidArgument
from convdispatch.numerics import bounds
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.problem import Array
from convdispatch.numerics.reference_layers import lstm_cell, recurrent
from convdispatch.ops import Backend

_X = numbers((2, 6, 3), 31)
_WEIGHTS = of_shapes((3, 8), (2, 8), (8,))
_ROUNDINGS = 100


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of calls; `seed` draws nothing."""
    yield Case(
        id="layers/contract/calls-keep-a-state",
        level="contract",
        op="layers",
        claim="A sequence in two calls gives what it gives in one, until the state is reset.",
        check=keeps_state,
        features=("functions", "float32"),
    )
    yield Case(
        id="layers/errors/embedding-without-a-row",
        level="errors",
        op="layers",
        claim="An array with a number that has no row is refused before the backend sees it.",
        check=refuses_rows,
        features=("functions", "float32"),
    )


def keeps_state(backend: Backend) -> Measured:
    """Call a stateful layer with both halves of a sequence, and again after a reset."""
    require_registered(backend)
    layer = layers.LSTM(
        2, stateful=True, return_sequences=True, batch_input_shape=(2, 3, 3), **_options(backend)
    )
    layer.build((2, 3, 3))
    layer.set_weights([*_WEIGHTS, *layer.get_weights()[3:]])
    halves = [_X[:, :3], _X[:, 3:]]
    found = [_called(backend, layer, half) for half in halves]
    layer.reset_states()
    found.append(_called(backend, layer, halves[1]))
    whole = recurrent(lstm_cell(), _WEIGHTS, _X, states=2, sequences=True)
    afresh = recurrent(lstm_cell(), _WEIGHTS, halves[1], states=2, sequences=True)
    limit = bounds.gamma(_ROUNDINGS, bounds.unit_roundoff("float32"))
    names = ("the first half", "the second half", "the second half after a reset")
    wanted = (whole[:, :3], whole[:, 3:], afresh)
    return worst(
        [
            require_within(got, want, limit, "float32", name)
            for got, want, name in zip(found, wanted, names, strict=True)
        ]
    )


def refuses_rows(backend: Backend) -> None:
    """Look up numbers beyond both ends of a table, and one between two rows."""
    require_registered(backend)
    layer = layers.Embedding(3, 2, weights=[np.ones((3, 2))], **_options(backend))
    for number in (3, -1, 0.5):
        try:
            layer(np.array([[1, number]]))
        except InvalidArgument as exc:
            if "must be integers from 0 to 2" not in str(exc):
                raise Mismatch(f"{number} was refused by another message: {exc}") from exc
        else:
            raise Mismatch(f"{number} was looked up in a table of three rows")


def _called(backend: Backend, layer: Any, x: Array) -> Array:
    return np.asarray(backend.to_numpy(layer(backend.asarray(x, "float32"))))


def _options(backend: Backend) -> dict[str, Any]:
    return {"backend": backend.name, "dtype": "float32", "convention": "tensorflow"}
