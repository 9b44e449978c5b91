"""The weights of a façade's layers, as scripts read, set and differentiate them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np

from convdispatch import keras1, keras2
from convdispatch.keras1.layers import Dense as OldDense
from convdispatch.keras2 import backend as K
from convdispatch.keras2.layers import BatchNormalization, Dense, Input, Layer
from convdispatch.keras2.models import Model, Sequential


def _stack(backend: str = "numpy") -> Any:
    kernel = np.array([[1.0, 2.0], [3.0, 4.0]])
    layer = Dense(2, input_dim=2, weights=[kernel, np.zeros(2)], backend=backend, name="d")
    return Sequential([layer], backend=backend)


def test_a_weight_is_read_and_set_by_functions_of_the_backend(backend_name: str) -> None:
    """`K.get_value` and `K.set_value` take `layer.weights[0]`, and the layer has what was set."""
    model = _stack(backend_name)
    weight = model.layers[0].weights[0]
    assert K.get_value(weight).tolist() == [[1.0, 2.0], [3.0, 4.0]]
    K.set_value(weight, np.full((2, 2), 5.0))
    assert model.get_weights()[0].tolist() == [[5.0, 5.0], [5.0, 5.0]]
    assert model.predict(np.ones((1, 2))).tolist() == [[10.0, 10.0]]
    assert K.get_value(weight).tolist() == [[5.0, 5.0], [5.0, 5.0]]


def test_a_weight_stays_the_same_variable_while_it_is_trained(backend_name: str) -> None:
    """A list of weights that a script keeps has the values after training."""
    model = _stack(backend_name)
    kept = list(model.trainable_weights)
    model.compile("sgd", "mse")
    model.train_on_batch(np.ones((2, 2)), np.zeros((2, 2)))
    assert [id(one) for one in kept] == [id(one) for one in model.trainable_weights]
    assert np.array_equal(K.get_value(kept[0]), model.get_weights()[0])
    assert not np.array_equal(K.get_value(kept[0]), [[1.0, 2.0], [3.0, 4.0]])


def test_names_are_those_of_each_keras() -> None:
    """Keras 2 names weights by paths, Keras 1 by the layer and a letter."""
    model = _stack()
    assert [one.name for one in model.weights] == ["d/kernel:0", "d/bias:0"]
    old = OldDense(2, input_dim=3, name="old")
    old.build((None, 3))
    assert [one.name for one in old.weights] == ["old_W:0", "old_b:0"]
    assert old.W.get_value().shape == (3, 2)


def test_a_weight_is_computed_with_and_indexed() -> None:
    """Functions and indices of a weight make tensors, NumPy's functions get its value."""
    weight = _stack().weights[0]
    assert K.eval(K.sum(weight * 2)) == 20.0
    assert K.eval(weight[1]).tolist() == [3.0, 4.0]
    assert np.asarray(weight).sum() == 10.0
    assert K.int_shape(weight) == (2, 2) == tuple(weight.get_shape().as_list())
    assert K.count_params(weight) == 4


def test_a_loss_that_reads_a_weight_trains_it() -> None:
    """The gradient of a penalty that a script writes with `layer.kernel` reaches the kernel."""
    model = _stack()
    kernel = model.layers[0].kernel

    def loss(y_true: Any, y_pred: Any) -> Any:
        return K.sum(y_pred) * 0 + K.sum(K.square(kernel))

    model.compile(keras2.optimizers.SGD(lr=0.25), loss)
    model.train_on_batch(np.ones((1, 2)), np.zeros((1, 2)))
    assert model.get_weights()[0].tolist() == [[0.5, 1.0], [1.5, 2.0]]  # w - 0.25 * 2 w


def test_gradients_for_all_trainable_weights() -> None:
    """`K.gradients(loss, model.trainable_weights)` has a tensor for each."""
    model = _stack()
    slopes = K.gradients(K.sum(model.output), model.trainable_weights)
    kernel, bias = K.function([model.input], slopes)([np.array([[1.0, 3.0]])])
    assert kernel.tolist() == [[1.0, 1.0], [3.0, 3.0]]
    assert bias.tolist() == [1.0, 1.0]


def test_a_copy_has_weights_of_its_own() -> None:
    """Setting a weight of a copy or of what a pickle gives leaves the original alone."""
    model = _stack()
    assert model.weights  # which makes the variables
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        K.set_value(twin.weights[0], np.zeros((2, 2)))
        assert twin.get_weights()[0].sum() == 0.0
    assert model.get_weights()[0].sum() == 10.0


def test_own_weights_are_the_variables_that_the_script_made() -> None:
    """`layer.weights[0]` of a layer of the script's own is what `add_weight` returned."""

    class Scaled(Layer):
        """Multiplies by a weight."""

        def build(self, input_shape: Any) -> None:
            """Make the weight."""
            self.scale = self.add_weight(name="scale", shape=(1,), initializer="ones")
            super().build(input_shape)

        def call(self, x: Any) -> Any:
            """Multiply."""
            return x * self.scale

    layer = Scaled()
    Model(x := Input((2,)), layer(x))
    assert layer.weights == [layer.scale]


def test_weights_of_a_layer_within_are_not_taken_twice() -> None:
    """`self.trainable_weights = self.inner.trainable_weights`, as scripts write it, is no copy."""

    class Around(Layer):
        """Computes by a layer."""

        def build(self, input_shape: Any) -> None:
            """Build the layer within."""
            self.inner = Dense(2)
            self.inner.build(input_shape)
            self.trainable_weights = self.inner.trainable_weights
            super().build(input_shape)

        def call(self, x: Any) -> Any:
            """Compute by it."""
            return self.inner(x)

    layer = Around()
    layer(Input((3,)))
    assert [K.int_shape(one) for one in layer.weights] == [(3, 2), (2,)]


def test_a_frozen_layer_shows_the_same_variables() -> None:
    """Freezing a layer moves its variables to the others, and makes no new ones."""
    model = _stack()
    kept = model.weights
    model.layers[0].trainable = False
    assert model.trainable_weights == []
    assert model.non_trainable_weights == kept
    model.layers[0].trainable = True
    assert model.trainable_weights == kept


def test_updates_are_variables() -> None:
    """The moving moments are the variables among the weights."""
    layer = BatchNormalization()
    layer.build((None, 2))
    assert layer.updates == layer.weights[2:] == layer.non_trainable_weights
    layer.trainable = False
    assert layer.trainable_weights == []


def test_an_output_that_reads_a_weight_follows_it() -> None:
    """A model that computes with another layer's kernel sees its new values."""
    kernel = _stack().layers[0].kernel
    x = Input((2,))
    model = Model(x, K.dot(x, K.transpose(kernel)))
    assert model.predict(np.ones((1, 2))).tolist() == [[3.0, 7.0]]
    K.set_value(kernel, np.ones((2, 2)))
    assert model.predict(np.ones((1, 2))).tolist() == [[2.0, 2.0]]


def test_keras1_has_the_functions_too() -> None:
    """In Keras 1 the moving mean of a normalization has its old name, and may be set."""
    layer = keras1.layers.BatchNormalization(name="bn")
    layer.build((None, 2))
    keras1.backend.set_value(layer.running_mean, np.array([1.0, 2.0]))
    assert layer.get_weights()[2].tolist() == [1.0, 2.0]
    assert layer.running_mean.name == "bn_running_mean:0"
