"""Several outputs, weights of samples in time, penalties, and what is frozen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_trainings import CODES, DOORS, START, X, classifier, losses_by_hand

import convdispatch
from convdispatch import Model, keras1, keras2, layers, losses
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.models import Sequential

Y = X[:, :1] * 2


@pytest.fixture(autouse=True)
def differentiable() -> None:
    """Skip where NumPy has no gradients: most tests here need no other backend."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")


def two_outputs(backend: str | None = None, **compiled: Any) -> Any:
    """Return a model of an input and of two outputs, 'number' and 'classes'."""
    with convdispatch.use_backend(backend or "numpy"):
        x = layers.Input((6,), name="x")
        hidden = layers.Dense(5, activation="tanh", name="hidden")(x)
        number = layers.Dense(1, name="number")(hidden)
        classes = layers.Dense(2, activation="softmax", name="classes")(hidden)
        model: Any = Model(x, [number, classes])
    values = {"hidden": START[:2], "classes": START[2:]}
    values["number"] = [np.full((5, 1), 0.5, "float32"), np.zeros(1, "float32")]
    for name, weights in values.items():
        model.get_layer(name).set_weights(weights)
    model.compile("sgd", {"number": "mse", "classes": "categorical_crossentropy"}, **compiled)
    return model


def test_losses_of_several_outputs_are_weighted(backend_name: str) -> None:
    """The total is the weighted sum, and each one is reported by its output's name."""
    model = two_outputs(backend_name, loss_weights={"number": 0.5, "classes": 2.0})
    number, classes = model.predict(X)
    expected = [np.mean((number - Y) ** 2), -np.mean(np.sum(CODES * np.log(classes), axis=1))]
    total, *several = model.train_on_batch({"x": X}, {"number": Y, "classes": CODES})
    assert model.metrics_names == ["loss", "number_loss", "classes_loss"]
    np.testing.assert_allclose(several, expected, rtol=1e-4)
    np.testing.assert_allclose(total, 0.5 * expected[0] + 2 * expected[1], rtol=1e-4)
    history = model.fit(X, [Y, CODES], epochs=20, verbose=0)
    assert history.history["loss"][-1] < 0.7 * total


def test_metrics_of_several_outputs_have_their_names() -> None:
    """One list is for all outputs, a dictionary for those that it names."""
    for given, names in (
        ({"classes": ["accuracy"]}, ["classes_accuracy"]),
        (["mse"], ["number_mse", "classes_mse"]),
    ):
        model = two_outputs(metrics=given)
        assert model.metrics_names[3:] == names
        assert len(model.evaluate(X, [Y, CODES], verbose=0)) == 3 + len(names)


