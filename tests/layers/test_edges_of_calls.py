"""Calls at the edges: lists with states, every type of integers, masks that a caller gives."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Model, Sequential, keras2, layers
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.models import model_from_json

X = np.random.default_rng(2).normal(size=(2, 3, 4))
STATE = np.random.default_rng(3).normal(size=(2, 5))


@pytest.mark.parametrize("returns_state", [False, True])
@pytest.mark.parametrize("is_built", [False, True])
def test_gradients_of_a_state_that_is_given(returns_state: bool, is_built: bool) -> None:
    """They are those of the same layer in a model, whose inputs are the sequence and the state."""
    pytest.importorskip("autograd")
    layer = layers.GRU(5, dtype="float64", return_state=returns_state, backend="numpy")
    x, h = layers.Input((3, 4), dtype="float64"), layers.Input((5,), dtype="float64")
    if is_built:
        layer(X)
    found = convdispatch.gradients(layer, [X, STATE])
    outputs = layer([x, h])
    wanted = convdispatch.gradients(Model([x, h], outputs), [X, STATE])
    assert [one.shape for one in found.inputs] == [(2, 3, 4), (2, 5)]
    pairs = [*zip(found.inputs, wanted.inputs, strict=True)]
    pairs += zip(found.weights, wanted.weights, strict=True)
    for one, other in pairs:
        np.testing.assert_allclose(one, other, rtol=1e-12)
        assert np.abs(one).max() > 0
    count = 2 if returns_state else 1
    assert len(np.shape(found.output)) == 2 or len(found.output) == count


INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
@pytest.mark.parametrize("dtype", INTEGERS)
def test_rows_are_looked_up_by_any_integers(backend_name: str, dtype: str) -> None:
    """NumPy's arrays of integers of any width are numbers of rows."""
    table = np.arange(12.0).reshape(6, 2)
    layer = layers.Embedding(6, 2, weights=[table], backend=backend_name)
    found = convdispatch.to_numpy(layer(np.array([[5, 0]], dtype)))
    np.testing.assert_array_equal(found, [[[10, 11], [0, 1]]])


@pytest.mark.parametrize("door", [keras2.layers, layers], ids=["keras2", "keras3"])
@pytest.mark.parametrize("dtype", [None, "int32"])
def test_a_document_keeps_the_layer_of_the_input(door: Any, dtype: str | None) -> None:
    """Its name and its type, also before an embedding, which announces no length."""
    own = {} if dtype is None else {"dtype": dtype}
    start = door.InputLayer(input_shape=(3,), name="numbers", **own)
    model = Sequential([start, door.Embedding(7, 2), door.Flatten(), door.Dense(1)])
    document = model.to_json()
    read = model_from_json(document)
    assert read.get_config() == model.get_config()
    assert json.loads(document) == json.loads(read.to_json())
    read.set_weights(model.get_weights())
    x = np.array([[1, 2, 6]])
    np.testing.assert_array_equal(read.predict(x), model.predict(x))


def test_a_document_of_a_framework_with_both_shapes() -> None:
    """One states the input's shape, and an embedding announces sizes that it does not know."""
    start = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 3]}}
    table = {"name": "rows", "input_dim": 7, "output_dim": 2, "batch_input_shape": [None, None]}
    entries = [start, {"class_name": "Embedding", "config": table}]
    config = {"name": "read", "layers": entries}
    document = {"class_name": "Sequential", "config": config, "keras_version": "2.4.0"}
    model = model_from_json(json.dumps(document))
    assert [layer.name for layer in model.layers] == ["rows"]
    assert model.output_shape == (None, 3, 2)
    table["batch_input_shape"] = [None, 4]
    with pytest.raises(InvalidArgument, match="they must agree"):
        model_from_json(json.dumps(document))


def test_layers_of_a_late_stack_that_return_several() -> None:
    """Where the shapes are known at last, the message is that of `add`."""
    model = Sequential([layers.LSTM(3, return_state=True, name="states"), layers.Dense(2)])
    with pytest.raises(InvalidArgument, match=r"gives each layer one tensor; received 'states'"):
        model.build((None, 3, 4))
    assert not any(layer.built for layer in model.layers)


def test_masks_of_inference_are_checked() -> None:
    """As those of `apply` and `apply_training` are."""
    dense, lstm = layers.Dense(2), layers.LSTM(2)
    dense.build((None, 3, 4))
    lstm.build((None, 3, 4))
    mask = np.ones((2, 3), bool)
    with pytest.raises(InvalidArgument, match="takes no mask; received 1"):
        dense.apply_inference(dense.variables, X.astype("float32"), mask)
    with pytest.raises(InvalidShape, match=r"Its shape must be \(2, 3\)"):
        lstm.apply_inference(lstm.variables, X.astype("float32"), np.ones((2, 7), bool))


def test_the_mask_of_a_function_has_the_samples_of_the_input() -> None:
    """A `Lambda` is given a mask of bools whose axes begin as those of the input."""
    layer = layers.Lambda(lambda x, mask=None: x, name="mine", backend="numpy")
    x = X.astype("float32")
    for shape in ((9, 9), (2, 4), (2, 3, 4, 1), ()):
        with pytest.raises(InvalidShape, match=r"`mask` of Lambda 'mine'.*received a mask of"):
            layer(x, mask=np.ones(shape, bool))
    with pytest.raises(InvalidType, match=r"`mask` of Lambda 'mine' must be of bools"):
        layer(x, mask=np.ones((2, 3)))
    assert layer(x, mask=np.ones((2, 3), bool)).shape == (2, 3, 4)


def test_class_weights_are_checked_before_the_first_epoch(capsys: Any) -> None:
    """Nothing is printed before a wrong argument is refused."""
    pytest.importorskip("autograd")
    model = keras2.models.Sequential(
        [keras2.layers.Dense(2, input_shape=(4,), activation="softmax")]
    )
    model.compile("sgd", "categorical_crossentropy")
    with pytest.raises(InvalidArgument, match="class"):
        model.fit(X[:, 0], np.eye(2), class_weight={0: 1.0})
    assert "Epoch" not in capsys.readouterr().out
