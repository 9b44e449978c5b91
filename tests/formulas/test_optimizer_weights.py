"""An optimizer's own weights: their order in each Keras, and going on from them."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from places import LEGACY

from convdispatch import keras2, optimizers
from convdispatch.errors import ConvDispatchError, InvalidArgument, InvalidShape
from convdispatch.formulas.dialects import KERAS1, KERAS2, KERAS3
from convdispatch.registry import registry

RECORDED = json.loads((LEGACY / "training_keras3.json").read_text())
SHAPES = [(3, 4), (4,)]
BOTH = {"amsgrad": True}

# What Keras 1.2.2 and 2.2.4 list, of weights a and b; 0 stands for an array of one zero.
ORDERS = [
    (dialect, name, arguments, order)
    for name, arguments, orders in (
        ("SGD", {"momentum": 0.5}, "iterations a.momentum b.momentum"),
        ("SGD", {}, "iterations a.zeros b.zeros"),
        ("RMSprop", {}, "a.velocity b.velocity"),
        ("Adagrad", {}, "a.accumulator b.accumulator"),
        (
            "Adadelta",
            {},
            "a.accumulated_grad b.accumulated_grad a.accumulated_delta_var b.accumulated_delta_var",
        ),
        (
            "Adam",
            {},
            (
                "iterations a.momentum b.momentum a.velocity b.velocity",
                "iterations a.momentum b.momentum a.velocity b.velocity 0 0",
            ),
        ),
        ("Adamax", {}, "iterations a.momentum b.momentum a.norm b.norm"),
        ("Nadam", {}, "iterations a.momentum b.momentum a.velocity b.velocity"),
    )
    for dialect, order in zip(
        (KERAS1, KERAS2), orders if isinstance(orders, tuple) else (orders, orders), strict=True
    )
]
EVERY = [
    pytest.param(
        dialect, name, arguments, id=f"{dialect.name}-{name}{'-amsgrad' * bool(arguments)}"
    )
    for dialect in (KERAS1, KERAS2, KERAS3)
    for name in dialect.optimizers
    for arguments in ({}, BOTH)
    if not arguments or (name in ("Adam", "AdamW") and dialect is not KERAS1)
]


class Training:
    """Updates on NumPy arrays by the gradients of the manifest, as a training loop makes them."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer, self.iterations = optimizer, 0
        self.called = [("a", "kernel"), ("b", "kernel")]
        self.functions = registry.load("numpy").functions
        self.weights = [np.array(array) for array in RECORDED["start"]]
        self.slots: Any = optimizer.slots(self.functions, self.weights)

    def names(self) -> list[tuple[str, str]]:
        """Return the names of the weights."""
        return self.called

    def shapes(self) -> list[tuple[int, ...]]:
        """Return the shapes of the weights."""
        return [weight.shape for weight in self.weights]

    def read(self) -> list[dict[str, Any]]:
        """Return copies of the slots."""
        return [dict(own) for own in self.slots]

    def write(self, slots: Sequence[dict[str, Any]], iterations: int) -> None:
        """Go on from these slots."""
        self.slots, self.iterations = list(slots), iterations

    def run(self, steps: Sequence[int]) -> Training:
        """Make updates by the gradients of these steps."""
        self.optimizer.kept_by(self)
        for step in steps:
            gradients = [np.array(array) for array in RECORDED["gradients"][step]]
            rate = np.asarray(self.optimizer.rate_at(self.iterations))
            self.weights, self.slots = self.optimizer.update(
                self.functions, self.weights, gradients, self.slots, rate, self.iterations
            )
            self.iterations += 1
        return self


def made(dialect: Any, name: str, arguments: dict[str, Any]) -> Any:
    """Return an optimizer of a Keras."""
    return optimizers.get({"class_name": name, "config": arguments}, dialect.optimizers)


