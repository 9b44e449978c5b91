"""Layers whose classes scripts define, in both Kerases' styles, compute, learn and are saved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import keras1, keras2
from convdispatch.errors import InvalidShape, InvalidType
from convdispatch.keras2 import backend as K

RNG = np.random.default_rng(1)
X = RNG.normal(size=(8, 4)).astype("float32")
Y = RNG.normal(size=(8, 3)).astype("float32")


class DenseOfKeras2(keras2.layers.Layer):  # type: ignore[misc, unused-ignore]
    """As the guide of Keras 2 defines one."""

    def __init__(self, units: int, **options: Any) -> None:
        self.units = units
        super().__init__(**options)

    def build(self, input_shape: Any) -> None:
        """Make a kernel."""
        self.kernel = self.add_weight(
            name="kernel", shape=(input_shape[1], self.units), initializer="uniform"
        )
        super().build(input_shape)

    def call(self, x: Any) -> Any:
        """Return the products."""
        return K.dot(x, self.kernel)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the output's shape."""
        return (input_shape[0], self.units)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return dict(list(super().get_config().items()) + list({"units": self.units}.items()))


class DenseOfKeras1(keras1.layers.Layer):
    """As scripts for Keras 1 define one."""

    def __init__(self, output_dim: int, **options: Any) -> None:
        self.output_dim = output_dim
        self.init = keras1.initializations.get("glorot_uniform")
        super().__init__(**options)

    def build(self, input_shape: Any) -> None:
        """Make a kernel and a bias by the initialization itself."""
        self.W = self.init((input_shape[1], self.output_dim), name=f"{self.name}_W")
        self.b = K.zeros((self.output_dim,), name=f"{self.name}_b")
        self.trainable_weights = [self.W, self.b]
        if self.initial_weights is not None:
            self.set_weights(self.initial_weights)
            del self.initial_weights

    def call(self, x: Any, mask: Any = None) -> Any:
        """Return the activations."""
        return K.tanh(K.dot(x, self.W) + self.b)

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """Return the output's shape."""
        return (input_shape[0], self.output_dim)


def test_both_styles_compute_and_learn(backend_name: str) -> None:
    """What NumPy computes, and one step of gradient descent by hand."""
    with convdispatch.use_backend(backend_name):
        model = keras2.models.Sequential([DenseOfKeras2(5, input_shape=(4,)), DenseOfKeras1(3)])
        kernel, w, b = model.get_weights()
        hidden = X @ kernel
        out = np.tanh(hidden @ w + b)
        np.testing.assert_allclose(model.predict(X), out, rtol=1e-4, atol=1e-5)
        model.compile(keras2.optimizers.SGD(lr=0.5), "mse")
        model.train_on_batch(X, Y)
    slope = 2 * (out - Y) / out.size * (1 - out**2)
    new = [kernel - 0.5 * X.T @ (slope @ w.T), w - 0.5 * hidden.T @ slope, b - 0.5 * slope.sum(0)]
    for found, wanted in zip(model.get_weights(), new, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(K.get_value(model.layers[0].kernel), model.get_weights()[0])


def test_a_model_of_own_layers_is_restored_from_its_configuration() -> None:
    """With the class among the custom objects, and the weights set."""
    model = keras2.models.Sequential([DenseOfKeras2(5, input_shape=(4,), name="own")])
    found = {"DenseOfKeras2": DenseOfKeras2}
    twin = keras2.models.model_from_json(model.to_json(), custom_objects=found)
    twin.set_weights(model.get_weights())
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))


def test_arrays_to_start_from_are_taken() -> None:
    """As Keras 1's `weights=` gave them."""
    arrays = [np.ones((4, 2)), np.full(2, 0.5)]
    model = keras1.models.Sequential([DenseOfKeras1(2, input_shape=(4,), weights=arrays)])
    np.testing.assert_array_equal(model.get_weights()[1], [0.5, 0.5])


class Centred(keras2.layers.Layer):  # type: ignore[misc, unused-ignore]
    """A layer with a moving mean, a loss, and another computation in training."""

    def build(self, input_shape: Any) -> None:
        """Make a scale that is trained, and a mean that is not."""
        self.scale = self.add_weight("scale", (input_shape[-1],), initializer="ones")
        self.mean = self.add_weight(
            "mean", (input_shape[-1],), initializer="zeros", trainable=False
        )
        super().build(input_shape)

    def call(self, x: Any) -> Any:
        """Return the numbers less their mean."""
        own = K.mean(x, axis=0)
        self.add_update([K.moving_average_update(self.mean, own, 0.75)], x)
        self.add_loss(0.5 * K.sum(K.square(self.scale)))
        return (x - K.in_train_phase(own, self.mean)) * self.scale


