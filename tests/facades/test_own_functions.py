"""Functions that scripts give to layers and losses, with what every Keras did for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import keras1, keras2
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.keras2 import backend as K
from convdispatch.keras2.layers import Dense, Dropout, Embedding, Flatten, Input, Lambda, Layer
from convdispatch.keras2.models import Model, Sequential, model_from_json

X = np.arange(12, dtype="float32").reshape(4, 3) / 10


def test_a_loss_of_a_lambda_is_a_column_as_it_says(backend_name: str) -> None:
    """A number a sample, and a mean of all, have the shape (batch, 1) that is stated."""
    with convdispatch.use_backend(backend_name):
        wanted, given, mask = Input((3,)), Input((3,)), Input((3,))
        each = Lambda(
            lambda a: K.sum(K.square(a[0] - a[1]) * a[2], axis=-1), output_shape=(1,), name="loss"
        )([wanted, given, mask])
        mean = Lambda(
            lambda a, times: K.mean(K.square(a[0] - a[1]) * times),
            output_shape=(1,),
            name="mean_loss",
            arguments={"times": 2.0},
        )([wanted, given])
        model = Model([wanted, given, mask], [each, mean])
        assert model.output_shape == [(None, 1), (None, 1)]
        ones = np.ones((4, 3))
        found = model.predict([ones * 3, ones, ones])
        np.testing.assert_allclose(found[0], np.full((4, 1), 12.0))
        np.testing.assert_allclose(found[1], np.full((4, 1), 8.0))
        model.compile("sgd", {name: lambda _, output: output for name in ("loss", "mean_loss")})
        losses = model.evaluate([ones * 3, ones, ones], [np.zeros(4), np.zeros(4)], verbose=0)
        np.testing.assert_allclose(losses, [20.0, 12.0, 8.0], rtol=1e-6)


def test_a_stated_shape_differs_by_axes_of_one_alone() -> None:
    """Another shape is refused, as before."""
    x = Input((3,))
    with pytest.raises(InvalidShape, match=r"says \(None, 4\); its function returned"):
        Lambda(lambda x: K.sum(x, axis=-1), output_shape=(4,))(x)
    assert Lambda(lambda x: K.expand_dims(x), output_shape=(3,))(x).shape == (None, 3)


def test_functions_ask_tensors_for_their_shape_as_of_tensorflow(backend_name: str) -> None:
    """In layers of a stack, and in losses and metrics."""

    def loss(y_true: Any, y_pred: Any) -> Any:
        third = int(y_pred.shape.as_list()[-1] / 2)
        return K.sum(y_pred[:, :third], axis=-1) * y_true[:, 0]

    def width(y_true: Any, y_pred: Any) -> Any:
        return K.mean(y_pred) * 0 + y_pred.get_shape()[1].value

    with convdispatch.use_backend(backend_name):
        model = Sequential([Dense(2, input_shape=(3,), kernel_initializer="ones")])
        model.add(Lambda(lambda x: x * x.get_shape().as_list()[1], name="doubled"))
        assert [layer.name for layer in model.layers][1:] == ["doubled"]
        model.compile("sgd", loss, metrics=[width])
        found = model.evaluate(X, np.ones((4, 1)), verbose=0)
        np.testing.assert_allclose(found, [np.mean(X.sum(1) * 2), 2.0], rtol=1e-5)


def test_merge_of_keras1_takes_such_a_function() -> None:
    """Its functions are the scripts' own, too."""
    a, b = keras1.layers.Input((3,)), keras1.layers.Input((3,))

    def both(two: Any) -> Any:
        return K.sum(two[0] * two[1], axis=-1) / two[0].get_shape()[1].value

    out = keras1.layers.merge([a, b], mode=both, output_shape=(1,))
    found = keras1.models.Model([a, b], out).predict([X, X], verbose=0)
    np.testing.assert_allclose(found, np.mean(X * X, 1, keepdims=True), rtol=1e-6)


class Noisy(Layer):  # type: ignore[misc, unused-ignore]
    """Adds one in training, as layers with `training` do."""

    def call(self, inputs: Any, training: Any = None, times: float = 1.0) -> Any:
        """Return the inputs, or more."""
        return K.in_train_phase(inputs + times, inputs, training=training)


def test_a_layer_of_a_script_takes_training_at_its_call(backend_name: str) -> None:
    """It then computes so in inference, and a document keeps that."""
    with convdispatch.use_backend(backend_name):
        x = Input((3,))
        model = Model(
            x, [Noisy()(x), Noisy()(x, training=True), Noisy()(x, training=True, times=5.0)]
        )
        plain, always, five = model.predict(X)
        np.testing.assert_allclose(plain, X)
        np.testing.assert_allclose(always, X + 1)
        np.testing.assert_allclose(five, X + 5)
        read = model_from_json(Model(x, model.outputs[1]).to_json(), {"Noisy": Noisy})
        np.testing.assert_allclose(read.predict(X), X + 1)


def test_what_no_call_takes_is_refused() -> None:
    """By its name; and what the first call stated stays."""
    x = Input((3,))
    layer = Noisy()
    with pytest.raises(InvalidArgument, match=r"takes inputs, training, times; received `speed`"):
        layer(x, speed=2)
    layer(x, training=True)
    with pytest.raises(InvalidArgument, match="in its first call and keeps it"):
        layer(x, training=False)
    with pytest.raises(InvalidArgument, match="takes tensors in one list"):
        Noisy()(x, times=x)


def test_numbers_of_samples_are_a_column(backend_name: str) -> None:
    """An array of one axis goes into an input of (batch, 1), as every Keras took it."""
    with convdispatch.use_backend(backend_name):
        user, item = Input((1,)), Input((1,))
        out = Dense(1)(Flatten()(Embedding(9, 2)(user)))
        model = Model([user, item], keras2.layers.add([out, item]))
        model.compile("sgd", "mse")
        users, items, rates = np.array([1, 2, 8, 1]), np.arange(4.0), np.ones(4)
        model.fit([users, items], rates, batch_size=2, verbose=0)
        columns = [users.reshape(-1, 1), items.reshape(-1, 1)]
        np.testing.assert_array_equal(model.predict([users, items]), model.predict(columns))
        stack = Sequential([Dense(2, input_shape=(1,)), Dropout(0.5)])
        np.testing.assert_array_equal(stack.predict(items), stack.predict(columns[1]))


def test_means_of_a_batch_are_stacked(backend_name: str) -> None:
    """Scalars, of which a metric makes one number."""

    def at_both(y_true: Any, y_pred: Any) -> Any:
        means = [K.mean(K.cast(y_pred > edge, "float32")) for edge in (0.3, 0.9)]
        return K.mean(K.stack(means), axis=0)

    with convdispatch.use_backend(backend_name):
        model = Sequential([keras2.layers.Activation("linear", input_shape=(3,))])
        model.compile("sgd", "mse", metrics=[at_both])
        found = model.evaluate(X, X, batch_size=4, verbose=0)
        np.testing.assert_allclose(found[1], (np.mean(X > 0.3) + np.mean(X > 0.9)) / 2, rtol=1e-6)
