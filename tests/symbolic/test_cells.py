"""`RNN` around cells: ours equal the layers that they are the steps of, a script's own compute."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import keras2
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.keras2 import backend as K
from convdispatch.keras2 import layers, models

RNG = np.random.default_rng(3)
X = RNG.normal(size=(4, 5, 3)).astype("float32")
KINDS: list[Any] = [
    pytest.param(layers.SimpleRNNCell, layers.SimpleRNN, {}, id="simple"),
    pytest.param(layers.GRUCell, layers.GRU, {}, id="gru"),
    pytest.param(layers.GRUCell, layers.GRU, {"reset_after": True}, id="gru-reset-after"),
    pytest.param(layers.LSTMCell, layers.LSTM, {}, id="lstm"),
    pytest.param(layers.LSTMCell, layers.LSTM, {"use_bias": False}, id="lstm-no-bias"),
]


class Sums(layers.Layer):  # type: ignore[misc, unused-ignore]
    """A cell of a script: the state is w times the sum of all inputs so far, plus constants."""

    def __init__(self, units: int, **options: Any) -> None:
        self.units = self.state_size = units
        super().__init__(**options)

    def build(self, input_shape: Any) -> None:
        """Make a factor for each unit."""
        self.w = self.add_weight(name="w", shape=(self.units,), initializer="ones")

    def call(self, inputs: Any, states: Any, constants: Any = None) -> Any:  # type: ignore[override]
        """Add the input to the state."""
        new = states[0] + inputs * self.w
        if constants:
            new = new + constants[0]
        return new, [new]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "units": self.units}


@pytest.mark.parametrize(("cell", "layer", "options"), KINDS)
@pytest.mark.parametrize("returned", [{}, {"return_sequences": True, "go_backwards": True}])
def test_a_cell_is_the_step_of_its_layer(
    cell: Any, layer: Any, options: Any, returned: Any
) -> None:
    """The layer's own loop, with the same weights, gives the same numbers under a mask, too."""
    x = np.where(np.arange(5)[None, :, None] < [[[5]], [[3]], [[1]], [[4]]], X, 0.0)
    made = []
    for one in (layer(2, **options, **returned), layers.RNN(cell(2, **options), **returned)):
        model = models.Sequential([layers.Masking(input_shape=(5, 3)), one])
        if made:
            model.set_weights(made[0].get_weights())
        made.append(model)
    np.testing.assert_allclose(made[1].predict(x), made[0].predict(x), atol=1e-6)


@pytest.mark.parametrize("constants", [False, True])
def test_a_cell_of_a_script_is_a_sum(constants: bool) -> None:
    """Of all steps; with a constant, as many times that as there are steps."""
    x, c = layers.Input((None, 3)), layers.Input((3,))
    layer = layers.RNN(Sums(3), return_state=True)
    last, state = layer(x, constants=c) if constants else layer(x)
    model = models.Model([x, c] if constants else x, [last, state])
    added = RNG.normal(size=(4, 3)).astype("float32")
    expected = X.sum(axis=1) + (5 * added if constants else 0)
    for found in model.predict([X, added] if constants else X):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_cells_learn_and_are_made_again_of_their_configuration() -> None:
    """A stack of a script's cell and of ours, whose weights the layer has."""
    layer = layers.RNN([Sums(3), layers.GRUCell(2, dropout=0.5, recurrent_dropout=0.5)])
    model = models.Sequential([layer])
    model.build((None, 5, 3))
    model.compile("sgd", "mse")
    before = layer.get_weights()
    assert [one.shape for one in before] == [(3,), (3, 6), (2, 6), (6,)]
    model.train_on_batch(X, np.ones((4, 2), "float32"))
    assert all((a != b).any() for a, b in zip(before, layer.get_weights(), strict=True))
    assert [one.shape for one in layer.cell.cells[0].get_weights()] == [(3,)]
    with keras2.utils.CustomObjectScope({"Sums": Sums}):  # type: ignore[attr-defined]  # of a table
        again = layers.RNN.from_config(layer.get_config())
    copy = models.Sequential([again])
    copy.build((None, 5, 3))
    copy.set_weights(model.get_weights())
    np.testing.assert_allclose(copy.predict(X), model.predict(X), rtol=1e-6)
    layer.cell.cells[1].trainable = False
    assert (len(layer.trainable_weights), len(layer.non_trainable_weights)) == (1, 3)


def test_a_stateful_layer_of_a_cell_goes_on() -> None:
    """Two halves are as the whole; `reset_states` begins anew, or with given numbers."""
    layer = layers.RNN(Sums(3), stateful=True)
    model = models.Sequential()
    model.add(layers.InputLayer(batch_input_shape=(4, None, 3)))
    model.add(layer)
    model.predict(X[:, :2])
    np.testing.assert_allclose(model.predict(X[:, 2:]), X.sum(axis=1), rtol=1e-5, atol=1e-6)
    layer.reset_states()
    np.testing.assert_allclose(model.predict(X), X.sum(axis=1), rtol=1e-5, atol=1e-6)
    layer.reset_states(np.ones((4, 3)))
    np.testing.assert_allclose(K.eval(layer.states[0]), np.ones((4, 3)))
    np.testing.assert_allclose(model.predict(X), X.sum(axis=1) + 1, rtol=1e-5, atol=1e-6)


def test_what_is_no_cell_is_said() -> None:
    """Without a step, with other states than it says, or stateful without a size of batches."""
    with pytest.raises(InvalidType, match=r"`cell` of RNN must have `call` and `state_size`"):
        layers.RNN(object())
    with pytest.raises(InvalidShape, match=r"is stateful, so the size of its batches must be kn"):
        layers.RNN(Sums(3), stateful=True)(layers.Input((5, 3)))
    with pytest.raises(InvalidArgument, match=r"has 2 states; received 1 to begin with"):
        layers.RNN(layers.LSTMCell(2))(layers.Input((5, 3)), initial_state=layers.Input((2,)))
