"""Weights that one thread sets while others compute: old ones or new ones, never some of each."""

from __future__ import annotations

import contextlib
import copy
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Sequential, layers
from convdispatch.errors import InvalidArgument
from convdispatch.registry import registry

# Reads of each kind beside a thread that writes. More: CONVDISPATCH_TEST_ROUNDS=10000.
ROUNDS = int(os.environ.get("CONVDISPATCH_TEST_ROUNDS", "300"))
X = np.ones((1, 1, 1), "float32")
# (kernel + bias) * kernel + bias, where all four are one number: no mixture of the two sets, 1 and
# 3, gives either of these.
ANSWERS = {1.0: 3.0, 3.0: 21.0}


def stack(backend_name: str, **options: Any) -> Sequential:
    """Make a model of two layers whose four weights are 1."""
    ones = {"kernel_initializer": "ones", "bias_initializer": "ones"} | options
    model = [layers.Conv1D(1, 1, input_shape=(1, 1), **ones), layers.Conv1D(1, 1, **ones)]
    return Sequential(model, backend=backend_name)


def values(number: float, count: int = 4) -> list[Any]:
    """Return weights that are all that number."""
    shapes = [(1, 1, 1), (1,)] * (count // 2)
    return [np.full(shape, number, "float32") for shape in shapes]


def answer_of(weights: list[Any]) -> float:
    """Return what a model with these weights answers."""
    kernel, bias, second, last = (float(np.asarray(weight).item()) for weight in weights)
    return (kernel + bias) * second + last


READERS: dict[str, Callable[[Sequential], Any]] = {
    "call": lambda model: convdispatch.to_numpy(model(X)).item(),
    "predict": lambda model: model.predict(X, verbose=0).item(),
    "get_weights": lambda model: answer_of(model.get_weights()),
    "pickle": lambda model: answer_of(pickle.loads(pickle.dumps(model)).get_weights()),
    "deepcopy": lambda model: answer_of(copy.deepcopy(model).get_weights()),
    "to": lambda model: answer_of(model.to("numpy").get_weights()),
}


@contextlib.contextmanager
def writing(write: Callable[[float], Any]) -> Iterator[None]:
    """Let a thread give 1 and 3 in turn as long as the block lasts; threads change often."""
    is_over = threading.Event()

    def run() -> None:
        while not is_over.is_set():
            write(3.0)
            write(1.0)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    writer = threading.Thread(target=run)
    writer.start()
    try:
        yield
    finally:
        is_over.set()
        writer.join()
        sys.setswitchinterval(interval)


@pytest.mark.parametrize("reader", READERS)
def test_a_model_s_readers_see_all_new_weights_or_none(reader: str, backend_name: str) -> None:
    """Beside a thread that sets the weights without a pause."""
    model = stack(backend_name)
    read = READERS[reader]
    read(model)
    with writing(lambda number: model.set_weights(values(number))):
        found = {read(model) for _ in range(ROUNDS)}
    assert found <= set(ANSWERS.values())


def test_a_compiled_forward_sees_all_new_weights_or_none(backend_name: str) -> None:
    """An object with the variables of all layers checks that they are still current."""
    model = stack(backend_name)
    forward = model.compile_forward()
    with writing(lambda number: model.set_weights(values(number))):
        found = {convdispatch.to_numpy(forward(X)).item() for _ in range(ROUNDS)}
    assert found <= set(ANSWERS.values())


def test_another_model_of_the_layers_sees_all_new_weights_or_none(backend_name: str) -> None:
    """The weights are set through another model than the one that is read."""
    model = stack(backend_name)
    other = Sequential(model.layers, backend=backend_name)
    with writing(lambda number: model.set_weights(values(number))):
        found = {READERS["predict"](other) for _ in range(ROUNDS)}
    assert found <= set(ANSWERS.values())


def test_a_layer_s_calls_see_all_new_weights_or_none(backend_name: str) -> None:
    """A kernel and a bias of two sets would give 4."""
    layer = stack(backend_name).layers[0]
    with writing(lambda number: layer.set_weights(values(number, 2))):
        found = {convdispatch.to_numpy(layer(X)).item() for _ in range(ROUNDS)}
    assert found <= {2.0, 6.0}


def test_many_threads_see_all_new_weights_or_none(backend_name: str) -> None:
    """Sixteen at once, which also repeat beside each other."""
    model = stack(backend_name)
    model.predict(X)
    found: set[float] = set()

    def read() -> None:
        for _ in range(ROUNDS // 8):
            found.add(READERS["call"](model))
            found.add(READERS["predict"](model))

    readers = [threading.Thread(target=read) for _ in range(16)]
    with writing(lambda number: model.set_weights(values(number))):
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    assert found <= set(ANSWERS.values())


def test_gradients_are_those_of_one_set(differentiable: Any) -> None:
    """By the last bias 1, by the last kernel the output of the layer below: 2 or 6."""
    model = stack(differentiable.name)
    found = set()
    with writing(lambda number: model.set_weights(values(number))):
        for _ in range(max(ROUNDS // 100, 3)):
            result = convdispatch.gradients(model, X)
            kernel, _, second, _ = (gradient.item() for gradient in result.weights)
            found.add((result.output.item(), kernel, second))
    assert found <= {(3.0, 1.0, 2.0), (21.0, 3.0, 6.0)}


def test_a_comparison_is_of_one_set(backend_name: str) -> None:
    """The reference and the backend's answer are of the same weights."""
    model = stack(backend_name)
    with writing(lambda number: model.set_weights(values(number))):
        found = {
            convdispatch.compare(model, X, backends=["numpy"])["numpy"].status
            for _ in range(max(ROUNDS // 10, 30))
        }
    assert found == {"ok"}


def test_losses_are_those_of_one_set(backend_name: str) -> None:
    """l2 of all four weights, by 1 or by 9."""
    model = stack(backend_name, kernel_regularizer="l2", bias_regularizer="l2")
    found = set()
    with writing(lambda number: model.set_weights(values(number))):
        for _ in range(ROUNDS):
            losses = [convdispatch.to_numpy(loss).item() for loss in model.losses]
            found.add(tuple(round(loss, 4) for loss in losses))
    assert found <= {(0.01,) * 4, (0.09,) * 4}


def test_constraints_are_applied_all_at_once(backend_name: str) -> None:
    """Readers of weights of 3 that are held below 1 see 3 everywhere, or 1 everywhere."""

    def halved(w: Any) -> Any:
        return w / 3

    model = stack(backend_name, kernel_constraint=halved, bias_constraint=halved)

    def write(number: float) -> None:
        if number == 3:
            model.set_weights(values(3.0))
        else:
            model.apply_constraints()

    with writing(write):
        found = {READERS["call"](model) for _ in range(ROUNDS)}
    assert found <= set(ANSWERS.values())


def elsewhere(work: Callable[[], Any]) -> None:
    """Do it in another thread, and wait for it."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)
    assert not thread.is_alive(), "the other thread waits for this one"


@pytest.mark.parametrize("reader", ["call", "predict", "compiled"])
def test_weights_set_between_two_layers_are_seen_by_both(reader: str) -> None:
    """The first layer was computed with the old ones, and is computed again."""
    waiting = [False]

    def interrupted(outputs: Any) -> Any:
        if waiting[0]:
            waiting[0] = False
            elsewhere(lambda: model.set_weights(values(3.0)))
        return outputs

    model = stack("numpy", activation=interrupted)
    forward = model.compile_forward()
    read = READERS.get(reader, lambda model: forward(X).item())
    assert read(model) == 3
    waiting[0] = True
    assert read(model) == 21


def test_all_items_of_a_prediction_get_the_same_weights() -> None:
    """Weights set between two batches begin the work again."""
    waiting = [True]

    def interrupted(outputs: Any) -> Any:
        if waiting[0] and outputs[0] == 2:  # the second batch
            waiting[0] = False
            elsewhere(lambda: model.set_weights([np.full((1, 1, 1), 5.0)]))
        return outputs

    layer = layers.Conv1D(1, 1, use_bias=False, kernel_initializer="ones", activation=interrupted)
    model = Sequential([layer], backend="numpy")
    x = np.arange(1.0, 5.0).reshape(4, 1, 1)
    assert model.predict(x, batch_size=1).ravel().tolist() == [5, 10, 15, 20]


def test_all_items_of_a_prediction_go_through_the_same_layers() -> None:
    """A layer added between two batches begins the work again."""
    waiting = [True]

    def interrupted(outputs: Any) -> Any:
        if waiting[0] and outputs[0].item() == 2:
            waiting[0] = False
            elsewhere(lambda: model.add(layers.UpSampling1D(2)))
        return outputs

    layer = layers.Conv1D(1, 1, use_bias=False, kernel_initializer="ones", activation=interrupted)
    model = Sequential([layer], backend="numpy")
    x = np.arange(1.0, 4.0).reshape(3, 1, 1)
    assert model.predict(x, batch_size=1).ravel().tolist() == [1, 1, 2, 2, 3, 3]


def test_a_model_can_grow_while_others_predict() -> None:
    """They get the model before or after each layer."""
    model = Sequential(
        [layers.Conv1D(1, 1, kernel_initializer="ones", input_shape=(1, 1))], backend="numpy"
    )

    def change(number: float) -> None:
        if number == 3:
            model.add(layers.Conv1D(1, 1, use_bias=False, kernel_initializer="ones"))
            model.add(layers.UpSampling1D(2))
        else:
            model.pop()
            model.pop()

    with writing(change):
        found = {tuple(model.predict(X, verbose=0).ravel()) for _ in range(ROUNDS)}
        found |= {tuple(model(X).ravel()) for _ in range(ROUNDS)}
    assert found <= {(1.0,), (1.0, 1.0)}


def failing_backend(monkeypatch: pytest.MonkeyPatch, backend_name: str, at: int) -> None:
    """Let the backend's `assign` raise at that of its calls."""
    backend: Any = registry.load(backend_name)
    assign = type(backend).assign
    calls = [0]

    def failing(self: Any, variable: Any, value: Any) -> Any:
        calls[0] += 1
        if calls[0] == at:
            raise MemoryError("no room")
        return assign(self, variable, value)

    monkeypatch.setattr(type(backend), "assign", failing)


@pytest.mark.parametrize("at", [1, 2, 4])
def test_a_write_that_fails_half_way_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, backend_name: str, at: int
) -> None:
    """All weights are what they were, and the next write works."""
    model = stack(backend_name)
    with monkeypatch.context() as context:
        failing_backend(context, backend_name, at)
        with pytest.raises(MemoryError, match="no room"):
            model.set_weights(values(3.0))
    assert READERS["call"](model) == 3
    model.set_weights(values(3.0))
    assert READERS["call"](model) == 21


def test_a_write_keeps_the_tensors(backend_name: str) -> None:
    """Optimizers and tapes hold them: where a framework can, values change in place."""
    if backend_name == "jax":
        pytest.skip("JAX's arrays are immutable")
    model = stack(backend_name)
    before = model.variables
    model.set_weights(values(3.0))
    assert all(one is other for one, other in zip(before, model.variables, strict=True))


def test_a_user_s_function_may_set_weights_while_the_layer_computes() -> None:
    """In the same thread a change is seen from the next call on at the latest, without waiting."""

    def setting(outputs: Any) -> Any:
        model.set_weights(values(3.0))
        return outputs

    model = stack("numpy", activation=setting)
    assert READERS["call"](model) == 21


@pytest.mark.parametrize("reader", READERS)
def test_a_failed_set_is_no_change(reader: str) -> None:
    """Weights that do not fit change nothing and make no thread wait."""
    model = stack("numpy")
    with pytest.raises(InvalidArgument, match="must be 4 arrays"):
        model.set_weights(values(3.0)[:3])
    assert READERS[reader](model) == 3
