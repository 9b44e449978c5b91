"""An optimizer's own weights in the training of a model: read, set, counted."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from small_trainings import CODES, X, classifier

from convdispatch import keras1, keras2, optimizers
from convdispatch.errors import InvalidArgument
from convdispatch.ops import Backend

MAKES = [
    pytest.param("keras1", lambda: keras1.optimizers.Adam(lr=0.125), id="keras1-Adam"),
    pytest.param("keras2", lambda: keras2.optimizers.SGD(lr=0.125, momentum=0.5), id="keras2-SGD"),
    pytest.param("keras3", lambda: optimizers.Nadam(0.125), id="keras3-Nadam"),
]


def trained(model: Any, times: int) -> Any:
    """Make as many steps of one batch."""
    for _ in range(times):
        model.train_on_batch(X, CODES)
    return model


COPIES: dict[str, Callable[[Any], Any]] = {
    "copied": copy.deepcopy,
    "pickled": lambda model: pickle.loads(pickle.dumps(model)),
    "copied twice": lambda model: copy.deepcopy(pickle.loads(pickle.dumps(model))),
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize(("door", "make"), MAKES)
def test_a_copy_trains_on_as_the_model(
    differentiable: Backend, door: str, make: Any, how: str
) -> None:
    """From the same slots and number of updates; each goes on alone."""
    model = trained(classifier(door, differentiable.name, optimizer=make()), 3)
    twin = COPIES[how](model)
    assert twin.optimizer.iterations == 3
    trained(model, 2)
    for got, want in zip(trained(twin, 2).get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    assert twin.optimizer.iterations == model.optimizer.iterations == 5
    before = [np.array(one) for one in model.optimizer.get_weights()]
    trained(twin, 1)
    for got, want in zip(model.optimizer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("change", ["compiled", "frozen"])
def test_a_copy_that_trains_otherwise_begins_anew(differentiable: Backend, change: str) -> None:
    """As a model does that is compiled again."""
    model = trained(classifier("keras2", differentiable.name, optimizer="adam"), 3)
    twin = copy.deepcopy(model)
    if change == "frozen":
        twin.layers[0].trainable = False
    twin.compile(twin.optimizer, "categorical_crossentropy")
    assert twin.optimizer.iterations == 0
    fresh = classifier("keras2", differentiable.name, optimizer="adam")
    fresh.layers[0].trainable = change != "frozen"
    fresh.compile("adam", "categorical_crossentropy")
    fresh.set_weights(model.get_weights())
    for got, want in zip(
        trained(twin, 2).get_weights(), trained(fresh, 2).get_weights(), strict=True
    ):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_slots_of_other_shapes_are_left_behind() -> None:
    """A copy with another layer has others."""
    pytest.importorskip("autograd")
    model = trained(classifier("keras2", "numpy", optimizer="adam"), 3)
    twin = copy.deepcopy(model)
    twin.add(keras2.layers.Dense(2, activation="softmax"))
    assert trained(twin, 1).optimizer.iterations == 1


@pytest.mark.parametrize(("door", "make"), MAKES)
def test_training_goes_on_from_saved_weights(differentiable: Backend, door: str, make: Any) -> None:
    """A model and its optimizer, restored from arrays, train on as if nothing had happened."""
    name = differentiable.name
    whole = trained(classifier(door, name, optimizer=make()), 2)
    second = classifier(door, name, optimizer=make())
    second.set_weights(whole.get_weights())
    second.optimizer.set_weights(whole.optimizer.get_weights())
    for model in (whole, second):
        trained(model, 2)
    assert second.optimizer.iterations == whole.optimizer.iterations == 4
    for got, want in zip(second.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    for got, want in zip(
        second.optimizer.get_weights(), whole.optimizer.get_weights(), strict=True
    ):
        assert isinstance(got, np.ndarray)
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_weights_may_be_set_between_two_steps(differentiable: Backend) -> None:
    """The next step starts from what was set, and the arrays read before stay as they were."""
    model = trained(classifier("keras2", differentiable.name, optimizer="adam"), 1)
    saved, weights = model.optimizer.get_weights(), model.get_weights()
    kept = [np.array(array) for array in saved]
    trained(model, 2)
    after = model.get_weights()
    model.optimizer.set_weights(saved)
    model.set_weights(weights)
    trained(model, 2)
    assert model.optimizer.iterations == 3
    for got, want in zip(model.get_weights(), after, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    for got, want in zip(saved, kept, strict=True):
        np.testing.assert_array_equal(got, want)


def test_frozen_weights_have_no_slots() -> None:
    """The list has the weights that are trained, and no others."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    model = classifier("keras2", "numpy", optimizer="adagrad")
    model.layers[0].trainable = False
    model.compile("adagrad", "categorical_crossentropy")
    trained(model, 1)
    assert [array.shape for array in model.optimizer.get_weights()] == [(5, 2), (2,)]


def test_weights_that_wait_are_checked_when_training_begins() -> None:
    """Weights of another model's optimizer stop every step, until they are replaced."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    model = classifier("keras2", "numpy", optimizer="adam")
    before = model.get_weights()
    model.optimizer.set_weights([np.zeros(())])
    for _ in range(2):
        with pytest.raises(InvalidArgument, match="are 13 arrays, received 1"):
            trained(model, 1)
    for got, want in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(got, want)
    model.optimizer.set_weights(trained(classifier(optimizer="adam"), 1).optimizer.get_weights())
    assert trained(model, 1).optimizer.iterations == 2
