"""`input` and `output` of layers and models: what they were called with, and models made of it."""

from __future__ import annotations

import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Model, Sequential, keras1, keras2, layers
from convdispatch.errors import InvalidArgument

X = np.random.default_rng(3).normal(size=(4, 8, 8, 1)).astype(np.float32)


def convolutions(kind: str) -> Any:
    """Return a small network, as a stack or as a graph, with names as scripts look them up."""
    stack = [
        layers.Conv2D(2, 3, activation="relu", input_shape=(8, 8, 1), name="first"),
        layers.MaxPooling2D(2, name="pool"),
        layers.Flatten(name="flat"),
        layers.Dense(5, name="top"),
    ]
    if kind == "stack":
        return Sequential(stack)
    x = layers.Input((8, 8, 1), name="picture")
    y = x
    for layer in stack:
        y = layer(y)
    return Model(x, y)


def numbers(tensor: Any) -> Any:
    """Return a tensor's numbers."""
    return convdispatch.to_numpy(tensor)


KINDS = ["stack", "graph"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_ends_of_a_model_are_those_of_its_layers(kind: str) -> None:
    """The output is that of the last layer, each layer reads the output of the one before."""
    model = convolutions(kind)
    assert model.inputs == [model.input]
    assert model.outputs == [model.output]
    assert model.output is model.layers[-1].output
    assert model.get_layer("first").input is model.input
    assert model.get_layer("pool").input is model.get_layer("first").output
    assert (model.input.shape, model.output.shape) == ((None, 8, 8, 1), (None, 5))


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_features_of_a_layer_in_the_middle(backend_name: str, kind: str) -> None:
    """A model up to a layer gives what the layers up to there give; the weights are shared."""
    with convdispatch.use_backend(backend_name):
        base = convolutions(kind)
        features = Model(inputs=base.input, outputs=base.get_layer("pool").output)
    first, pool = base.get_layer("first"), base.get_layer("pool")
    np.testing.assert_allclose(features.predict(X), numbers(pool(first(X))), rtol=1e-5, atol=1e-6)
    first.set_weights([np.zeros((3, 3, 1, 2)), np.array([1.0, 2.0])])
    assert features.predict(X)[0, 0, 0].tolist() == [1.0, 2.0]


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_top_is_trained_on_a_frozen_base(backend_name: str, kind: str) -> None:
    """Fine-tuning: the new layers and the last old one change, the frozen ones do not."""
    if backend_name == "numpy":
        pytest.importorskip("autograd")
    with convdispatch.use_backend(backend_name):
        base = convolutions(kind)
        hidden = layers.Dense(6, activation="relu")(base.output)
        model = Model(inputs=base.input, outputs=layers.Dense(3, activation="softmax")(hidden))
    for layer in base.layers[:-1]:
        layer.trainable = False
    before = [one.get_weights() for one in base.layers if one.get_weights()]
    model.compile("sgd", "sparse_categorical_crossentropy")
    losses = [model.train_on_batch(X, np.array([0, 1, 2, 0])) for _ in range(5)]
    assert losses[-1] < losses[0]
    after = [one.get_weights() for one in base.layers if one.get_weights()]
    np.testing.assert_array_equal(after[0][0], before[0][0])
    assert np.abs(after[1][0] - before[1][0]).max() > 0
    assert model.predict(X).shape == (4, 3)


def test_layers_of_a_model_make_a_stack() -> None:
    """`Sequential(base.layers[:-2])` computes with the same weights."""
    for kind in KINDS:
        base = convolutions(kind)
        stack = Sequential(base.layers[:-2])
        wanted = numbers(base.get_layer("pool")(base.get_layer("first")(X)))
        np.testing.assert_allclose(numbers(stack(X)), wanted, rtol=1e-5, atol=1e-6)


# The rules of layers with several calls, as Keras 1.2.2, 2.2.4 and 3 have them.


def test_a_layer_without_a_call_has_no_tensors() -> None:
    """It is an `AttributeError`, so `hasattr` answers."""
    layer = layers.Dense(2, name="alone")
    for name in ("input", "output", "input_shape", "output_shape"):
        assert not hasattr(layer, name)
    with pytest.raises(AttributeError, match="'alone' was not called with a symbolic tensor"):
        _ = layer.output


def test_a_layer_with_two_calls_is_asked_for_one_of_them() -> None:
    """`output` is ill-defined then; `get_output_at` counts the calls from 0."""
    a, b = layers.Input((3,)), layers.Input((3,))
    layer = layers.Dense(2, name="shared")
    first, second = layer(a), layer(b)
    for name in ("input", "output"):
        with pytest.raises(AttributeError, match=rf"'shared' was called 2 times.*get_{name}_at"):
            getattr(layer, name)
    assert (layer.get_input_at(0), layer.get_input_at(1)) == (a, b)
    assert (layer.get_output_at(0), layer.get_output_at(1)) == (first, second)
    assert (layer.input_shape, layer.output_shape) == ((None, 3), (None, 2))
    with pytest.raises(InvalidArgument, match=r"'shared' was called 2 times.*received 2"):
        layer.get_output_at(2)


def test_shapes_of_two_calls_are_told_apart() -> None:
    """Where the calls' shapes differ, neither is that of the layer."""
    layer = layers.Conv1D(2, 3, name="shared")
    layer(layers.Input((8, 1)))
    layer(layers.Input((5, 1)))
    assert [layer.get_input_shape_at(i) for i in (0, 1)] == [(None, 8, 1), (None, 5, 1)]
    assert [layer.get_output_shape_at(i) for i in (0, 1)] == [(None, 6, 2), (None, 3, 2)]
    for name in ("input_shape", "output_shape"):
        with pytest.raises(AttributeError, match=rf"'shared'.*2 shapes.*get_{name}_at"):
            getattr(layer, name)


def test_several_inputs_and_outputs_are_lists() -> None:
    """Of layers that take or return lists, and of models."""
    a, b = layers.Input((3,)), layers.Input((3,))
    add = layers.Add()
    y = add([a, b])
    assert add.input == [a, b]
    assert add.input_shape == [(None, 3), (None, 3)]
    model = Model([a, b], [y, a])
    assert model.input == model.inputs == [a, b]
    assert model.output == model.outputs == [y, a]


def test_a_model_that_is_called_keeps_its_own_ends() -> None:
    """Its own tensors are the first of those that it can be asked for, as in Keras 1 and 2."""
    for kind in KINDS:
        model = convolutions(kind)
        own = model.output
        x = layers.Input((8, 8, 1))
        y = model(x)
        assert model.output is own
        assert [model.get_output_at(i) for i in (0, 1)] == [own, y]
        assert model.get_input_at(1) is x
        assert model.get_output_shape_at(1) == (None, 5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["pickle", "deepcopy", "to", "config"])
def test_copies_have_tensors_of_their_own(kind: str, way: str) -> None:
    """A model up to a layer of a copy computes with the copy's weights."""
    model = convolutions(kind)
    makers: dict[str, Any] = {
        "pickle": lambda: pickle.loads(pickle.dumps(model)),
        "deepcopy": lambda: copy.deepcopy(model),
        "to": lambda: model.to("numpy"),
        "config": lambda: convdispatch.models.model_from_json(model.to_json()),
    }
    twin = makers[way]()
    assert twin.get_layer("pool").output is not model.get_layer("pool").output
    part = Model(twin.input, twin.get_layer("pool").output)
    wanted = numbers(twin.get_layer("pool")(twin.get_layer("first")(X)))
    np.testing.assert_allclose(part.predict(X), wanted, rtol=1e-5, atol=1e-6)
    assert twin.output is twin.layers[-1].output


@pytest.mark.parametrize("kind", KINDS)
def test_threads_get_the_same_tensors(kind: str) -> None:
    """The calls of a copy are recorded once, whichever thread asks first."""
    for _ in range(20):
        twin = copy.deepcopy(convolutions(kind))
        start = threading.Barrier(4)

        def asked(twin: Any = twin, start: Any = start) -> Any:
            start.wait()
            return twin.output

        with ThreadPoolExecutor(4) as pool:
            found = [one.result() for one in [pool.submit(asked) for _ in range(4)]]
        assert all(one is found[0] for one in found)
        assert twin.layers[-1].output is found[0]


def test_a_stack_that_grows_has_new_ends() -> None:
    """`add` and `pop` move the output; a stack without a shape has none until it is built."""
    model = convolutions("stack")
    model.pop()
    assert model.output.shape == (None, 18)
    model.add(layers.Dense(7))
    assert model.output.shape == (None, 7)
    late = Sequential([layers.Dense(2, name="late")], name="later")
    with pytest.raises(AttributeError, match="'later' does not know its input shape"):
        _ = late.output
    assert not hasattr(late.layers[0], "output")
    late.build((None, 3))
    assert late.layers[0].output is late.output
    assert late.output.shape == (None, 2)


def test_tensors_follow_an_argument_that_is_set_later() -> None:
    """They have the shapes of now."""
    for kind in KINDS:
        whole = convolutions(kind)
        model = Model(whole.input, whole.get_layer("flat").output)
        if kind == "stack":
            whole.pop()
        middle = model.get_layer("pool").output
        model.get_layer("pool").pool_size = 3
        assert middle.shape == (None, 2, 2, 2)
        assert model.output.shape == (None, 8)


def test_the_ends_of_a_model_are_not_set() -> None:
    """A script that cuts a model is told how to make another one."""
    model = convolutions("graph")
    with pytest.raises(InvalidArgument, match=r"`outputs`.*`Model\(model.input, .*\)`"):
        model.outputs = [model.layers[-2].output]


@pytest.mark.parametrize(("door", "words"), [(keras1, ("input", "output")), (keras2, None)])
def test_scripts_of_old_kerases(door: Any, words: Any) -> None:
    """The usual line of those years; a list of one output gives that output."""
    inputs, outputs = words or ("inputs", "outputs")
    stack = door.models.Sequential()
    stack.add(door.layers.Dense(4, input_dim=3))
    stack.add(door.layers.Dense(2, name="end"))
    cut = door.models.Model(**{inputs: stack.input, outputs: [stack.layers[0].output]})
    x = np.ones((2, 3), np.float32)
    assert cut.predict(x).shape == (2, 4)
    assert cut.output.shape == (None, 4)
    assert cut(x).shape == (2, 4)
