"""`K.function`, `K.gradients`, updates, and losses that name a model's tensors."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import keras1, keras2
from convdispatch.errors import InvalidArgument, InvalidType, UnsupportedOp
from convdispatch.keras2 import backend as K

RNG = np.random.default_rng(2)
X = RNG.normal(size=(6, 4)).astype("float32")


def small() -> Any:
    """Return a model of two layers with a dropout between them."""
    return keras2.models.Sequential(
        [
            keras2.layers.Dense(5, activation="tanh", input_shape=(4,)),
            keras2.layers.Dropout(0.5),
            keras2.layers.Dense(3),
        ]
    )


def test_a_function_reads_a_layers_output_in_both_phases(backend_name: str) -> None:
    """Dropout leaves out a part in training, and doubles what is left."""
    with convdispatch.use_backend(backend_name):
        model = small()
        read = K.function(
            [model.layers[0].input, K.learning_phase()],
            [model.layers[0].output, model.layers[1].output],
        )
        kernel, bias = model.layers[0].get_weights()
        hidden, kept = read([X, 0])
        np.testing.assert_allclose(hidden, np.tanh(X @ kernel + bias), rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(kept, hidden)
        hidden, kept = read([X, 1])
        is_left = kept != 0
        assert 0 < is_left.sum() < is_left.size
        np.testing.assert_allclose(kept[is_left], 2 * hidden[is_left], rtol=1e-5)
        model.layers[0].set_weights([kernel * 0, bias + 1])
        np.testing.assert_allclose(read([X, 0])[0], np.tanh(np.ones((6, 5))), rtol=1e-4)


def test_gradients_of_a_scalar_for_an_input_and_for_weights(backend_name: str) -> None:
    """As saliency maps read them; by hand for a sum of squares."""
    with convdispatch.use_backend(backend_name):
        x = keras2.layers.Input((4,))
        layer = keras2.layers.Dense(3, use_bias=False)
        y = layer(x)
        loss = K.sum(K.square(y))
        by_input, by_weight, by_output = K.gradients(loss, [x, layer.weights[0], y])
        assert by_input.shape == (None, 4)
        values = K.function([x], [loss, by_input, by_weight, by_output])([X])
        kernel = layer.get_weights()[0]
    out = X @ kernel
    np.testing.assert_allclose(values[0], (out**2).sum(), rtol=1e-4)
    np.testing.assert_allclose(values[1], 2 * out @ kernel.T, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(values[2], 2 * X.T @ out, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(values[3], 2 * out, rtol=1e-3, atol=1e-4)


def test_a_variable_is_updated_by_a_function(backend_name: str) -> None:
    """By what each call computes, and seen by models that read it."""
    with convdispatch.use_backend(backend_name):
        step = K.variable(np.array([1.0, 2.0]))
        x = keras2.layers.Input((2,))
        add = K.function([x], [K.sum(x)], updates=[K.update_add(step, K.mean(x, axis=0))])
        data = np.array([[2.0, 4.0], [4.0, 0.0]])
        assert add([data])[0] == 10.0
        np.testing.assert_array_equal(K.get_value(step), [4.0, 4.0])
        model = keras2.models.Model(x, x * step)
        np.testing.assert_array_equal(model.predict(data), data * 4)
        K.set_value(step, [0.5, 0.25])
        np.testing.assert_array_equal(model.predict(data), data * [0.5, 0.25])


def test_ascent_on_an_input_grows_the_loss() -> None:
    """The loop of scripts that draw what a filter looks for, with Keras 1's names."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    K1 = keras1.backend
    x = keras1.layers.Input((6, 6, 1))
    out = keras1.layers.Convolution2D(2, 3, 3, dim_ordering="tf")(x)
    loss = K1.mean(out[:, :, :, 0])
    grads = K1.gradients(loss, x)[0]
    grads /= K1.sqrt(K1.mean(K1.square(grads))) + 1e-5
    iterate = K1.function([x, K1.learning_phase()], [loss, grads])
    image = np.zeros((1, 6, 6, 1))
    found = []
    for _ in range(3):
        value, slope = iterate([image, 0])
        image += slope
        found.append(float(value))
    assert found[0] < found[1] < found[2]


def autoencoder() -> tuple[Any, Any, Any, Any]:
    """Return input and output of a variational autoencoder, and its two moments."""
    x = keras2.layers.Input((4,))
    mean, spread = keras2.layers.Dense(2)(x), keras2.layers.Dense(2)(x)

    def drawn(moments: Any) -> Any:
        m, s = moments
        return m + K.exp(s / 2) * K.random_normal((K.shape(m)[0], 2))

    z = keras2.layers.Lambda(drawn, output_shape=(2,))([mean, spread])
    return x, keras2.layers.Dense(4, activation="sigmoid")(z), mean, spread