@pytest.mark.parametrize(("dialect", "name", "arguments", "order"), ORDERS)
def test_old_order(dialect: Any, name: str, arguments: dict[str, Any], order: str) -> None:
    """Keras 1 and 2 list each kind of weight in turn, some with the number of updates first."""
    optimizer = made(dialect, name, arguments)
    training = Training(optimizer).run([0, 1])
    a, b = training.slots[:2]
    expected = []
    for word in order.split():
        weight, _, slot = word.partition(".")
        own, shape = (a, (3, 4)) if weight == "a" else (b, (4,))
        named = {"iterations": np.asarray(2), "0": np.zeros(1)}
        expected.append(named[word] if word in named else own.get(slot, np.zeros(shape)))
    found = optimizer.get_weights()
    assert [array.shape for array in found] == [array.shape for array in expected]
    for got, want in zip(found, expected, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(
    ("names", "is_turned"),
    [
        # As files of Keras 1.2.2 have them: 'atrousconvolution1d_1_W' before 'convolution1d_1_W',
        # a layer's W before its b, and a normalization's beta before its gamma.
        ([("convolution1d_1", "kernel"), ("atrousconvolution1d_1", "bias")], True),
        ([("dense_1", "bias"), ("dense_1", "kernel")], True),
        ([("dense_1", "kernel"), ("dense_1", "bias")], False),
        ([("bn", "gamma"), ("bn", "beta")], True),
    ],
)
@pytest.mark.parametrize("name", KERAS1.optimizers)
def test_keras_1_sorts_by_name(name: str, names: list[tuple[str, str]], is_turned: bool) -> None:
    """Its weights come in the order of their names, whatever the order of the layers."""
    training = Training(made(KERAS1, name, {}))
    training.called = names
    training.run([0])
    shapes = [array.shape for array in training.optimizer.get_weights() if array.ndim]
    assert shapes[:2] == (SHAPES[::-1] if is_turned else SHAPES)
    kept = training.read()
    training.optimizer.set_weights(training.optimizer.get_weights())
    for own, before in zip(training.slots, kept, strict=True):
        for slot, value in before.items():
            np.testing.assert_allclose(own[slot], value)


@pytest.mark.parametrize("case", RECORDED["optimizers"], ids=lambda case: f"{case['name']}")
def test_order_and_numbers_of_keras_3(case: dict[str, Any]) -> None:
    """The list is that of Keras 3's `variables` after the same updates."""
    optimizer = made(KERAS3, case["name"], case["arguments"])
    Training(optimizer).run(range(4))
    found = optimizer.get_weights()
    assert [array.shape for array in found] == [np.shape(one) for one in case["variables"]]
    for got, want in zip(found, case["variables"], strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("dialect", "name", "arguments"), EVERY)
def test_goes_on_from_its_weights(dialect: Any, name: str, arguments: dict[str, Any]) -> None:
    """Weights that are set before training continue it, to the last bit or nearly."""
    whole = Training(made(dialect, name, arguments)).run(range(4))
    first = Training(made(dialect, name, arguments)).run(range(2))
    second = Training(made(dialect, name, arguments))
    second.weights = first.weights
    if "iterations" not in (second.optimizer.order.heads):
        second.iterations = 2  # these Kerases do not save it
    second.optimizer.set_weights(first.optimizer.get_weights())
    second.run(range(2, 4))
    for got, want in zip(second.weights, whole.weights, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)
    assert second.optimizer.iterations == 4


def test_weights_wait_for_the_training() -> None:
    """Before training there are none, and those that are set are read back and then used."""
    optimizer = optimizers.Adam()
    assert optimizer.get_weights() == []
    saved = Training(optimizers.Adam()).run([0]).optimizer.get_weights()
    optimizer.set_weights(saved)
    assert all(a is b for a, b in zip(optimizer.get_weights(), saved, strict=True))
    Training(optimizer).run([])
    assert optimizer.iterations == 1


def test_saved_rate_is_set_and_a_schedule_stays() -> None:
    """Keras 3 saves the learning rate; a schedule computes its own."""
    saved = Training(optimizers.SGD(0.25)).run([0]).optimizer.get_weights()
    optimizer = Training(optimizers.SGD(0.5)).run([]).optimizer
    optimizer.set_weights(saved)
    assert optimizer.learning_rate == 0.25
    schedule = optimizers.schedules.ExponentialDecay(0.5, 1, 0.5)
    optimizer = Training(optimizers.SGD(schedule)).run([]).optimizer
    optimizer.set_weights(saved)
    assert optimizer.learning_rate is schedule


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))]
)
def test_copy_takes_no_part_in_the_training(copied: Any) -> None:
    """A copy has the arguments and the number of updates; the training is the original's."""
    training = Training(optimizers.SGD(0.5)).run([0, 1])
    other = copied(training.optimizer)
    training.run([2])
    assert (other.iterations, other.learning_rate, other.get_weights()) == (2, 0.5, [])


def test_too_few_weights() -> None:
    """A list of another length names both lengths."""
    optimizer = Training(optimizers.SGD(momentum=0.5)).run([0]).optimizer
    with pytest.raises(
        InvalidArgument, match=r"are 4 arrays, received 3\. Pass what `get_weights`"
    ):
        optimizer.set_weights(optimizer.get_weights()[:3])


def test_weights_of_another_shape() -> None:
    """A weight of another shape is named by its place."""
    optimizer = Training(optimizers.SGD(momentum=0.5)).run([0]).optimizer
    weights = optimizer.get_weights()
    with pytest.raises(InvalidShape, match=r"weight 3 .* has shape \(4,\), received \(3, 4\)"):
        optimizer.set_weights([*weights[:2], weights[2], weights[2]])


def test_rate_of_a_function_is_asked_by_updates_alone() -> None:
    """Keras 2 saves no learning rate, so reading its weights asks for none."""
    rates = iter([0.5])
    optimizer = keras2.optimizers.SGD(lambda: next(rates), momentum=0.5)
    assert len(Training(optimizer).run([0]).optimizer.get_weights()) == 3


@pytest.mark.parametrize(
    ("place", "weight", "message"),
    [
        (0, -1, "`iterations` must be a finite number, at least 0"),
        (0, float("nan"), "`iterations` must be a finite number"),
        (1, float("inf"), "`learning_rate` must be a finite number"),
        (2, "momentum", "weight 2 of this optimizer must be an array of numbers, received one of"),
        (3, [[1.0], [1.0, 2.0]], "weight 3 of this optimizer is no array"),
    ],
)
def test_weights_that_are_no_numbers(place: int, weight: Any, message: str) -> None:
    """Nothing is set, and the message names the weight."""
    training = Training(optimizers.SGD(momentum=0.5)).run([0])
    weights = training.optimizer.get_weights()
    kept = training.read()
    weights[place] = weight
    with pytest.raises(ConvDispatchError, match=message):
        training.optimizer.set_weights(weights)
    assert training.iterations == 1
    for own, before in zip(training.slots, kept, strict=True):
        assert all(own[slot] is value for slot, value in before.items())