def test_updates_and_losses_of_a_layer_take_part_in_training(backend_name: str) -> None:
    """The mean moves to that of the batch, and the loss counts."""
    with convdispatch.use_backend(backend_name):
        model = keras2.models.Sequential([Centred(input_shape=(4,))])
        model.compile(keras2.optimizers.SGD(lr=0.0), "mse")
        target = np.zeros_like(X)
        loss = model.train_on_batch(X, target)
        wanted = np.mean((X - X.mean(0)) ** 2) + 0.5 * 4
        np.testing.assert_allclose(loss, wanted, rtol=1e-4)
        np.testing.assert_allclose(model.get_weights()[1], 0.25 * X.mean(0), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(model.predict(X), X - 0.25 * X.mean(0), rtol=1e-4, atol=1e-5)


class Two(keras2.layers.Layer):  # type: ignore[misc, unused-ignore]
    """A layer that is made of others, and takes two inputs."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.first = keras2.layers.Dense(3, name="first")

    def build(self, input_shape: Any) -> None:
        """Let the layer within have its weights."""
        self.first.build(input_shape[0])
        self.trainable_weights = self.first.trainable_weights
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        """Return a product and a sum."""
        x, y = inputs
        found = self.first(x)
        return [found * y, K.sum(found, axis=-1, keepdims=True)]


def test_a_layer_of_layers_with_lists_learns() -> None:
    """Its weights are those of the layer within."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    a, b = keras2.layers.Input((4,)), keras2.layers.Input((3,))
    one, other = Two()([a, b])
    model = keras2.models.Model([a, b], [one, other])
    assert model.output_shape == [(None, 3), (None, 1)]
    kernel, bias = model.get_weights()
    found = X @ kernel + bias
    got = model.predict([X, Y])
    np.testing.assert_allclose(got[0], found * Y, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(got[1][:, 0], found.sum(-1), rtol=1e-4, atol=1e-5)
    model.compile("sgd", "mse")
    model.train_on_batch([X, Y], [Y, Y[:, :1]])
    assert np.abs(model.get_weights()[0] - kernel).max() > 1e-4


class Halving(keras1.layers.Layer):
    """A layer that states what it takes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.input_spec = [keras1.layers.InputSpec(ndim=3)]

    def call(self, x: Any, mask: Any = None) -> Any:
        """Return every other step."""
        return x[:, ::2]


def test_an_input_that_a_layer_does_not_take_is_refused() -> None:
    """By the rank that its specification states."""
    assert Halving()(keras1.layers.Input((7, 2))).shape == (None, 4, 2)
    with pytest.raises(InvalidShape, match=r"must have 3 axes; received the shape \(None, 7\)"):
        Halving()(keras1.layers.Input((7,)))


class Wrong(keras2.layers.Layer):  # type: ignore[misc, unused-ignore]
    """A layer that returns no tensor."""

    def call(self, x: Any) -> Any:
        """Return a number."""
        return 3


def test_a_call_that_returns_no_tensor_is_refused() -> None:
    """With the type that it returned."""
    with pytest.raises(InvalidType, match=r"`call` of Wrong .* must return .* received int"):
        Wrong()(keras2.layers.Input((3,)))


class Noisy(keras2.layers.Layer):  # type: ignore[misc, unused-ignore]
    """A layer that draws numbers, in inference too."""

    def call(self, x: Any) -> Any:
        """Return the input with noise."""
        return x + K.random_normal(K.shape(x), stddev=2.0)


def test_random_numbers_are_others_at_each_call(backend_name: str) -> None:
    """Also in a compiled prediction, which is made once."""
    with convdispatch.use_backend(backend_name):
        model = keras2.models.Sequential([Noisy(input_shape=(50,))])
        x = np.zeros((64, 50), "float32")
        one, other = model.predict(x, batch_size=64), model.predict(x, batch_size=64)
    assert np.abs(one - other).max() > 0.1
    assert abs(one.std() - 2) < 0.1


def test_a_layer_that_is_built_again_keeps_its_weights() -> None:
    """As a model builds its layers that may be built already."""
    layer = DenseOfKeras2(3)
    layer.build((None, 4))
    (before,) = layer.get_weights()
    layer.build((None, 4))
    np.testing.assert_array_equal(layer.get_weights(), [before])


class Ordered(keras1.layers.Layer):
    """A layer that gives `add_weight` arguments by place, in Keras 1's order or in Keras 2's."""

    def __init__(self, is_old: bool, **options: Any) -> None:
        self.is_old = is_old
        super().__init__(**options)

    def build(self, input_shape: Any) -> None:
        """Make a kernel that is not trained."""
        shape = (input_shape[-1], 2)
        if self.is_old:
            self.W = self.add_weight(shape, initializer="one", name="W", trainable=False)
        else:
            self.W = self.add_weight("W", shape, initializer="one", trainable=False)
        super().build(input_shape)

    def call(self, x: Any, mask: Any = None) -> Any:
        """Return the products."""
        return K.dot(x, self.W)

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """Return the output's shape."""
        return (input_shape[0], 2)


@pytest.mark.parametrize("is_old", [True, False], ids=["keras1", "keras2"])
def test_weights_are_added_in_the_order_of_either_keras(is_old: bool) -> None:
    """A shape first, or a name first."""
    layer = Ordered(is_old, input_shape=(4,))
    model = keras1.models.Sequential([layer], backend="numpy")
    np.testing.assert_allclose(model.predict(X), X.sum(1, keepdims=True) @ [[1, 1]], rtol=1e-5)
    assert len(layer.non_trainable_weights) == 1
    with pytest.raises(TypeError, match=r"multiple values.*'name'"):
        layer.add_weight("W", (3,), name="W")
    with pytest.raises(
        TypeError, match=r"an unknown argument, 'regulariser'; it takes name, shape"
    ):
        layer.add_weight("W", (3,), regulariser="l2")
    with pytest.raises(TypeError, match=r"at most 7 arguments by place.*received 8"):
        layer.add_weight("W", (3,), None, "one", None, True, None, None)
