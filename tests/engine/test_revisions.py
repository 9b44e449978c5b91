"""The revision of a layer: a number that says whether what was made from the layer still holds."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convdispatch import Sequential, gradients
from convdispatch.layers import Conv1D, Dropout, UpSampling1D
from convdispatch.models import _compiled_forward
from convdispatch.ops import Backend

X = np.array([[[1.0], [2.0], [3.0]]], np.float32)


def conv(**arguments: Any) -> Any:
    """Return a built layer that adds up two neighbours."""
    kernel = np.ones((2, 1, 1), np.float32)
    layer = Conv1D(1, 2, use_bias=False, weights=[kernel], **{"backend": "numpy"} | arguments)
    layer(X)
    return layer


def revision(layer: Any) -> int:
    """Return a layer's revision."""
    number: int = layer._plans.revision
    return number


class OfTheUser(Conv1D):
    """A user's layer, which may compute with whatever attribute it has."""

    factor = 1.0


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("strides", 2), ("activation", "relu"), ("padding", "same"), ("convention", "theano")],
)
def test_the_revision_rises_with_an_argument_of_the_computation(attribute: str, value: Any) -> None:
    """And the plans of before are gone."""
    layer = conv()
    before = revision(layer)
    setattr(layer, attribute, value)
    assert revision(layer) > before
    assert layer.plans() == ()


def test_the_revision_rises_with_an_attribute_of_a_user_s_class() -> None:
    """No list says which of them its `resolve` reads."""
    layer: Any = OfTheUser(1, 2, backend="numpy")
    layer(X)
    before = revision(layer)
    layer.factor = 2.0
    assert revision(layer) > before
    assert layer.plans() == ()


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        pytest.param("remark", "of 2016", id="a note"),
        ("name", "other"),
        ("trainable", False),
        ("kernel_regularizer", "l2"),
        ("strides", 1),
        ("weights", [np.zeros((2, 1, 1), np.float32)]),
    ],
)
def test_the_revision_stays_where_the_computation_does(attribute: str, value: Any) -> None:
    """So do the plans; also where an argument gets the value that it has."""
    layer = conv()
    before, plans = revision(layer), layer.plans()
    setattr(layer, attribute, value)
    setattr(layer, attribute, value)  # now it is an attribute that exists
    assert revision(layer) == before
    assert [plan.function for plan in layer.plans()] == [plan.function for plan in plans]


def test_calls_and_new_shapes_leave_the_revision() -> None:
    """A plan more is no change of the layer."""
    layer = conv()
    before = revision(layer)
    layer(np.ones((1, 9, 1), np.float32))
    layer.build((None, 7, 1))
    layer.set_weights(layer.get_weights())
    assert revision(layer) == before
    assert len(layer.plans()) == 3


@pytest.mark.parametrize(
    "copied",
    [
        copy.copy,
        copy.deepcopy,
        lambda one: pickle.loads(pickle.dumps(one)),
        lambda one: one.to("numpy"),
    ],
    ids=["copy", "deepcopy", "pickle", "to"],
)
def test_no_two_layers_have_one_revision(copied: Callable[[Any], Any]) -> None:
    """Copies least of all: what was made from one is not taken for the other's."""
    layer = conv()
    twins = [copied(layer), copied(layer)]
    numbers = [revision(one) for one in (layer, *twins)]
    for one in (layer, *twins):
        one.strides = 2
        numbers.append(revision(one))
    assert len(set(numbers)) == len(numbers) == 6


def test_a_note_compiles_nothing_anew(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument does, once."""
    model = Sequential([Conv1D(1, 2, input_shape=(3, 1)), Dropout(0.5)], backend=backend.name)
    forward = model.compile_forward()
    compile_, compiled = _compiled_forward._compile, []

    def counted(*arguments: Any, **options: Any) -> Any:
        compiled.append(arguments)
        return compile_(*arguments, **options)

    monkeypatch.setattr(_compiled_forward, "_compile", counted)
    layer: Any = model.layers[0]
    layer.remark = "of 2016"
    layer.name = "first"
    forward(X)
    assert compiled == []
    layer.activation = "relu"
    forward(X)
    forward(X)
    assert len(compiled) == 1


def test_a_layer_in_another_s_place_is_another_model() -> None:
    """Though the number of layers and their weights' shapes are the same."""
    pytest.importorskip("autograd")
    model = Sequential([UpSampling1D(2, input_shape=(3, 1))], backend="numpy")
    forward = model.compile_forward()
    assert forward(X).shape == gradients(model, X).output.shape == (1, 6, 1)
    model.pop()
    model.add(UpSampling1D(3, input_shape=(3, 1)))
    assert forward(X).shape == gradients(model, X).output.shape == (1, 9, 1)
