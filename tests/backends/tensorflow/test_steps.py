"""TensorFlow's compiled steps: one trace for each shape of the inputs, and not ever more traces."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

from convdispatch.registry import registry

Traced = list[Any]  # what was traced, in order


@pytest.fixture
def training(all_backends: tuple[str, ...]) -> Any:
    """Return the module, skipped where TensorFlow is missing."""
    if "tensorflow" not in all_backends:
        pytest.skip("its backend is not installed")
    from convdispatch_tensorflow import _training

    return _training


def _step(traced: Traced) -> Any:
    """Return a compiled step that adds its input's sum to a number, and returns the old one."""
    backend = registry.load("tensorflow")

    def step(variables: Any, inputs: Any) -> Any:
        traced.append(inputs["x"][0].shape)
        total = backend.functions["sum"](inputs["x"][0], None, False)
        return [variables[0] + total * inputs["rate"]], [variables[0], inputs["none"]]

    return backend.compile_step(step)


def _run(step: Any, held: Any, size: int, rate: float = 1.0) -> float:
    backend = registry.load("tensorflow")
    x = backend.asarray(np.ones(size), "float32")
    rate = backend.asarray(np.asarray(rate), "float32")
    _, (old, nothing) = step([held], {"x": [x], "rate": rate, "none": None})
    assert nothing is None
    return float(old)


def test_a_shape_is_traced_once_whatever_the_numbers(training: Any) -> None:
    """Also when another shape came between."""
    traced: Traced = []
    step, held = _step(traced), registry.load("tensorflow").variable(np.zeros(()), "float32")
    calls = ((2, 1.0), (2, 10.0), (3, 1.0), (2, 0.5), (3, 2.0))
    assert [_run(step, held, *call) for call in calls] == [0.0, 2.0, 22.0, 25.0, 26.0]
    assert traced == [(2,), (3,)]
    assert float(held) == 32.0


def test_only_the_latest_traces_are_kept(training: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one makes room."""
    monkeypatch.setattr(training, "TRACES", 2)
    traced: Traced = []
    step, held = _step(traced), registry.load("tensorflow").variable(np.zeros(()), "float32")
    for size in (1, 2, 3, 3, 2, 1):
        _run(step, held, size)
    assert traced == [(1,), (2,), (3,), (1,)]


def test_a_trace_keeps_no_batch(training: Any) -> None:
    """The tensors that it was made for are freed."""
    backend = registry.load("tensorflow")
    step, held = _step([]), backend.variable(np.zeros(()), "float32")
    x = backend.asarray(np.ones(4), "float32")
    rate = backend.asarray(np.ones(()), "float32")
    step([held], {"x": [x], "rate": rate, "none": None})
    freed = weakref.ref(x)
    del x
    gc.collect()
    assert freed() is None


def test_a_step_within_a_trace_is_a_part_of_it(training: Any) -> None:
    """It runs as often as the outer function does."""
    import tensorflow as tf

    traced: Traced = []
    step, held = _step(traced), registry.load("tensorflow").variable(np.zeros(()), "float32")

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def twice(x: Any) -> Any:
        for _ in range(2):
            _, (old, _) = step([held], {"x": [x], "rate": tf.constant(1.0), "none": None})
        return old

    assert [float(twice(tf.ones(2))) for _ in range(2)] == [2.0, 6.0]
    assert traced == [(2,), (2,)]