def divergence(mean: Any, spread: Any) -> Any:
    """Return the mean over the batch of the divergence from a normal distribution."""
    return -0.5 * K.mean(1 + spread - K.square(mean) - K.exp(spread), axis=-1)


def by_hand(x: Any, mean: Any, spread: Any) -> float:
    """Return the mean divergence of what the two layers make of the data."""
    m, s = (K.function([x], [one])([X])[0] for one in (mean, spread))
    return float((-0.5 * (1 + s - m**2 - np.exp(s))).mean())


def test_a_loss_may_name_tensors_of_the_model(backend_name: str) -> None:
    """As variational autoencoders of Keras 1 do."""
    with convdispatch.use_backend(backend_name):
        x, out, mean, spread = autoencoder()
        model = keras2.models.Model(x, out)

        def loss(y_true: Any, y_pred: Any) -> Any:
            return 0.0 * K.mean(y_true - y_pred, axis=-1) + divergence(mean, spread)

        def apart(y_true: Any, y_pred: Any) -> Any:
            return divergence(mean, spread)

        model.compile(keras2.optimizers.SGD(lr=0.0), loss, metrics=[apart])
        wanted = by_hand(x, mean, spread)
        np.testing.assert_allclose(model.train_on_batch(X, X), [wanted] * 2, rtol=1e-4)
        np.testing.assert_allclose(model.test_on_batch(X, X), [wanted] * 2, rtol=1e-4)
        model.compile(keras2.optimizers.SGD(lr=0.5), loss)
        first, *_, last = [model.train_on_batch(X, X) for _ in range(20)]
        assert last < 0.5 * first


def test_a_model_may_have_losses_of_its_own(backend_name: str) -> None:
    """As those of Keras 2 do: `add_loss`, and no targets."""
    with convdispatch.use_backend(backend_name):
        x, out, mean, spread = autoencoder()
        model = keras2.models.Model(x, out)
        model.add_loss(K.mean(keras2.metrics.mean_squared_error(x, x) + divergence(mean, spread)))
        model.compile("adam")
        wanted = by_hand(x, mean, spread)
        history = model.fit(X, epochs=2, batch_size=6, verbose=0)
        np.testing.assert_allclose(history.history["loss"][0], wanted, rtol=1e-4)
        assert history.history["loss"][1] < history.history["loss"][0]


def test_a_loss_may_differentiate_its_predictions(backend_name: str) -> None:
    """The penalty on a slope: of 3 x it is (3 - 1) ** 2, and learning makes it smaller."""
    with convdispatch.use_backend(backend_name):
        x = keras2.layers.Input((1,))
        layer = keras2.layers.Dense(1, use_bias=False, weights=[np.array([[3.0]])])
        out = layer(x)

        def penalty(y_true: Any, y_pred: Any) -> Any:
            slope = K.gradients(y_pred, x)[0]
            return K.mean(K.square(K.sqrt(K.sum(K.square(slope), axis=1)) - 1))

        model = keras2.models.Model(x, out)
        model.compile(keras2.optimizers.SGD(lr=0.1), penalty)
        np.testing.assert_allclose(model.train_on_batch(X[:, :1], X[:, :1]), 4.0, rtol=1e-4)
        np.testing.assert_allclose(layer.get_weights()[0], [[3.0 - 0.1 * 4.0]], rtol=1e-4)


def where(tensors: Any) -> Any:
    """Return where a pooling found its maxima, as stacked what-where autoencoders do."""
    before, after = tensors
    return K.gradients(K.sum(after), before)


@pytest.mark.parametrize("style", ["Lambda", "merge"])
def test_a_lambda_may_differentiate_one_input_by_another(style: str, backend_name: str) -> None:
    """The function is then a part of the graph, through which models learn."""
    with convdispatch.use_backend(backend_name):
        x = keras2.layers.Input((4, 4, 1))
        hidden = keras2.layers.Conv2D(1, 1, use_bias=False, weights=[np.full((1, 1, 1, 1), 2.0)])(x)
        pooled = keras2.layers.MaxPooling2D(2)(hidden)
        if style == "merge":
            chosen = keras1.layers.merge([hidden, pooled], mode=where, output_shape=lambda s: s[0])
        else:
            chosen = keras2.layers.Lambda(where, output_shape=lambda s: s[0])([hidden, pooled])
        model = keras2.models.Model(x, keras2.layers.multiply([hidden, chosen]))
        images = RNG.permutation(16).reshape(1, 4, 4, 1).astype("float32")
        blocks = images.reshape(2, 2, 2, 2)
        kept = np.where(blocks == blocks.max((1, 3), keepdims=True), 2 * blocks, 0)
        wanted = kept.reshape(1, 4, 4, 1)
        np.testing.assert_allclose(model.predict(images), wanted)
        model.compile(keras2.optimizers.SGD(lr=0.0), "mse")
        loss = model.train_on_batch(images, images)
        np.testing.assert_allclose(loss, np.mean((wanted - images) ** 2), rtol=1e-4)


