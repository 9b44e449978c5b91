"""The facts that a model remembers between two `add`s are never out of date."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from convdispatch import layers
from convdispatch.errors import InvalidArgument
from convdispatch.models import Sequential


def conv(name: str, **options: Any) -> Any:
    """Return a layer of one tap."""
    return layers.Conv1D(1, 1, name=name, backend="numpy", **options)


def stack() -> Sequential:
    """Return a model of two layers over eight cells."""
    return Sequential([conv("a", input_shape=(8, 1)), conv("b")], backend="numpy")


def test_a_new_name_of_a_layer_is_taken() -> None:
    """And its old one is free."""
    model = stack()
    model.layers[1].name = "c"
    with pytest.raises(InvalidArgument, match="already has a layer named 'c'"):
        model.add(conv("c"))
    model.add(conv("b"))
    assert [layer.name for layer in model.layers] == ["a", "c", "b"]


def test_a_new_shape_of_a_layer_reaches_the_next() -> None:
    """Built anew for other inputs."""
    model = stack()
    model.build((None, 5, 1))
    model.add(conv("c"))
    assert model.layers[2].input_shape == (None, 5, 1)


def test_a_layer_that_was_taken_off_is_forgotten() -> None:
    """Its name, and its shape."""
    model = stack()
    model.add(layers.UpSampling1D(3, name="up", backend="numpy"))
    top = model.pop()
    model.add(conv("up"))
    assert model.layers[2].input_shape == (None, 8, 1)
    model.pop()
    model.add(top)
    assert model.output_shape == (None, 24, 1)


def test_layers_that_were_built_by_a_call_count_as_built() -> None:
    """The first one did not state its shape."""
    model = Sequential([conv("a")], backend="numpy")
    model.add(conv("b"))
    assert not model.built
    model.build((None, 6, 1))
    model.add(conv("c"))
    assert model.layers[2].input_shape == (None, 6, 1)


def test_a_layer_of_several_models_changes_for_all() -> None:
    """Its name, given through one of them."""
    model = stack()
    other = Sequential(model.layers, backend="numpy")
    other.layers[0].name = "z"
    with pytest.raises(InvalidArgument, match="already has a layer named 'z'"):
        model.add(conv("z"))


@pytest.mark.parametrize(
    "twin", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_a_copy_remembers_for_itself(twin: Any) -> None:
    """A layer that is added to one is not in the other."""
    model = stack()
    other = twin(model)
    other.add(conv("c"))
    model.add(conv("c", strides=2))
    assert [layer.name for layer in other.layers] == ["a", "b", "c"]
    assert (model.output_shape, other.output_shape) == ((None, 4, 1), (None, 8, 1))
