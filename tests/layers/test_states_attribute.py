"""`states` of recurrent layers: a list of the tensors that a stateful layer keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import keras1, keras2, layers

X = np.linspace(-1.0, 1.0, 24, dtype="float32").reshape(2, 3, 4)
COUNTS = {"SimpleRNN": 1, "GRU": 1, "LSTM": 2}
EACH = pytest.mark.parametrize("name", list(COUNTS))


@EACH
@pytest.mark.parametrize("home", [layers, keras1.layers, keras2.layers])
def test_a_layer_without_a_state_lists_none(name: str, home: Any) -> None:
    """As Keras 2 does, one for each tensor of a state; also a stateful layer before it is built."""
    make = getattr(home, name)
    for stateful in (False, True):
        layer = make(5, stateful=stateful)
        assert layer.states == [None] * COUNTS[name]
    plain = make(5)
    plain(X)
    assert plain.states == [None] * COUNTS[name]


@EACH
def test_a_stateful_layer_lists_what_it_keeps(backend_name: str, name: str) -> None:
    """After a call the first is the last output; after a reset all are zeros."""
    layer = getattr(layers, name)(5, stateful=True, backend=backend_name)
    output = convdispatch.to_numpy(layer(X))
    kept = layer.states
    assert len(kept) == COUNTS[name]
    assert all(isinstance(one, type(layer.variables[0])) for one in kept)
    np.testing.assert_array_equal(convdispatch.to_numpy(kept[0]), output)
    layer.reset_states()
    for one in layer.states:
        np.testing.assert_array_equal(convdispatch.to_numpy(one), np.zeros((2, 5)))


@EACH
def test_both_ways_list_theirs(backend_name: str, name: str) -> None:
    """The way forwards, then the way back."""
    both = layers.Bidirectional(
        getattr(layers, name)(5, stateful=True), merge_mode="concat", backend=backend_name
    )
    count = COUNTS[name]
    assert both.states == [None] * (2 * count)
    output = convdispatch.to_numpy(both(X))
    kept = [convdispatch.to_numpy(one) for one in both.states]
    assert len(kept) == 2 * count
    np.testing.assert_array_equal(np.concatenate([kept[0], kept[count]], axis=-1), output)


def test_the_list_cannot_be_set() -> None:
    """`reset_states` takes values."""
    with pytest.raises(AttributeError):
        layers.LSTM(5, stateful=True).states = []  # type: ignore[misc]
