"""A Sequential that begins with a symbol from `Input`, as Keras 3 recommends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Sequential, keras2, layers
from convdispatch.errors import InvalidArgument


@pytest.mark.parametrize(
    ("model", "home"),
    [(Sequential, layers), (keras2.models.Sequential, keras2.layers)],
    ids=["native", "keras2"],
)
def test_an_input_stands_for_its_layer(backend_name: str, model: Any, home: Any) -> None:
    """The shape, the name and the answer are those of the input and of the layer after it."""
    made = model([home.Input((5, 3), name="x"), home.Dense(2)], backend=backend_name)
    assert made.built
    assert made.layers[0].name == "x"
    assert isinstance(made.layers[0], layers.InputLayer)
    assert (made.input_shape, made.output_shape) == ((None, 5, 3), (None, 5, 2))
    x = np.arange(30, dtype="float32").reshape(2, 5, 3)
    kernel = np.array([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]], dtype="float32")
    made.layers[1].set_weights([kernel, np.zeros(2, dtype="float32")])
    want = np.stack([x[..., 0], 2 * x[..., 1]], axis=-1)
    np.testing.assert_array_equal(convdispatch.to_numpy(made(x)), want)


def test_the_element_type_and_the_batch_are_kept(backend_name: str) -> None:
    """Of numbers of rows, which are integers; `add` takes the symbol as the constructor does."""
    made = Sequential(backend=backend_name)
    made.add(layers.Input(batch_shape=(2, 4), dtype="int32"))
    made.add(layers.Embedding(10, 3))
    assert made.layers[0].dtype == "int32"
    assert made.layers[0].batch_input_shape == (2, 4)
    assert made(np.zeros((2, 4), dtype="int32")).shape == (2, 4, 3)


def test_a_document_holds_the_shape_of_the_input() -> None:
    """A model that is read from it has it."""
    made = Sequential([layers.Input((5, 3), name="x"), layers.Dense(2)], backend="numpy")
    read = Sequential.from_config(made.get_config(), backend="numpy")
    assert (read.input_shape, read.output_shape) == ((None, 5, 3), (None, 5, 2))


def test_models_do_not_share_the_layer_of_an_input() -> None:
    """One input may begin several, each on its backend."""
    x = layers.Input((5, 3), name="x")
    one, other = (Sequential([x, layers.Dense(2)], backend="numpy") for _ in range(2))
    one.layers[0].name = "y"
    assert other.layers[0].name == x.call.layer.name == "x"


def late() -> Any:
    """Return an input for another place than the first."""
    return layers.Input((5, 3), name="late")


WRONG = {
    "computed": (lambda: [layers.Dense(2)(late())], "which a layer computes"),
    "not-first": (lambda: [layers.Dense(2, input_shape=(3,)), late()], "first.*'late'"),
    "second-input": (lambda: [late(), late()], "first.*'late'"),
}


@pytest.mark.parametrize(("members", "message"), WRONG.values(), ids=WRONG)
def test_another_symbol_is_refused(members: Any, message: str) -> None:
    """The message says what a Sequential may begin with."""
    with pytest.raises(InvalidArgument, match=message):
        Sequential(members(), backend="numpy")


def test_a_refused_symbol_leaves_the_model_as_it_was() -> None:
    """It still has its one layer."""
    made = Sequential([layers.Dense(2, input_shape=(3,))], backend="numpy")
    before = made.layers
    with pytest.raises(InvalidArgument):
        made.add(late())
    assert made.layers == before
