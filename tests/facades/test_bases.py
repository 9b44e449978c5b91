"""What scripts ask of layers and models: what they are, what they were called with, their phase."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import keras1, keras2
from convdispatch.errors import InvalidArgument, InvalidDocument
from convdispatch.keras2 import backend as K

FACADES: list[Any] = [pytest.param(keras1, id="keras1"), pytest.param(keras2, id="keras2")]
RNG = np.random.default_rng(2)


@pytest.mark.parametrize("keras", FACADES)
def test_layers_and_models_are_instances_of_keras_s_bases(keras: Any) -> None:
    """A subclass that a script makes covers nothing but its own."""
    layers, models = keras.layers, keras.models

    class Own(layers.Layer):  # type: ignore[misc, name-defined, unused-ignore]
        """A layer of a script."""

    made = [
        layers.Dense(2),
        layers.Flatten(),
        models.Sequential(),
        Own(),
        layers.InputLayer(input_shape=(2,)),
    ]
    assert all(isinstance(one, layers.Layer) for one in made)
    assert [isinstance(one, Own) for one in made] == [False, False, False, True, False]
    assert isinstance(layers.TimeDistributed(layers.Dense(2)), layers.Wrapper)
    assert not isinstance(layers.Dense(2), layers.Wrapper)
    assert isinstance(models.Sequential(), models.Model)
    assert issubclass(models.Sequential, models.Model)
    assert not issubclass(models.Model, models.Sequential)
    assert not isinstance(layers.Dense(2), models.Model)
    assert keras.engine.topology.Layer is layers.Layer
    assert isinstance(keras2.layers.LSTM(2), keras2.layers.RNN)


def test_a_layer_tells_of_its_calls() -> None:
    """In Keras's words for a node."""
    x = keras2.layers.Input((3,))
    layer = keras2.layers.Dense(2)
    y = layer(x)
    (node,) = layer._inbound_nodes
    assert (node.input_tensors, node.output_tensors) == ([x], [y])
    assert (node.input_shapes, node.output_shapes) == ([(None, 3)], [(None, 2)])
    assert (node.outbound_layer, node.inbound_layers) == (layer, [x._keras_history[0]])
    assert (node.node_indices, node.tensor_indices) == ([0], [0])


def test_a_tensor_tells_whether_the_phase_matters() -> None:
    """Where a layer on the way to it computes otherwise in training."""
    layers = keras2.layers
    x = layers.Input((3,))
    plain = layers.Dense(2)(x)
    dropped = layers.Dense(2)(layers.Dropout(0.5)(plain))
    assert (plain._uses_learning_phase, dropped._uses_learning_phase) == (False, True)
    always = layers.Dropout(0.5)(plain, training=True)
    assert not always._uses_learning_phase
    assert K.in_train_phase(plain, plain * 2)._uses_learning_phase
    assert keras2.models.Model(x, dropped).uses_learning_phase
    assert not keras2.models.Model(x, plain).uses_learning_phase


def test_a_layer_called_in_training_drops_while_a_model_predicts() -> None:
    """Half of the numbers, others at each call; in inference none while a model trains."""
    layers = keras2.layers
    x = layers.Input((1000,))
    model: Any = keras2.models.Model(x, layers.Dropout(0.5)(x, training=True))
    first, second = model.predict(np.ones((1, 1000))), model.predict(np.ones((1, 1000)))
    assert 400 < (first == 0).sum() < 600
    assert (first != second).any()
    layer = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    still: Any = keras2.models.Model(x, layer(layers.Dropout(0.5)(x, training=False)))
    still.compile("sgd", "mse")
    assert still.train_on_batch(np.ones((2, 1000)), np.full((2, 1), 1000.0)) == 0


def test_a_phase_comes_back_from_a_document() -> None:
    """Of a layer that drops in `predict`, too."""
    layers = keras2.layers
    x = layers.Input((1000,))
    model: Any = keras2.models.Model(x, layers.Dropout(0.5)(x, training=True))
    for again in (
        keras2.models.model_from_json(model.to_json()),
        keras2.models.Model.from_config(model.get_config()),
    ):
        assert 400 < (again.predict(np.ones((1, 1000))) == 0).sum() < 600
    with pytest.raises(InvalidDocument, match=r"`stated_phase` of Dropout must be true or false"):
        layers.Dropout.from_config({"rate": 0.5, "stated_phase": 1})


