"""A Sequential whose layers are models: numbers, training, documents, copies; bad input."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Model, Sequential, keras1, keras2, layers
from convdispatch.errors import InvalidArgument, InvalidShape

X = np.random.default_rng(5).normal(size=(4, 3)).astype(np.float32)


def base(kind: str, door: Any = layers, models: Any = convdispatch) -> Any:
    """Return a model of one layer."""
    if kind == "stack":
        return models.Sequential([door.Dense(4, input_shape=(3,), name="inner")], name="base")
    x = door.Input((3,))
    return models.Model(x, door.Dense(4, name="inner")(x), name="base")


KINDS = ["stack", "graph"]


def by_hand(model: Any) -> Any:
    """Return what two dense layers give for the data."""
    kernel, bias, other, end = model.get_weights()
    return (X @ kernel + bias) @ other + end


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_a_model_is_the_first_layer(backend_name: str, kind: str) -> None:
    """As scripts put new layers on a network: `add(base)`, `add(Dense(2))`."""
    if backend_name == "numpy":
        pytest.importorskip("autograd")
    with convdispatch.use_backend(backend_name):
        inner = base(kind)
        model = Sequential()
        model.add(inner)
        model.add(layers.Dense(2, name="top"))
    assert [one.name for one in model.layers] == ["base", "top"]
    assert (model.input_shape, model.output_shape) == ((None, 3), (None, 2))
    np.testing.assert_allclose(model.predict(X), by_hand(model), rtol=1e-4, atol=1e-5)
    inner.trainable = False
    model.compile("sgd", "mse")
    before = inner.get_weights()[0]
    first, *_, last = [model.train_on_batch(X, np.zeros((4, 2))) for _ in range(5)]
    assert last < first
    np.testing.assert_array_equal(inner.get_weights()[0], before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_is_the_last_layer(kind: str) -> None:
    """As scripts put a trained top on a stack: `model.add(top_model)`."""
    model = Sequential([layers.Dense(3, input_shape=(3,), name="low"), base(kind)])
    assert [one.name for one in model.layers] == ["low", "base"]
    np.testing.assert_allclose(model.predict(X), by_hand(model), rtol=1e-4, atol=1e-5)
    model.add(layers.Dense(1))
    assert model.output_shape == (None, 1)
    assert model.pop().units == 1
    assert model.output is model.layers[-1].get_output_at(1)
    assert model.get_layer(index=1) is model.layers[1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("door", [keras1, keras2, convdispatch], ids=lambda one: one.__name__)
def test_copies_and_documents(kind: str, door: Any) -> None:
    """Copies compute alike; a document is a Sequential's, and is read as one."""
    own, models = door.layers, door.models
    model = models.Sequential([base(kind, own, models), own.Dense(2, name="top")])
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model), model.to("numpy")):
        np.testing.assert_array_equal(twin.predict(X), model.predict(X))
        assert [one.name for one in twin.layers] == ["base", "top"]
    document = model.to_json()
    assert json.loads(document)["class_name"] == "Sequential"
    read = models.model_from_json(document)
    read.set_weights(model.get_weights())
    np.testing.assert_array_equal(read.predict(X), model.predict(X))
    assert read.get_config() == model.get_config()
    read.summary()


def test_a_document_of_keras_2() -> None:
    """Keras 2.2.4 writes a Sequential with a model in it like this."""
    inner = [
        {
            "class_name": "Dense",
            "config": {"name": "dense_1", "units": 4, "batch_input_shape": [None, 3]},
        }
    ]
    top = {"class_name": "Dense", "config": {"name": "dense_2", "units": 2}}
    stack = {
        "class_name": "Sequential",
        "config": {"name": "sequential_1", "layers": inner},
    }
    document = {
        "class_name": "Sequential",
        "config": {"name": "sequential_2", "layers": [stack, top]},
        "keras_version": "2.2.4",
    }
    model = keras2.models.model_from_json(json.dumps(document))
    assert [one.name for one in model.layers] == ["sequential_1", "dense_2"]
    np.testing.assert_allclose(model.predict(X), by_hand(model), rtol=1e-4, atol=1e-5)


def test_what_no_model_in_a_stack_can_be() -> None:
    """Several inputs or outputs, unknown shapes, other shapes, another backend."""
    a, b = layers.Input((3,)), layers.Input((3,))
    two = Model([a, b], layers.Add()([a, b]), name="two")
    with pytest.raises(InvalidArgument, match=r"one tensor.*'two'.*takes 2"):
        Sequential([two])
    forked = Model(a, [layers.Dense(1)(a), layers.Dense(2)(a)], name="forked")
    with pytest.raises(InvalidArgument, match=r"one tensor.*'forked'.*returns 2"):
        Sequential([forked])
    unknown = Sequential([layers.Dense(2)], name="unknown")
    with pytest.raises(InvalidShape, match="'unknown' does not know its input shape"):
        Sequential([unknown])
    with pytest.raises(InvalidShape, match=r"does not know its input shape.*`input_shape`"):
        Sequential([layers.Dense(3), base("graph")])
    model = Sequential([layers.Dense(5, input_shape=(3,))])
    with pytest.raises(InvalidShape, match="5"):
        model.add(base("graph"))
    assert model.output_shape == (None, 5)


@pytest.mark.parametrize("door", [keras1, keras2], ids=lambda one: one.__name__)
def test_a_copy_leaves_the_list_of_layers_alone(door: Any) -> None:
    """A façade's models keep their list of layers, which a copy must not share."""
    own = door.layers
    model = door.models.Sequential([own.Dense(2, input_dim=3, name="only")])
    (before,) = model.layers
    assert model.to("numpy").layers[0] is not before
    assert copy.deepcopy(model).layers[0] is not before
    assert model.layers[0] is before
