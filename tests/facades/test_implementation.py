"""`implementation` of Keras 2's recurrent layers: which of its programs computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Sequential, keras2
from convdispatch.errors import InvalidArgument

X = np.linspace(-1.0, 1.0, 24, dtype="float32").reshape(2, 3, 4)
GATED = pytest.mark.parametrize("name", ["GRU", "LSTM"])
EACH = pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM"])


def layer_of(name: str, **options: Any) -> Any:
    """Return a layer on NumPy."""
    return getattr(keras2.layers, name)(5, backend="numpy", **options)


@EACH
@pytest.mark.parametrize("which", [0, 1, 2])
def test_it_changes_no_number(name: str, which: int) -> None:
    """Of all three layers."""
    plain, layer = layer_of(name), layer_of(name, implementation=which)
    want = convdispatch.to_numpy(plain(X))
    layer.build(X.shape)
    layer.set_weights(plain.get_weights())
    np.testing.assert_array_equal(convdispatch.to_numpy(layer(X)), want)


@GATED
@pytest.mark.parametrize("which", [0, 1, 2])
def test_it_is_kept(name: str, which: int) -> None:
    """The default is 1; a layer and a model that are read again have the same."""
    layer = layer_of(name, implementation=which)
    assert layer_of(name).get_config()["implementation"] == 1
    assert layer.get_config()["implementation"] == which
    assert type(layer).from_config(layer.get_config()).implementation == which
    read = Sequential.from_config(
        Sequential([layer], backend="numpy").get_config(), backend="numpy"
    )
    assert read.layers[0].get_config()["implementation"] == which


def test_a_simple_rnn_forgets_it() -> None:
    """As that of Keras 2.2.4."""
    assert "implementation" not in layer_of("SimpleRNN", implementation=2).get_config()


@GATED
def test_a_document_without_one_has_the_default(name: str) -> None:
    """As documents that were written before."""
    layer = layer_of(name)
    config = layer.get_config()
    del config["implementation"]
    assert type(layer).from_config(config).implementation == 1


@EACH
@pytest.mark.parametrize("wrong", [3, -1])
def test_other_numbers_are_refused(name: str, wrong: int) -> None:
    """Keras had three."""
    with pytest.raises(InvalidArgument, match="`implementation` must be"):
        layer_of(name, implementation=wrong)