def test_an_input_may_stand_for_a_computed_tensor(backend_name: str) -> None:
    """As scripts that transfer a style put images side by side."""
    with convdispatch.use_backend(backend_name):
        fixed, free = K.variable(np.ones((1, 4))), K.placeholder((1, 4))
        x = keras2.layers.Input(tensor=K.concatenate([fixed, free], axis=0))
        layer = keras2.layers.Dense(3, use_bias=False)
        model = keras2.models.Model(x, layer(x))
        loss = K.sum(model.layers[-1].output[1] * model.layers[-1].output[0])
        compute = K.function([free], [loss, *K.gradients(loss, free)])
        value, slope = compute([X[:1]])
        kernel = layer.get_weights()[0]
    own = np.ones(4) @ kernel
    np.testing.assert_allclose(value, (X[0] @ kernel * own).sum(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(slope, (kernel @ own)[None], rtol=1e-4, atol=1e-5)


def test_a_node_that_draws_has_other_numbers_each_time(backend_name: str) -> None:
    """Though its model is compiled once."""
    with convdispatch.use_backend(backend_name):
        x = keras2.layers.Input((64,))
        model = keras2.models.Model(x, x + K.random_uniform((64,), 1.0, 2.0))
        one, other = model.predict(np.zeros((1, 64))), model.predict(np.zeros((1, 64)))
    assert (one.min() >= 1, one.max() < 2) == (True, True)
    assert np.abs(one - other).max() > 0.1


def test_weights_have_the_names_of_keras_1() -> None:
    """Where a script for Keras 1 reads them."""
    layer = keras1.layers.Dense(3, input_dim=4, bias=False)
    keras1.models.Sequential([layer])
    np.testing.assert_array_equal(K.get_value(layer.W), layer.get_weights()[0])
    with pytest.raises(AttributeError, match="no attribute 'U'"):
        _ = layer.U


def test_a_learning_rate_is_read_and_set_by_functions() -> None:
    """As callbacks of scripts do; a copy of the optimizer has a rate of its own."""
    model = small()
    model.compile(keras2.optimizers.SGD(lr=0.5), "mse")
    assert K.get_value(model.optimizer.lr) == 0.5
    twin = copy.deepcopy(model.optimizer)
    K.set_value(model.optimizer.lr, 0.25)
    model.optimizer.lr.set_value(model.optimizer.lr.get_value() / 2)
    assert (model.optimizer.lr, twin.lr) == (0.125, 0.5)
    K.set_value(twin.lr, 0.0)
    assert (model.optimizer.lr, twin.lr) == (0.125, 0.0)
    assert type(model.optimizer.get_config()["lr"]) is float


def test_what_is_tensorflows_own_is_refused_or_said_to_do_nothing() -> None:
    """A session is neither needed nor there."""
    with pytest.raises(UnsupportedOp, match=r"no sessions here. Compute values with `function"):
        K.get_session()
    with convdispatch.use_convention("theano"):
        assert (K.backend(), keras1.backend.backend()) == ("theano", "theano")
    assert K.backend() == "tensorflow"


def test_bad_inputs_of_functions_are_refused() -> None:
    """With what to do."""
    x = keras2.layers.Input((4,))
    y = keras2.layers.Input((4,))
    with pytest.raises(InvalidArgument, match=r"an input of shape .* that is not among `inputs`"):
        K.function([x], [x + y])
    with pytest.raises(InvalidType, match="`inputs` of a function must be symbolic tensors"):
        K.function([X], [x])
    with pytest.raises(InvalidArgument, match="takes 1 inputs; received 2"):
        K.function([x], [x * 2])([X, X])
    with pytest.raises(InvalidType, match=r"`variables` must be .* received int"):
        K.gradients(K.sum(x), [3])
    with pytest.raises(InvalidType, match="cannot be iterated over"):
        list(x)


def test_a_lambda_may_return_several_tensors() -> None:
    """They are parts of the graph; `output_shape` may list their shapes."""
    layers, models = keras2.layers, keras2.models
    x = layers.Input((3, 2))
    both: Any = layers.Lambda(lambda x: [x * 2, x * 3], output_shape=lambda s: [s, s])(x)
    assert [one._keras_shape for one in both] == [(None, 3, 2)] * 2
    model: Any = models.Model(x, layers.add(layers.Lambda(lambda x: [x * 2, x * 3])(x)))
    np.testing.assert_allclose(model.predict(np.ones((4, 3, 2))), np.full((4, 3, 2), 5.0))
    with pytest.raises(InvalidType, match=r"received 2 of them. Several are for symbolic inputs"):
        layers.Lambda(lambda x: [x, x])(np.ones((4, 3)))
