"""Scripts may extend a layer of ours by a `call` of their own, around its weights or around it."""

from __future__ import annotations

from typing import Any

import numpy as np

import convdispatch
from convdispatch import keras2
from convdispatch.keras2 import backend as K

X = np.random.default_rng(4).normal(size=(8, 6, 6, 2)).astype("float32")


class Scaled(keras2.layers.Conv2D):
    """A convolution by a multiple of the kernel."""

    def call(self, x: Any) -> Any:
        """Return the convolution and the bias."""
        options = {"strides": self.strides, "padding": self.padding}
        out = K.conv2d(x, self.kernel * 3.0, data_format=self.data_format, **options)
        return K.bias_add(out, self.bias)


class Frozen(keras2.layers.BatchNormalization):
    """A normalization that computes as in inference while it is trained."""

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Return what the layer makes of the inputs by its moving statistics."""
        return super().call(inputs, training=False)


class Positive(keras2.layers.BatchNormalization):
    """A normalization without what is negative."""

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Return the positive parts."""
        return K.relu(super().call(inputs, training=training))


def test_a_call_may_use_the_weights_of_the_layer(backend_name: str) -> None:
    """And they learn: the slope for the kernel is three times that of the convolution."""
    with convdispatch.use_backend(backend_name):
        model = keras2.models.Sequential([Scaled(4, 3, padding="same", input_shape=(6, 6, 2))])
        kernel, bias = model.get_weights()
        plain = keras2.layers.Conv2D(4, 3, padding="same", weights=[kernel * 3, bias])
        twin = keras2.models.Sequential([keras2.layers.Activation("linear", input_shape=(6, 6, 2))])
        twin.add(plain)
        np.testing.assert_allclose(model.predict(X), twin.predict(X), rtol=1e-4, atol=1e-5)
        target = np.zeros((8, 6, 6, 4), "float32")
        for one in (model, twin):
            one.compile(keras2.optimizers.SGD(lr=0.1), "mse")
            one.train_on_batch(X, target)
        moved = model.get_weights()[0] - kernel
        wanted = 3 * (twin.get_weights()[0] - kernel * 3)
    np.testing.assert_allclose(moved, wanted, rtol=1e-2, atol=1e-4)


def test_a_call_may_call_the_one_that_it_overrides(backend_name: str) -> None:
    """As in inference, or in the phase that is asked for; the statistics move only in training."""
    x = X[:, 0, 0]
    with convdispatch.use_backend(backend_name):
        frozen = keras2.models.Sequential([Frozen(input_shape=(2,))])
        positive = keras2.models.Sequential([Positive(input_shape=(2,))])
        for model in (frozen, positive):
            model.compile(keras2.optimizers.SGD(lr=0.0), "mse")
        loss = frozen.train_on_batch(x, x)
        np.testing.assert_allclose(loss, np.mean((x / np.sqrt(1.001) - x) ** 2), rtol=1e-2)
        np.testing.assert_array_equal(frozen.get_weights()[2], [0, 0])
        loss = positive.train_on_batch(x, x)
        normal = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3)
        np.testing.assert_allclose(loss, np.mean((np.maximum(normal, 0) - x) ** 2), rtol=1e-3)
        np.testing.assert_allclose(positive.get_weights()[2], 0.01 * x.mean(0), rtol=1e-3)


def test_a_recurrent_layer_s_call_takes_states_to_begin_with() -> None:
    """By their own argument, as a script's subclass hands them on."""
    layers, models = keras2.layers, keras2.models
    x, state = layers.Input((4, 3)), layers.Input((2,))
    layer = layers.SimpleRNN(2)
    by_call: Any = models.Model([x, state], layer.call(x, initial_state=state))
    by_list: Any = models.Model([x, state], layer([x, state]))
    given = [np.ones((2, 4, 3), "float32"), np.full((2, 2), 3.0, "float32")]
    np.testing.assert_array_equal(by_call.predict(given), by_list.predict(given))

    class Doubled(layers.LSTM):  # type: ignore[misc, name-defined, unused-ignore]
        """Twice what the layer gives."""

        def call(  # type: ignore[override, unused-ignore]
            self, inputs: Any, mask: Any = None, training: Any = None, initial_state: Any = None
        ) -> Any:
            """Double it."""
            return 2 * super().call(inputs, mask, training, initial_state)

    model: Any = models.Sequential([Doubled(2, input_shape=(4, 3))])
    plain: Any = models.Sequential([layers.LSTM(2, input_shape=(4, 3))])
    plain.set_weights(model.get_weights())
    np.testing.assert_allclose(model.predict(given[0]), 2 * plain.predict(given[0]), rtol=1e-6)