WRONG: dict[str, tuple[Any, str]] = {
    "one array": (lambda m: m.fit(X, Y), "must be a list of 2 arrays.*'number', 'classes'"),
    "a name": (
        lambda m: m.fit(X, {"number": Y, "clases": CODES}), "must name.*nothing for 'classes'"),
    "a loss's name": (
        lambda m: m.compile("sgd", {"nmber": "mse"}),
        "`loss` of .* must name its outputs.*'nmber'",
    ),
    "one loss weight": (
        lambda m: m.compile("sgd", "mse", loss_weights=[1]), "for each of its outputs"),
    "weights": (
        lambda m: m.fit(X, [Y, CODES], sample_weight=np.ones(24)), "it has several outputs"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_for_several_outputs_is_named(case: str) -> None:
    """With the outputs' names."""
    call, words = WRONG[case]
    with pytest.raises(InvalidArgument, match=words):
        call(two_outputs())


@pytest.mark.parametrize("door", ["keras1", "keras2", "keras3"])
def test_weights_of_time_steps(door: str) -> None:
    """One for each step of each sample; Keras 1 and 2 leave weights of 0 out of the mean."""
    sequential, of_door = DOORS[door]
    words = {"bias": False} if door == "keras1" else {"use_bias": False}
    conv = of_door.Convolution1D if door == "keras1" else of_door.Conv1D
    model = sequential([conv(1, 1, input_shape=(4, 1), **words)])
    model.set_weights([np.full(w.shape, 2.0) for w in model.get_weights()])
    model.compile("sgd", "mse", sample_weight_mode="temporal")
    x, y = np.arange(8.0).reshape(2, 4, 1), np.ones((2, 4, 1))
    weights = np.array([[1.0, 0.0, 3.0, 0.0], [2.0, 0.0, 0.0, 1.0]])
    scores = (2 * x - y)[..., 0] ** 2 * weights
    counted = scores.size if door == "keras3" else np.count_nonzero(weights)
    found = model.train_on_batch(x, y, sample_weight=weights)
    np.testing.assert_allclose(found, scores.sum() / counted, rtol=1e-6)
    with pytest.raises(
        InvalidShape, match=r"must have the shape \(2, time steps\); received \(2,\)"
    ):
        model.train_on_batch(x, y, sample_weight=np.ones(2))


def test_penalties_of_weights_and_outputs_count() -> None:
    """In the loss of training and of evaluation, as in Keras."""
    model = Sequential(
        [
            layers.Dense(
                2, input_shape=(6,), use_bias=False, kernel_regularizer="l2",
                activity_regularizer="l1",
            )
        ]
    )  # fmt: skip
    kernel = START[2].repeat(2, axis=0)[:6]
    model.set_weights([kernel])
    model.compile("sgd", "mse")
    outputs = X @ kernel
    expected = (
        np.mean((outputs - CODES) ** 2)
        + 0.01 * np.sum(kernel**2)
        + 0.01 * np.sum(np.abs(outputs))  # of the whole batch
    )
    np.testing.assert_allclose(
        model.evaluate(X, CODES, verbose=0, batch_size=24), expected, rtol=1e-5
    )
    np.testing.assert_allclose(model.train_on_batch(X, CODES), expected, rtol=1e-5)


def test_what_is_frozen_stays() -> None:
    """What was frozen at `compile` counts, until `compile` is called again."""
    model = classifier()
    model.layers[0].trainable = False
    model.train_on_batch(X, CODES)  # compiled before it was frozen
    assert not np.array_equal(model.get_weights()[0], START[0])
    model.set_weights(START)
    model.compile("sgd", "categorical_crossentropy")
    model.train_on_batch(X, CODES)
    weights = [w.astype("float64") for w in START]
    losses_by_hand(weights, X, CODES)
    for now, wanted in zip(model.get_weights(), [*START[:2], *weights[2:]], strict=True):
        np.testing.assert_allclose(now, wanted, rtol=1e-5, atol=1e-6)


RULES = {
    # Whether the moving mean changes, and whether the batch's own mean is taken.
    "keras1": (True, True),
    "keras2": (False, True),
    "keras3": (False, False),
}


@pytest.mark.parametrize("door", RULES)
def test_frozen_normalization_follows_its_keras(door: str, backend_name: str) -> None:
    """Keras 1 moves on, Keras 2 keeps the moving statistics, Keras 3 computes with them."""
    moves, takes_batch = RULES[door]
    sequential, of_door = DOORS[door]
    options = {"epsilon": 1e-3}
    frozen = of_door.BatchNormalization(input_shape=(6,), trainable=False, **options)
    model = sequential([frozen, of_door.Dense(1, name="last")], backend=backend_name)
    ones, zeros = np.ones(6, "float32"), np.zeros(6, "float32")
    kernel, bias = np.ones((6, 1), "float32"), np.zeros(1, "float32")
    model.set_weights([ones, zeros, zeros + 3, ones * 4, kernel, bias])
    model.compile("sgd", "mse")
    mean, variance = (X.mean(0), X.var(0)) if takes_batch else (3.0, 4.0)
    outputs = ((X - mean) / np.sqrt(variance + 1e-3)).sum(axis=1, keepdims=True)
    loss = model.train_on_batch(X, Y)
    np.testing.assert_allclose(loss, np.mean((outputs - Y) ** 2), rtol=1e-4)
    gamma, beta, moving_mean, *_ = model.get_weights()
    np.testing.assert_array_equal([gamma, beta], [ones, zeros])
    wanted = 3 * 0.99 + X.mean(0) * 0.01 if moves else zeros + 3
    np.testing.assert_allclose(moving_mean, wanted, rtol=1e-4)


def test_a_model_can_be_changed_between_trainings() -> None:
    """A layer that is added or taken away is trained from the next step on."""
    model = classifier()
    model.fit(X, CODES, verbose=0)
    model.pop()
    model.add(layers.Dense(1, name="other"))
    model.compile("sgd", "mse")
    before = model.get_weights()
    assert np.isfinite(model.train_on_batch(X, Y))
    assert not np.array_equal(before[2], model.get_weights()[2])


def test_a_users_loss_gets_targets_of_two_axes() -> None:
    """As in every Keras, or one number a sample would meet a column of outputs as a matrix."""
    model = Sequential([layers.Dense(1, input_shape=(6,), use_bias=False)])
    model.set_weights([np.ones((6, 1))])
    model.compile("sgd", lambda y_true, y_pred: ((y_true - y_pred) ** 2).mean(-1))
    found = model.train_on_batch(X, Y[:, 0])
    np.testing.assert_allclose(found, np.mean((X.sum(axis=1) - Y[:, 0]) ** 2), rtol=1e-5)


def test_a_loss_object_of_classes_takes_numbers() -> None:
    """And its reduction is heeded."""
    codes = CODES.argmax(axis=1)
    mean, total = (
        classifier(
            "keras3", loss=losses.SparseCategoricalCrossentropy(reduction=reduction), metrics=None
        ).test_on_batch(X, codes)
        for reduction in ("sum_over_batch_size", "sum")
    )
    np.testing.assert_allclose(mean, classifier().test_on_batch(X, CODES)[0], rtol=1e-5)
    np.testing.assert_allclose(total, 24 * mean, rtol=1e-5)


@pytest.mark.parametrize("facade", [keras1, keras2], ids=["keras1", "keras2"])
def test_classes_as_numbers(facade: Any) -> None:
    """A sparse loss takes them with or without an axis of one cell."""
    codes = CODES.argmax(axis=1)
    model = classifier(facade.__name__.rpartition(".")[2], loss="sparse_categorical_crossentropy")
    found = [model.test_on_batch(X, y) for y in (codes, codes[:, None], codes.astype("float64"))]
    expected = classifier().test_on_batch(X, CODES)
    np.testing.assert_allclose(found, [expected] * 3, rtol=1e-5)
