"""Keras 1's Sequential that begins with branches: its numbers, training, copies; bad input."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Model, Sequential, keras1
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType

K = keras1.layers
RNG = np.random.default_rng(7)
X, Y = (RNG.normal(size=(8, 4)).astype(np.float32) for _ in range(2))
DATA = [X, Y]


def branch(**options: Any) -> Any:
    """Return a stack of one dense layer that knows its input."""
    return Sequential([K.Dense(3, input_dim=4)], **options)


def merged(backend: str, mode: str = "concat") -> Any:
    """Return a model as scripts of Keras 1 make it."""
    with convdispatch.use_backend(backend):
        model = Sequential()
        model.add(K.Merge([branch(), branch()], mode=mode))
        model.add(K.Dense(2))
    return model


def by_hand(weights: list[Any]) -> Any:
    """Return what the model gives for the data: two products, side by side, and one more."""
    left, bias, right, other, last, end = weights
    return np.concatenate([X @ left + bias, Y @ right + other], 1) @ last + end


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
def test_branches_meet_in_a_sequential(backend_name: str) -> None:
    """Called, predicted and compiled; the weights are those of the branches, then the others."""
    model = merged(backend_name)
    assert (model.output_shape, model.backend) == ((None, 2), backend_name)
    weights = model.get_weights()
    assert [w.shape for w in weights] == [(4, 3), (3,), (4, 3), (3,), (6, 2), (2,)]
    wanted = by_hand(weights)
    for got in (model(DATA), model.predict(DATA), model.compile_forward()(DATA)):
        np.testing.assert_allclose(convdispatch.to_numpy(got), wanted, rtol=1e-4, atol=1e-5)


def test_it_trains() -> None:
    """A step of gradient descent makes the loss smaller."""
    pytest.importorskip("autograd")
    model = merged("numpy")
    model.compile("sgd", "mse")
    wanted = np.zeros((8, 2), np.float32)
    first = model.evaluate(DATA, wanted, verbose=0)
    model.fit(DATA, wanted, verbose=0)
    assert model.evaluate(DATA, wanted, verbose=0) < first


def test_it_trains_in_the_words_of_keras_1() -> None:
    """Keras 1's own Sequential stays Keras 1's; pickles find its class."""
    pytest.importorskip("autograd")
    with convdispatch.use_backend("numpy"):
        model = keras1.models.Sequential()
        model.add(K.Merge([branch(), branch()], mode="sum"))
        model.add(K.Dense(2))
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.predict(DATA), model.predict(DATA))
    assert type(twin) is type(model)
    model.compile("sgd", "mse")
    wanted = np.zeros((8, 2), np.float32)
    history = model.fit(DATA, wanted, nb_epoch=3, verbose=0)
    first, _, last = history.history["loss"]
    assert last < first


def test_copies_and_documents_compute_the_same() -> None:
    """A document has it as a graph."""
    model = merged("numpy")
    again = convdispatch.model_from_json(model.to_json(), backend="numpy")
    again.set_weights(model.get_weights())
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), again, model.to("numpy")):
        assert isinstance(twin, Model)
        np.testing.assert_array_equal(twin.predict(DATA), model.predict(DATA))
    with pytest.raises(InvalidArgument, match="is a copy on another backend"):
        model.to("numpy").add(K.Dense(1))


def test_a_branch_may_begin_with_branches() -> None:
    """Its inputs stand in its place."""
    with convdispatch.use_backend("numpy"):
        inner = merged("numpy")
        model = Sequential([K.Merge([inner, Sequential([K.Dense(2, input_dim=4)])], mode="sum")])
    kernel, bias = model.get_weights()[-2:]
    wanted = by_hand(inner.get_weights()) + X @ kernel + bias
    np.testing.assert_allclose(model.predict([X, Y, X]), wanted, rtol=1e-4, atol=1e-5)


def test_the_last_layer_can_be_taken_off() -> None:
    """Until the one that merges."""
    model = merged("numpy", "sum")
    dense = model.pop()
    assert (dense.output_shape, model.output_shape) == ((None, 2), (None, 3))
    with pytest.raises(InvalidArgument, match="has no layer after the first one"):
        model.pop()


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: merged("numpy").add(K.Merge()), InvalidArgument, "gives each layer one tensor"),
        (lambda: merged("numpy").add(3), InvalidType, "must be a convdispatch layer"),
        (
            lambda: Sequential([K.Merge([Sequential([K.Dense(2)]), branch()])]),
            InvalidShape,
            "does not know its input shape",
        ),
        (lambda: Sequential([K.Merge([Sequential(), branch()])]), InvalidShape, "not know its in"),
        (lambda: Sequential([K.Merge([3, branch()])]), InvalidType, "`layers` must be models"),
        (lambda: Sequential([K.Merge([branch()])]), InvalidArgument, "list of at least two"),
        (
            lambda: Sequential([K.Dense(2, input_dim=4), K.Merge([branch(), branch()])]),
            InvalidArgument,
            "must be the first layer of a Sequential",
        ),
    ],
)
def test_bad_input(act: Callable[[], Any], error: type[Exception], words: str) -> None:
    """One message says what was wrong and what to do."""
    with convdispatch.use_backend("numpy"), pytest.raises(error, match=words):
        act()
