"""First calls of several threads: one of them builds, the others wait, and the weights stay."""

from __future__ import annotations

import copy
import itertools
import os
import pickle
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Sequential, layers
from convdispatch.engine.whole import held
from convdispatch.errors import InvalidShape
from convdispatch.layers import Layer

X = np.ones((1, 1, 1), "float32")
# Models that two threads call first. More: CONVDISPATCH_TEST_ROUNDS=10000.
ROUNDS = int(os.environ.get("CONVDISPATCH_TEST_ROUNDS", "200"))


class Slow:
    """An initializer that takes its time and draws another number at each call."""

    def __init__(self, seconds: float = 0.02) -> None:
        self._seconds = seconds
        self._numbers = itertools.count(1)
        self.calls = 0

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Return the next number, everywhere."""
        number = next(self._numbers)
        self.calls = max(self.calls, number)
        time.sleep(self._seconds)
        return np.full(shape, float(number))

    def __deepcopy__(self, memo: Any) -> Slow:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _Constant, ()


class _Constant:
    """Draws the weights of unpickled layers, which must not be drawn, so it raises."""

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        raise AssertionError("a copy was built anew")


def stack(slow: Any, backend: str, **options: Any) -> Sequential:
    """Make a model whose second layer is slow to build."""
    return Sequential(
        [
            layers.Conv1D(1, 1, use_bias=False, kernel_initializer="ones", **options),
            layers.Conv1D(1, 1, use_bias=False, kernel_initializer=slow),
        ],
        backend=backend,
    )


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Do all of it, each in a thread of its own, and return what came out."""
    barrier = threading.Barrier(len(works))
    found: list[Any] = [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            found[place] = work()
        except Exception as exc:  # noqa: BLE001 - asserted on by the test
            found[place] = exc

    threads = [threading.Thread(target=run, args=item) for item in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return found


def test_a_second_thread_waits_for_the_weights_of_the_first(backend_name: str) -> None:
    """Half way through the first one's build, it draws none of its own."""
    model = stack(Slow(0.3), backend_name)
    found: list[float] = []
    threads = [
        threading.Thread(target=lambda: found.append(model.predict(X, verbose=0).item()))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
        time.sleep(0.15)
    for thread in threads:
        thread.join()
    assert [*found, model.predict(X, verbose=0).item()] == [1.0, 1.0, 1.0]


def value(tensor: Any) -> float:
    """Return the one number of a tensor."""
    number: float = convdispatch.to_numpy(tensor).item()
    return number


def number_of(model: Any) -> float:
    """Return the weight of the slow layer."""
    number: float = model.get_weights()[-1].item()
    return number


# Whatever may be the first thing that is done with a model or a layer; they return what it
# computes for ones, or the last weight.
OF_BOTH: dict[str, Callable[[Any], Any]] = {
    "call": lambda one: value(one(X)),
    "compare": lambda one: convdispatch.compare(one, X, backends=["numpy"])["numpy"].status == "ok",
    "gradients": lambda one: convdispatch.gradients(one, X).output.item(),
    "autotune": lambda one: bool(convdispatch.autotune(one, X)),
    "build": lambda one: one.build((None, 1, 1)) or number_of(one),
}
STATED: dict[str, Callable[[Any], Any]] = {
    "get_weights": number_of,
    "count_params": lambda one: one.count_params() > 0,
    "set_weights": lambda one: one.set_weights(one.get_weights()) or number_of(one),
}
OF_MODELS: dict[str, Callable[[Any], Any]] = {
    "predict": lambda model: model.predict(X, verbose=0).item(),
    "compile_forward": lambda model: value(model.compile_forward()(X)),
    "apply": lambda model: value(model.apply(model.compile_forward() and model.variables, X)),
    "output_shape": lambda model: model.output_shape == (None, 1, 1),
    "summary": lambda model: model.summary(print_fn=lambda line: None) or number_of(model),
    "to": lambda model: number_of(model.to("numpy")),
}
STARTS = [*OF_BOTH, *STATED, *OF_MODELS]


@pytest.mark.parametrize("first", STARTS)
def test_whatever_comes_first_the_model_gets_one_set_of_weights(
    first: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """A thread that begins so, beside threads that call, predict and build."""
    monkeypatch.setenv("CONVDISPATCH_CACHE_HOME", str(tmp_path))
    if first == "gradients":
        pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    slow = Slow()
    model = stack(slow, "numpy", input_shape=(1, 1))
    model._layers[-1]._forget()  # the constructor has built it: the shape is known, no weights are
    slow.calls, slow._numbers = 0, itertools.count(1)
    begin = (OF_BOTH | STATED | OF_MODELS)[first]
    others = [OF_MODELS["predict"], OF_BOTH["call"], OF_BOTH["build"], begin]
    found = at_once(*(lambda work=work: work(model) for work in [begin, *others]))
    assert found == [found[0], 1.0, 1.0, 1.0, found[0]]
    assert found[0] in (1.0, True)
    assert (slow.calls, number_of(model)) == (1, 1.0)


@pytest.mark.parametrize("first", OF_BOTH)
def test_whatever_comes_first_a_layer_gets_one_set_of_weights(
    first: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """A layer of its own."""
    monkeypatch.setenv("CONVDISPATCH_CACHE_HOME", str(tmp_path))
    if first == "gradients":
        pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    slow = Slow()
    layer = layers.Conv1D(1, 1, use_bias=False, kernel_initializer=slow, backend="numpy")
    works = [OF_BOTH[first], OF_BOTH["call"], OF_BOTH["build"], OF_BOTH[first]]
    found = at_once(*(lambda work=work: work(layer) for work in works))
    assert found == [found[0], 1.0, 1.0, found[0]]
    assert (slow.calls, number_of(layer)) == (1, 1.0)


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda one: pickle.loads(pickle.dumps(one)),
    "to": lambda one: one.to("numpy"),
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_copy_made_during_the_build_waits_for_it(copied: Callable[[Any], Any]) -> None:
    """It has the weights that the layer gets."""
    slow = Slow(0.2)
    layer = layers.Conv1D(1, 1, use_bias=False, kernel_initializer=slow, backend="numpy")
    builder = threading.Thread(target=lambda: layer(X))
    builder.start()
    while not slow.calls:
        time.sleep(0.001)
    twin = copied(layer)
    builder.join()
    assert number_of(twin) == 1


def test_many_models_built_by_two_threads(backend_name: str) -> None:
    """Each gets one set of weights, whichever thread comes first."""
    for _ in range(ROUNDS // (1 if backend_name == "numpy" else 20)):
        slow = Slow(0)
        layer = layers.Conv1D(1, 1, use_bias=False, kernel_initializer=slow, backend=backend_name)
        found = at_once(*[lambda layer=layer: value(layer(X))] * 2)
        assert (found, slow.calls) == ([1.0, 1.0], 1)


@pytest.mark.parametrize("first", [OF_BOTH["call"], OF_MODELS["predict"], OF_BOTH["build"]])
def test_a_build_that_fails_leaves_nothing_half_built(first: Callable[[Any], Any]) -> None:
    """No layer of the model has weights, and a later call works, also with other channels."""
    fails = [True]

    def failing(shape: Any, dtype: Any = None) -> Any:
        if fails[0]:
            raise RuntimeError("not yet")
        return np.ones(shape)

    start = np.full((1, 1, 1), 5.0)
    model = Sequential(
        [
            layers.Conv1D(1, 1, use_bias=False, weights=[start]),
            layers.Conv1D(1, 1, use_bias=False, kernel_initializer=failing),
        ],
        backend="numpy",
    )
    with pytest.raises(RuntimeError, match="not yet"):
        first(model)
    assert not any(layer.built for layer in model)
    assert not any(layer.variables for layer in model)
    model.layers[0].build((None, 1, 1))
    with pytest.raises(RuntimeError, match="not yet"):
        model.build((None, 2, 1))
    assert model.layers[0].input_shape == (None, 1, 1)
    fails[0] = False
    assert model.predict(X, verbose=0).item() == 5


def test_a_build_and_a_write_do_not_wait_for_each_other() -> None:
    """Both take the locks of all their layers in one order: the one that is built here is last."""
    first, last = sorted([layers.UpSampling1D(2), layers.UpSampling1D(2)], key=id)
    first.build((None, 4, 1))
    building = threading.Event()
    threads: list[threading.Thread] = []

    def take_both() -> None:
        building.wait(20)
        with held([first, last]):
            pass

    def pausing(shape: Any) -> Any:
        building.set()
        time.sleep(0.1)  # the other thread takes what it can
        return make(shape)

    make = last.build
    last.build = pausing  # type: ignore[method-assign] # of this layer alone
    model = Sequential([last, first])
    for work in (take_both, lambda: model.build((None, 2, 1))):
        threads.append(threading.Thread(target=work, daemon=True))
        threads[-1].start()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    assert first.input_shape == (None, 4, 1)


@pytest.mark.parametrize("shape", [(None, 4, 3), (2, 7, 3), (None, None, 3)])
def test_a_second_build_keeps_the_weights(shape: Any, backend_name: str) -> None:
    """It states another shape, and draws nothing."""
    layer = layers.Conv1D(1, 1, kernel_initializer="ones", backend=backend_name)
    layer.build((None, 4, 3))
    layer.set_weights([np.full((3, 1), 7.0).reshape(1, 3, 1), np.ones(1)])
    before = layer.variables
    layer.build(shape)
    assert (layer.input_shape, layer.get_weights()[0].ravel().tolist()) == (shape, [7.0] * 3)
    assert all(one is other for one, other in zip(before, layer.variables, strict=True))


def test_a_second_build_of_a_model_keeps_the_weights() -> None:
    """Its shapes follow."""
    model = stack("ones", "numpy", input_shape=(4, 1))
    model.set_weights([np.full((1, 1, 1), 3.0), np.full((1, 1, 1), 5.0)])
    model.build((None, 9, 1))
    assert model.output_shape == (None, 9, 1)
    assert [array.item() for array in model.get_weights()] == [3, 5]


@pytest.mark.parametrize(
    "what",
    [layers.Conv1D(1, 1, backend="numpy"), Sequential([layers.Conv1D(1, 1)], backend="numpy")],
)
def test_a_second_build_for_other_channels_is_refused(what: Layer | Sequential) -> None:
    """The weights are for those of the first."""
    what.build((None, 4, 3))
    with pytest.raises(InvalidShape, match=r"was built for 3 channels .* \(None, 4, 2\)"):
        what.build((None, 4, 2))
    assert what.input_shape == (None, 4, 3)
