"""A model keeps a bounded number of programs for sizes, and frees those that it drops."""

from __future__ import annotations

import gc
import os
import subprocess
import textwrap
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import layers
from convdispatch.engine import plans
from convdispatch.models import Sequential, _compiled_forward

KEPT = 4
SIZES = range(5, 5 + 4 * KEPT)


def a_model(backend: str) -> Any:
    """Return a model for sequences of any length."""
    return Sequential([layers.Conv1D(2, 3, input_shape=(None, 1))], backend=backend)


WAYS: dict[str, Callable[[Any], Callable[[Any], object]]] = {
    "called": lambda model: model,
    "predict": lambda model: lambda x: model.predict(x, verbose=0),
    "predict in batches": lambda model: lambda x: model.predict(x, batch_size=1, verbose=0),
    "compiled": lambda model: model.compile_forward(),
    "gradients": lambda model: lambda x: convdispatch.gradients(model, x),
}


@pytest.mark.parametrize("way", WAYS)
def test_jax_keeps_no_more_programs_than_plans(
    way: str, monkeypatch: pytest.MonkeyPatch, all_backends: tuple[str, ...]
) -> None:
    """XLA's executables are counted, after four times as many sizes as are kept."""
    if "jax" not in all_backends:
        pytest.skip("the backend 'jax' is not under test here")
    jax = pytest.importorskip("jax")
    from convdispatch_jax import _inference

    monkeypatch.setattr(plans, "MAX_PLANS", KEPT)
    monkeypatch.setattr(_compiled_forward, "MAX_PLANS", KEPT)
    monkeypatch.setattr(_inference, "KEPT", KEPT)
    compute = WAYS[way](a_model("jax"))
    compute(np.ones((2, 4, 1), "float32"))
    before = programs(jax)
    for size in SIZES:
        compute(np.ones((2, size, 1), "float32"))
    assert programs(jax) <= before + KEPT


def programs(jax: Any) -> int:
    """Return how many programs of XLA are alive."""
    gc.collect()
    return len(jax.devices()[0].client.live_executables())


def test_tensorflow_forgets_traces(
    monkeypatch: pytest.MonkeyPatch, all_backends: tuple[str, ...]
) -> None:
    """The graph of a size that was dropped is gone."""
    if "tensorflow" not in all_backends:
        pytest.skip("the backend 'tensorflow' is not under test here")
    from convdispatch_tensorflow import _inference

    monkeypatch.setattr(_inference, "KEPT", KEPT)
    graphs: list[weakref.ref[Any]] = []
    traced = _inference.Inference._traced

    def noted(self: Any, key: Any) -> Any:
        trace = traced(self, key)
        graphs.append(weakref.ref(trace.graph))
        return trace

    monkeypatch.setattr(_inference.Inference, "_traced", noted)
    compiled = a_model("tensorflow").compile_forward()
    for size in SIZES:
        compiled(np.ones((2, size, 1), "float32"))
    gc.collect()
    assert len(graphs) == len(SIZES)
    assert sum(graph() is not None for graph in graphs) == KEPT


def test_a_compiled_model_serves_sizes_that_were_dropped(
    backend_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are compiled again, with the weights of the time."""
    monkeypatch.setattr(_compiled_forward, "MAX_PLANS", 1)
    monkeypatch.setattr(plans, "MAX_PLANS", 1)
    model = a_model(backend_name)
    compiled = model.compile_forward()
    model.set_weights([np.ones((3, 1, 2)), np.zeros(2)])
    for size in (4, 5, 4):
        found = convdispatch.to_numpy(compiled(np.ones((1, size, 1), "float32")))
        assert found.tolist() == [[[3.0, 3.0]] * (size - 2)]


def test_an_array_may_change_once_it_was_given(backend_name: str) -> None:
    """A backend that computes later has a copy by then."""
    model = Sequential(
        [layers.Conv2D(16, 3, kernel_initializer="ones", use_bias=False)] * 1,
        backend=backend_name,
    )
    model.build((None, 64, 64, 16))
    compiled = model.compile_forward()
    for _ in range(10):
        x = np.ones((4, 64, 64, 16), "float32")
        output = compiled(x)
        x[:] = 7
        assert np.unique(convdispatch.to_numpy(output)).tolist() == [144.0]


MEMORY = """
    import sys
    import numpy as np
    from convdispatch import layers
    from convdispatch.models import Sequential

    def mebibytes():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096 / 2**20

    backend, number = sys.argv[1], int(sys.argv[2])
    model = Sequential([layers.Conv2D(4, 3, input_shape=(None, None, 1))], backend=backend)
    found = []
    for index in range(number):
        model.predict(np.ones((1, 8 + index % 20, 8 + index // 20, 1), "float32"), verbose=0)
        found.append(mebibytes())
    half = number // 2
    print(found[half] - found[0], found[-1] - found[half])
"""


@pytest.mark.skipif(
    "CONVDISPATCH_TEST_MEMORY" not in os.environ,
    reason="compiles for a minute; CONVDISPATCH_TEST_MEMORY=320 predicts for so many sizes",
)
def test_memory_stops_growing_with_the_sizes(
    backend_name: str, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """The process grows by less than a tenth of a mebibyte a size once 128 are known."""
    number = os.environ["CONVDISPATCH_TEST_MEMORY"]
    finished = run_python("-c", textwrap.dedent(MEMORY), backend_name, number)
    assert finished.returncode == 0, finished.stderr
    _, later = map(float, finished.stdout.split())
    assert later < 0.1 * int(number) / 2
