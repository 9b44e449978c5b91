"""Which backend a model is on, and the same model on another one."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from small_models import X, outputs, two_layers

import convdispatch
from convdispatch import layers, selection
from convdispatch.errors import InvalidArgument
from convdispatch.models import Sequential
from convdispatch.registry import registry


def test_the_first_layer_s_own_backend_is_the_model_s(backend_name: str) -> None:
    """A layer that was given a backend takes the model along."""
    model = Sequential([layers.Conv2D(2, 3, backend=backend_name), layers.ZeroPadding2D(1)])
    assert model.backend == backend_name
    assert [layer.backend for layer in model.layers] == [backend_name] * 2
    assert registry.load(backend_name).owns(model(X))


def test_the_model_s_backend_is_that_of_layers_without_one(backend_name: str) -> None:
    """Layers that were given none follow the model, whatever is current when they are made."""
    layer = layers.Conv2D(2, 3)
    model = Sequential([layer], backend=backend_name)
    assert layer.backend == backend_name
    assert registry.load(backend_name).owns(model(X))


def test_the_current_backend_is_the_default(backend_name: str) -> None:
    """A model made under `use_backend` stays on that backend."""
    with convdispatch.use_backend(backend_name):
        model = Sequential([layers.Conv2D(2, 3)])
    assert registry.load(backend_name).owns(model(X))


def test_a_layer_of_two_models_on_one_backend_is_shared(backend_name: str) -> None:
    """Both models apply the same weights."""
    shared = layers.Conv2D(2, 3, input_shape=(8, 8, 2))
    one, other = (Sequential([shared], backend=backend_name) for _ in range(2))
    one.set_weights([weight + 1 for weight in one.get_weights()])
    np.testing.assert_array_equal(outputs(one), outputs(other))


@pytest.mark.parametrize("is_built", [False, True], ids=["unbuilt", "built"])
def test_a_layer_of_two_models_on_two_backends_is_refused(
    all_backends: tuple[str, ...], is_built: bool
) -> None:
    """The second model would pull the layer away from under the first."""
    if len(all_backends) < 2:
        pytest.skip("needs two backends")
    shared = layers.Conv2D(2, 3, name="shared")
    if is_built:
        shared = layers.Conv2D(2, 3, name="shared", input_shape=(8, 8, 2))
    first = Sequential([shared], backend=all_backends[0])
    message = f"'shared' is bound to the backend '{all_backends[0]}' and the model to"
    with pytest.raises(InvalidArgument, match=message):
        Sequential([shared], backend=all_backends[1])
    assert outputs(first).shape == (5, 6, 6, 2)
    assert Sequential([shared]).backend == all_backends[0]


def test_to_gives_the_same_model_on_another_backend(
    backend_name: str, all_backends: tuple[str, ...]
) -> None:
    """Weights, names, shapes and numbers are the same; the original stays where it is."""
    model = two_layers(backend=all_backends[0])
    moved = model.to(backend_name)
    assert (moved.backend, moved.name) == (backend_name, "model")
    assert moved.output_shape == model.output_shape
    assert moved.get_config() == model.get_config()
    assert registry.load(backend_name).owns(moved(X))
    np.testing.assert_allclose(outputs(moved), outputs(model), rtol=1e-5, atol=1e-6)
    moved.set_weights([weight + 1 for weight in moved.get_weights()])
    assert model.backend == all_backends[0]
    assert not np.allclose(outputs(moved), outputs(model))


def test_to_keeps_what_no_configuration_can_hold(backend_name: str) -> None:
    """A user's function moves along as itself; a configuration would know its name only."""
    model = Sequential(
        [layers.Conv2D(2, 3, activation=lambda z: z * 2, kernel_initializer="ones")],
        backend="numpy",
    )
    expected = outputs(model)
    np.testing.assert_allclose(outputs(model.to(backend_name)), expected, rtol=1e-5, atol=1e-5)


def test_to_another_element_type(backend_name: str) -> None:
    """`dtype` asks for weights of another element type."""
    model = two_layers(backend="numpy").to(backend_name, dtype="float16")
    assert {weight.dtype.name for weight in model.get_weights()} == {"float16"}


def test_deepcopy_gives_an_independent_model(backend_name: str) -> None:
    """Same numbers at first, weights of its own."""
    model = two_layers(backend=backend_name)
    twin = copy.deepcopy(model)
    expected = outputs(model)
    np.testing.assert_array_equal(outputs(twin), expected)
    twin.set_weights([weight + 1 for weight in twin.get_weights()])
    np.testing.assert_array_equal(outputs(model), expected)
    assert not np.allclose(outputs(twin), expected)


def test_the_pure_function_takes_its_weights_as_arguments(backend_name: str) -> None:
    """`apply` uses the tensors that it is given and changes nothing."""
    backend = registry.load(backend_name)
    model = two_layers(backend=backend_name)
    expected = outputs(model)
    x = backend.asarray(X, "float32")
    same = backend.to_numpy(model.apply(model.variables, x))
    zeros = [backend.asarray(np.zeros_like(w), "float32") for w in model.get_weights()]
    np.testing.assert_array_equal(same, expected)
    assert not np.any(backend.to_numpy(model.apply(zeros, x)))
    np.testing.assert_array_equal(outputs(model), expected)


def test_a_model_asks_no_backend_but_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing the framework of the current one may take ten seconds, and it may be missing."""
    loaded = []
    load = registry.load

    def noted(name: str) -> object:
        loaded.append(name)
        return load(name)

    monkeypatch.setattr(registry, "load", noted)
    monkeypatch.setenv("CONVDISPATCH_BACKEND", "torch")
    selection.reset()
    model = Sequential([layers.Conv1D(2, 3, input_shape=(8, 1))], backend="numpy")
    model.add(layers.Conv1D(2, 3))
    assert model.output_shape == (None, 4, 2)
    assert set(loaded) == {"numpy"}
