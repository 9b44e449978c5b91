"""Layers of Keras 1 that later Kerases dropped, by hand; its recurrent base; own things wrapped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import keras1, keras2
from convdispatch.keras2 import backend as K

RNG = np.random.default_rng(5)
DOORS: list[Any] = [pytest.param(keras1, id="keras1"), pytest.param(keras2, id="keras2")]


def outputs(layer: Any, weights: list[Any], x: list[list[float]]) -> Any:
    """Return what the layer makes of rows with these weights."""
    layer.build((None, len(x[0])))
    layer.set_weights([np.array(one) for one in weights])
    return np.asarray(layer(np.array(x, "float32"))).tolist()


@pytest.mark.parametrize("keras", DOORS)
def test_the_greatest_of_two_lines(keras: Any) -> None:
    """2 x and 1 - x."""
    layer = keras.layers.MaxoutDense(1, nb_feature=2)
    found = outputs(layer, [[[[2.0]], [[-1.0]]], [[0.0], [1.0]]], [[3.0], [-2.0]])
    assert found == [[6.0], [3.0]]


@pytest.mark.parametrize("keras", DOORS)
def test_half_of_the_layer_and_half_of_the_input(keras: Any) -> None:
    """A gate of 0 is open by half: (2 x + x) / 2."""
    found = outputs(keras.layers.Highway(), [[[2.0]], [[0.0]], [0.0], [0.0]], [[4.0], [-2.0]])
    assert found == [[6.0], [-3.0]]


def test_activations_with_weights() -> None:
    """Three lines, and a softplus with the numbers that it begins with."""
    given = [[-1.0], [0.5], [2.0], [3.0]]
    assert outputs(keras1.layers.SReLU(), given, [[-3.0], [0.0], [2.0]]) == [[-2.0], [0.0], [4.0]]
    soft = np.asarray(keras1.layers.ParametricSoftplus()(np.array([[1.0]], "float32")))
    np.testing.assert_allclose(soft, [[0.2 * np.log1p(np.exp(5.0))]], rtol=1e-6)
    dense = keras1.layers.TimeDistributedDense(2, input_dim=3, input_length=4)
    assert dense.compute_output_shape((None, 4, 3)) == (None, 4, 2)


def test_a_recurrent_layer_of_keras_1_is_its_step() -> None:
    """A sum of the steps, each with a constant; masked steps change nothing."""

    class Sums(keras1.layers.Recurrent):  # type: ignore[misc, unused-ignore]
        """The sum of all steps so far."""

        def __init__(self, output_dim: int, **options: Any) -> None:
            self.output_dim = output_dim
            super().__init__(**options)

        def build(self, input_shape: Any) -> None:
            """Make a factor."""
            self.states = [None]
            self.w = self.add_weight((self.output_dim,), initializer="one", name="w")

        def get_constants(self, x: Any) -> list[Any]:
            """Return ones."""
            return [K.ones_like(x[:, 0])]

        def step(self, x: Any, states: Any) -> Any:
            """Add the input and the constant."""
            new = states[0] + x * self.w + states[1]
            return new, [new]

    x = RNG.normal(size=(2, 4, 3)).astype("float32")
    x[1, 2:] = 0
    model: Any = keras1.models.Sequential()
    model.add(keras1.layers.Masking(input_shape=(4, 3)))
    model.add(Sums(3))
    expected = x.sum(axis=1) + np.array([[4], [2]])
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-5, atol=1e-6)
    model.compile("sgd", "mse")
    model.train_on_batch(x, np.zeros((2, 3)))
    assert (model.get_weights()[0] != 1).all()
    assert isinstance(model.layers[-1], keras1.layers.Recurrent)


@pytest.mark.parametrize("keras", DOORS)
def test_a_model_is_applied_to_each_step(keras: Any) -> None:
    """It learns, and comes back from the configuration."""
    layers, models = keras.layers, keras.models
    inner = models.Sequential([layers.Dense(2, input_shape=(3,)), layers.Activation("tanh")])
    x = RNG.normal(size=(2, 4, 3)).astype("float32")
    expected = inner.predict(x.reshape(8, 3)).reshape(2, 4, 2)
    model: Any = models.Sequential([layers.TimeDistributed(inner, input_shape=(4, 3))])
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-5)
    model.compile("sgd", "mse")
    before = model.get_weights()[0]
    model.train_on_batch(x, np.ones((2, 4, 2)))
    assert (model.get_weights()[0] != before).any()
    again = models.model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(again.predict(x), model.predict(x), rtol=1e-6)


@pytest.mark.parametrize("keras", DOORS)
def test_a_layer_of_a_script_s_own_is_applied_to_each_step(keras: Any) -> None:
    """The wrapper's weights are those that compute and learn."""

    class Factor(keras.layers.Layer):  # type: ignore[misc, name-defined, unused-ignore]
        """Multiply by a weight."""

        def build(self, input_shape: Any) -> None:
            """Make it."""
            start = keras.backend.ones((input_shape[-1],))
            self.w = start
            self.trainable_weights = [start]

        def call(self, x: Any, mask: Any = None) -> Any:
            """Multiply."""
            return x * self.w

    x = RNG.normal(size=(2, 4, 3)).astype("float32")
    model: Any = keras.models.Sequential()
    model.add(keras.layers.TimeDistributed(Factor(), input_shape=(4, 3)))
    model.set_weights([np.array([1.0, 2.0, 3.0])])
    np.testing.assert_allclose(model.predict(x), x * [1, 2, 3], rtol=1e-6)


def test_own_cells_go_both_ways() -> None:
    """As the two layers of the wrapper do, with the same weights."""
    layers, models = keras2.layers, keras2.models
    x = RNG.normal(size=(2, 4, 3)).astype("float32")
    options: Any = {"return_sequences": True}
    own = layers.Bidirectional(layers.RNN(layers.GRUCell(2), **options), input_shape=(4, 3))
    ours = layers.Bidirectional(layers.GRU(2, **options), input_shape=(4, 3))
    one: Any = models.Sequential([own])
    other: Any = models.Sequential([ours])
    other.set_weights(one.get_weights())
    np.testing.assert_allclose(one.predict(x), other.predict(x), rtol=1e-5, atol=1e-6)
    again = layers.Bidirectional.from_config(own.get_config())
    assert again.get_config() == own.get_config()
