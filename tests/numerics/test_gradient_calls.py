"""The cost of `gradients`: one forward pass per call, and one compilation for many calls."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Model, Sequential, layers

X = np.ones((2, 5, 1), np.float32)


class Counting:
    """An activation that counts its calls, traced ones too, and multiplies by two."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, x: Any) -> Any:
        """Return twice the tensor."""
        self.calls += 1
        return x * 2


def model(backend: str, activation: Any) -> Any:
    """Return a model of one convolution."""
    layer = layers.Conv1D(
        1, 2, activation=activation, kernel_initializer="ones", input_shape=(5, 1)
    )
    return Sequential([layer], backend=backend)


def test_the_forward_pass_is_run_once(backend_name: str) -> None:
    """The output comes from the pass that is differentiated."""
    if backend_name == "numpy":
        pytest.importorskip("autograd")
    activation = Counting()
    found = convdispatch.gradients(model(backend_name, activation), X)
    assert activation.calls == 1
    assert found.output.ravel().tolist() == [4] * 8
    assert found.inputs.ravel().tolist() == [2, 4, 4, 4, 2] * 2
    assert [one.ravel().tolist() for one in found.weights] == [[16, 16], [16]]


@pytest.mark.skipif("jax" not in convdispatch.available_backends(), reason="needs JAX")
def test_repeated_gradients_are_compiled_once() -> None:
    """A traced function is called once, whatever the numbers; a changed model is compiled anew."""
    activation = Counting()
    trained = model("jax", activation)
    for factor in (1, 2, 3):
        trained.set_weights([weight * factor for weight in trained.get_weights()])
        convdispatch.gradients(trained, X * factor, np.full((2, 4, 1), factor, np.float32))
    assert activation.calls == 1
    trained.layers[0].strides = 2
    assert convdispatch.gradients(trained, X).output.shape == (2, 2, 1)
    assert activation.calls == 2


@pytest.mark.skipif("jax" not in convdispatch.available_backends(), reason="needs JAX")
def test_new_weights_need_no_new_compilation_of_the_gradients() -> None:
    """XLA compiles nothing after `set_weights`, from the first one on."""
    monitoring = importlib.import_module("jax.monitoring")
    compiled: list[str] = []

    def note(event: str, seconds: float, **details: Any) -> None:
        if event.endswith("backend_compile_duration"):
            compiled.append(event)

    trained = model("jax", "relu")
    convdispatch.gradients(trained, X)
    trained.set_weights([weight + 1 for weight in trained.get_weights()])  # compiles the copying
    other = model("jax", "tanh")
    monitoring.register_event_duration_secs_listener(note)
    try:
        convdispatch.gradients(other, X)
        assert compiled
        compiled.clear()
        for factor in (1, 2):
            other.set_weights([weight * factor for weight in other.get_weights()])
            convdispatch.gradients(other, X * factor)
        assert compiled == []
    finally:
        monitoring.unregister_event_duration_listener(note)


def test_a_model_of_several_inputs_and_outputs_has_lists(backend_name: str) -> None:
    """By hand: y = 3 x and 3 z + x, cotangents 1 and 2."""
    if backend_name == "numpy":
        pytest.importorskip("autograd")
    with convdispatch.use_backend(backend_name):
        x, z = layers.Input((1, 1), name="x"), layers.Input((1, 1), name="z")
        triple = layers.Conv1D(1, 1, use_bias=False, weights=[np.full((1, 1, 1), 3.0)])
        both = Model([x, z], [triple(x), triple(z)])
    one, two = np.ones((1, 1, 1), np.float32), np.full((1, 1, 1), 2, np.float32)
    found = convdispatch.gradients(both, [one, two], [one, two])
    assert [y.item() for y in found.output] == [3, 6]
    assert [slope.item() for slope in found.inputs] == [3, 6]
    assert [weight.item() for weight in found.weights] == [1 * 1 + 2 * 2]


def test_compare_and_autotune_take_any_graph(tmp_path: Any, monkeypatch: Any) -> None:
    """Shared layers, batch normalization and several outputs within the rounding bound."""
    monkeypatch.setenv("CONVDISPATCH_CACHE_HOME", str(tmp_path))
    rng = np.random.default_rng(0)
    with convdispatch.use_backend("numpy"):
        x, z = layers.Input((6, 2), name="x"), layers.Input((6, 2), name="z")
        shared = layers.Conv1D(3, 2, activation="tanh")
        moments = [rng.normal(1, 0.1, 3), rng.normal(0, 1, 3), rng.normal(0, 1, 3)]
        norm = layers.BatchNormalization(weights=[*moments, rng.uniform(0.5, 2, 3)])
        both = Model([x, z], [norm(shared(x)), layers.Dropout(0.5)(shared(z))])
    data = [rng.normal(0, 1, (4, 6, 2)).astype(np.float32) for _ in range(2)]
    found = convdispatch.compare(both, data)
    assert {name: one.status for name, one in found.items()} == dict.fromkeys(found, "ok")
    assert all(0 < one.error_in_bounds <= 1 for one in found.values())
    assert len(convdispatch.autotune(both, data).ops) == 2