def test_normalization_in_training_takes_the_batch_s_moments() -> None:
    """Also in `predict`, and only `fit` changes the moving ones."""
    x = keras2.layers.Input((3,))
    layer = keras2.layers.BatchNormalization()
    model: Any = keras2.models.Model(x, layer(x, training=True))
    batch = RNG.normal(5.0, 2.0, size=(64, 3))
    found = model.predict(batch, batch_size=64)
    np.testing.assert_allclose(found.mean(axis=0), np.zeros(3), atol=1e-5)
    np.testing.assert_array_equal(layer.get_weights()[2], np.zeros(3))
    model.compile("sgd", "mse")
    model.train_on_batch(batch, batch)
    np.testing.assert_allclose(layer.get_weights()[2], batch.mean(axis=0) * 0.01, rtol=1e-4)
    assert len(layer.updates) == 2 == len(model.updates)
    layer.trainable = False
    assert layer.updates == []


def test_a_layer_has_one_phase() -> None:
    """One that was called without is refused with words, not computed otherwise."""
    layer, x = keras2.layers.Dropout(0.5), keras2.layers.Input((3,))
    layer(x)
    with pytest.raises(InvalidArgument, match=r"takes `training` in its first call"):
        layer(x, training=True)


def test_the_phase_that_was_set_is_that_of_layers_called_then() -> None:
    """As every Keras reads it where a layer is called."""
    x = keras2.layers.Input((1000,))
    K.set_learning_phase(1)
    try:
        model: Any = keras2.models.Model(x, keras2.layers.Dropout(0.5)(x))
    finally:
        K.clear_session()
    assert 400 < (model.predict(np.ones((1, 1000))) == 0).sum() < 600


def test_a_model_that_has_only_states_takes_steps() -> None:
    """Normalization without a scale learns its moving mean, in both Kerases' manner."""
    layer = keras2.layers.BatchNormalization(center=False, scale=False, input_shape=(2,))
    model: Any = keras2.models.Sequential([layer])
    model.compile("sgd", "mse")
    batch = np.array([[0.0, 2.0], [2.0, 4.0]])
    model.train_on_batch(batch, batch)
    np.testing.assert_allclose(layer.get_weights()[0], [0.01, 0.03], rtol=1e-5)


def test_a_mask_of_symbols_is_a_symbol() -> None:
    """`compute_mask` of a merging layer, and of one that makes a mask."""
    one, other = keras2.layers.Input((4, 5)), keras2.layers.Input((4, 5))
    both = keras2.layers.Add().compute_mask(
        [one, other], [K.variable([[1, 1, 0]], "bool"), K.variable([[1, 0, 0]], "bool")]
    )
    assert K.eval(both).tolist() == [[True, False, False]]
    made = keras2.layers.Masking().compute_mask(one)
    (found,) = K.function([one], [made])([np.eye(4, 5)[None] * [[[1], [0], [1], [0]]]])
    assert found.tolist() == [[True, False, True, False]]
    with pytest.raises(InvalidArgument, match=r"needs a list of inputs and a list with a mask"):
        keras2.layers.Add().compute_mask([one, other], made)


@pytest.mark.parametrize("keras", FACADES)
def test_a_layer_is_made_of_its_entry(keras: Any) -> None:
    """Also one within a wrapper whose class a script defines."""

    class Own(keras.layers.Layer):  # type: ignore[misc, name-defined, unused-ignore]
        """A layer of a script."""

    made: Any = keras.utils.generic_utils if keras is keras2 else keras.utils.layer_utils
    read = keras2.layers.deserialize if keras is keras2 else made.layer_from_config
    wrapped = keras.layers.TimeDistributed(Own(), name="w")
    entry = {"class_name": "TimeDistributed", "config": wrapped.get_config()}
    again = read(entry, {"Own": Own})
    assert (type(again), type(again.layer), again.name) == (type(wrapped), Own, "w")
    if keras is keras2:
        assert keras2.layers.serialize(wrapped) == entry


@pytest.mark.parametrize("keras", FACADES)
def test_a_stack_with_a_model_in_it_comes_back_from_its_configuration(keras: Any) -> None:
    """By `from_config` of the class, as by `model_from_json`."""
    layers, models = keras.layers, keras.models
    inner = models.Sequential([layers.Dense(2, input_shape=(3,))])
    model: Any = models.Sequential([inner, layers.Activation("tanh")])
    again = models.Sequential.from_config(model.get_config())
    again.set_weights(model.get_weights())
    x = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


@pytest.mark.parametrize("keras", FACADES)
def test_a_model_names_its_ends(keras: Any) -> None:
    """By the layers of its inputs and outputs."""
    x = keras.layers.Input((3,), name="x")
    y, z = keras.layers.Dense(2, name="y")(x), keras.layers.Dense(2, name="z")(x)
    model: Any = keras.models.Model(x, [y, z])
    assert (model.input_names, model.output_names) == (["x"], ["y", "z"])
