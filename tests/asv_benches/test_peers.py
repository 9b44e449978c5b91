"""`python -m asv_benches.peers`: that the same is compared, in turn, and what is said of it."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from peers_parts import ROOT, part

from convdispatch.registry import registry

Capture = pytest.CaptureFixture[str]
WITH_RAW = pytest.mark.parametrize("framework", ["torch", "tensorflow", "jax"])


def need(framework: str, all_backends: tuple[str, ...]) -> Any:
    """Return the backend, or skip the test."""
    if framework not in all_backends:
        pytest.skip(f"{framework} is not under test")
    return registry.load(framework)


# The same is computed.


@WITH_RAW
def test_the_raw_call_computes_what_ours_does(
    framework: str, all_backends: tuple[str, ...]
) -> None:
    """For every kind of shape: 3x3, 1x1, strided, with pads on one side only, in groups."""
    backend = need(framework, all_backends)
    contestants = part("contestants")
    for size, kernel, strides, padding, *groups in [
        (8, 3, 1, "valid"),
        (8, 1, 1, "valid"),
        (9, 7, 2, "valid"),
        (8, 3, 2, "same"),
        (8, 3, 1, "same"),
        (7, 1, 2, "same"),
        (8, 3, 1, "same", 2),
        (8, 3, 2, "same", 4),
    ]:
        shape = contestants.Shape(2, size, 4, 8, kernel, strides, padding, *groups)
        x = backend.asarray(shape.image(), "float32")
        layer = contestants.ours(framework, shape, x)
        expected = backend.to_numpy(layer(x))
        got = np.asarray(backend.to_numpy(contestants.raw(framework, shape, layer, x)()))
        if framework == "torch":
            got = got.transpose(0, 2, 3, 1)
        np.testing.assert_allclose(got, expected, atol=1e-4, err_msg=str(shape))


@WITH_RAW
def test_the_small_networks_compute_the_same(framework: str, all_backends: tuple[str, ...]) -> None:
    """Ours and that written by hand, of the same weights."""
    backend = need(framework, all_backends)
    cnn = part("cnn")
    x = backend.asarray(cnn.images(2), "float32")
    ours = backend.to_numpy(cnn.ours(framework).compile_forward()(x))
    by_hand = backend.to_numpy(cnn.by_hand(framework)(x))
    assert ours.shape == (2, 10)
    np.testing.assert_allclose(ours, by_hand, rtol=1e-4, atol=1e-4)


@WITH_RAW
def test_the_steps_of_training_are_the_same(framework: str, all_backends: tuple[str, ...]) -> None:
    """Ours and that written by hand have the same losses, one after the other."""
    need(framework, all_backends)
    steps = part("steps")
    for name, optimizer in (("tiny", "sgd"), ("tiny", "adam"), ("cnn", "sgd")):
        network = steps.Network(name)
        network.x, network.classes = network.x[:4], network.classes[:4]
        ours, by_hand = (
            make(network, framework, optimizer) for make in (steps.ours, steps.by_hand)
        )
        found = [(ours(), by_hand()) for _ in range(3)]
        np.testing.assert_allclose(*zip(*found, strict=True), rtol=1e-3, err_msg=name)
        assert found[0] != found[2]


@pytest.mark.parametrize("size", [8, 9])
def test_the_gradients_beside_torch_are_the_same(size: int, all_backends: tuple[str, ...]) -> None:
    """For input and kernel, also where the pads of the two sides differ."""
    need("torch", all_backends)
    pytest.importorskip("autograd")
    contestants, remote = part("contestants"), part("remote")
    with pytest.MonkeyPatch.context() as patch:
        kernel = np.random.default_rng(0).standard_normal((3, 3, 4, 8), np.float32)
        made = contestants.ours

        def same_kernel(*arguments: Any) -> Any:
            layer = made(*arguments)
            layer.set_weights([kernel])
            return layer

        patch.setattr(contestants, "ours", same_kernel)
        shape = contestants.Shape(2, size, 4, 8, 3, 2, "same")
        _, (of_x, of_kernel) = remote._CALLS["numpy, gradients"](shape)()
        torch_x, torch_kernel = remote._CALLS["torch, gradients"](shape)()
    np.testing.assert_allclose(torch_x.numpy(), of_x, atol=1e-2)
    np.testing.assert_allclose(torch_kernel.permute(2, 3, 1, 0).numpy(), of_kernel, atol=1e-2)


KERAS = """
    import sys
    import numpy as np
    from asv_benches.peers import cnn

    x = cnn.images(2)
    ours = np.asarray(cnn.ours("jax").compile_forward()(x))
    np.testing.assert_allclose(cnn.keras_model().predict_on_batch(x), ours, rtol=1e-4, atol=1e-4)
"""


def test_keras_computes_the_same_network(all_backends: tuple[str, ...]) -> None:
    """With the same weights, in the same order."""
    pytest.importorskip("keras", reason="a peer that is not installed")
    need("jax", all_backends)
    environ = {**os.environ, "KERAS_BACKEND": "jax"}
    program = "\n".join(line.removeprefix("    ") for line in KERAS.splitlines())
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environ, check=True, timeout=120)


REMOTES = """
    from asv_benches.peers.contestants import Shape
    from asv_benches.peers.remote import Remote

    for gradients in ("", ", gradients"):
        one = {"OPENBLAS_NUM_THREADS": "1"}
        with Remote(f"numpy{gradients}", **one) as ours, Remote(f"torch{gradients}") as raw:
            for remote in (ours, raw):
                for size in (8, 16):
                    remote.prepare(Shape(1, size, 4, 8, 3, 1, "same"))
                    assert 0 < remote.seconds(3) < 1
"""


def test_contestants_are_timed_in_processes_of_their_own(all_backends: tuple[str, ...]) -> None:
    """Asked one after the other, for one shape after the other; they end."""
    need("torch", all_backends)
    pytest.importorskip("autograd")
    program = "\n".join(line.removeprefix("    ") for line in REMOTES.splitlines())
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=120)


# In turn.


def test_samples_are_taken_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order is reversed from round to round; a sample is as many calls as it needs."""
    timing = part("timing")
    now = [0.0]
    order: list[str] = []
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])

    def call(name: str, seconds: Iterator[float]) -> None:
        order.append(name)
        now[0] += next(seconds)

    calls = {
        "ours": partial(call, "ours", itertools.repeat(0.002)),
        "raw": partial(call, "raw", itertools.repeat(0.001)),
    }
    monkeypatch.setattr(timing, "WARM_UP", 0.006)
    times = timing.interleaved(calls, 2)
    # Twice to begin with, once to learn the time. Then 6 milliseconds and a sample of 4 calls,
    # which are 4 milliseconds of the faster one.
    of_raw, of_ours = ["raw"] * (6 + 4), ["ours"] * (3 + 4)
    assert order[6:] == of_raw + of_ours + of_ours + of_raw
    assert times == {"ours": pytest.approx([0.002] * 2), "raw": pytest.approx([0.001] * 2)}


def test_after_a_pause_calls_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """They wake the threads that slept, and give the system time to spread them."""
    timing = part("timing")
    asked: list[int] = []
    paused: list[float] = []
    monkeypatch.setattr(timing.time, "sleep", paused.append)

    class Elsewhere:
        """Timed in a process of its own."""

        def seconds(self, number: int) -> float:
            asked.append(number)
            return 0.01

    times = timing.interleaved({"ours": Elsewhere()}, 2, pause=0.5)
    assert asked == [2, 1, 3, 1, 3, 1]  # 30 milliseconds are three calls
    assert paused == [0.5, 0.5]
    assert times == {"ours": [0.01, 0.01]}


# What is said.


def said(measure: str, backend: str, rows: Any) -> list[tuple[str, bool]]:
    """Return what is found of made-up times, and whether that is enough."""
    found = part("targets").findings(measure, backend, rows)
    return [(one.found, one.is_met) for one in found]


def times(**seconds: float) -> dict[str, list[float]]:
    """Return three rounds of the same times."""
    return {name: [value] * 3 for name, value in seconds.items()}


FOUND = {
    "overhead": (
        "torch",
        {"tiny": times(ours=13e-6, raw=10e-6, keras=100e-6)},
        [("3.0 us", True), ("90 us: 30 times", True)],
    ),
    "overhead, more": (
        "torch",
        {"tiny": times(ours=15e-6, raw=10e-6, keras=80e-6)},
        [("5.0 us", False), ("70 us: 14 times", False)],
    ),
    "overhead, none": (
        "numpy",
        {"tiny": times(ours=8e-6, raw=10e-6, keras=100e-6)},
        [("-2.0 us", True), ("90 us", True)],
    ),
    "numpy-torch": (
        "numpy",
        {"a": times(ours=1.0, raw=1.0), "b": times(ours=2.25, raw=1.0)},
        [("1.50", False), ("2.25 (b)", False)],
    ),
    "numpy-torch-gradients": (
        "numpy",
        {"a": times(ours=1.0, raw=1.0), "b": times(ours=2.56, raw=1.0)},
        [("1.60", False)],
    ),
    "numpy-torch-advised": (
        "numpy",
        {"a": times(ours=1.0, raw=1.0)},
        [("1.00", True), ("1.00 (a)", True)],
    ),
    "numpy-keras": (
        "numpy",
        {"a valid": times(ours=1.0, keras=4.0), "b same": times(ours=1.0, keras=2.9)},
        [("4.00", True), ("2.90", False)],
    ),
    "numpy-keras-advised": (
        "numpy",
        {"a valid": times(ours=1.0, keras=4.0), "b same": times(ours=1.0, keras=2.9)},
        [("4.00", True), ("2.90", False)],
    ),
    "native": (
        "torch",
        {
            "short": times(ours=9e-4, raw=3e-4),
            "a": times(ours=2e-3, raw=2e-3),
            "b": times(ours=2.2e-3, raw=2e-3),
            "c": times(ours=2e-3, raw=2e-3),
        },
        [("1.000", True), ("1.100 (b)", False)],
    ),
    "native, two tables": (
        "jax",
        {"a valid": times(ours=1.0, raw=2.0), "b same": times(ours=1.0, raw=0.9)},
        [("2.00", True), ("2.00 (a valid)", True), ("0.90", False), ("0.90 (b same)", False)],
    ),
    "gradients": ("jax", {"a": times(ours=1.0, keras=1.9, raw=1.0)}, [("1.90", False)]),
    "cnn": (
        "jax",
        {
            "batch 1": times(ours=1.02, raw=1.0),
            "batch 1, arrays": times(ours=1.0, keras=1.5),
        },
        [("1.020", True), ("1.50", True)],
    ),
    "step": (
        "jax",
        {
            "cnn, sgd": times(ours=1.01, raw=1.0, keras=1.6),
            "tiny, adam": times(ours=1.2, raw=1.0, keras=3.5),
        },
        [("1.010", False), ("1.58", True), ("1.200", True), ("2.92", False)],
    ),
    "step, beside torch": (
        "numpy",
        {"cnn, sgd": times(ours=1.9, raw=1.0), "tiny, adam": times(ours=9.0, raw=1.0)},
        [("1.900", True)],
    ),
    "import": ("numpy", {"import": times(ours=0.141, raw=0.1)}, [("41 ms", False)]),
    "memory": ("numpy", {"large": {"bytes": [2**20, 33 * 2**20]}}, [("33.0 MiB", False)]),
    "growth": (
        "torch",
        {
            "seconds an image": {"1": [1e-3, 1e-3], "256": [1.3e-3, 1.3e-3]},
            "seconds an image, raw": {"1": [1e-3], "256": [2e-3]},
            "seconds a layer": {"1": [1e-3], "10": [1.1e-3]},
        },
        [
            ("1.30 (1: 1000, 256: 1300 us); the raw call 2.00", False),
            ("1.10 (1: 1000, 10: 1100 us)", True),
        ],
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_a_target_is_met_or_missed(name: str) -> None:
    """By made-up times on both sides of it."""
    backend, rows, expected = FOUND[name]
    assert said(name.partition(",")[0], backend, rows) == expected


def test_every_measure_has_its_target() -> None:
    """None is measured in vain, none judged unmeasured."""
    assert part("targets")._FINDINGS.keys() == part("measures").MEASURES.keys()


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    """A round that was disturbed in both changes nothing."""
    lines = part("__main__").report(
        {("gradients", "jax"): {"a": {"ours": [1.0, 50.0, 1.0], "keras": [4.0, 200.0, 6.0]}}}
    )
    assert "4.00 |" in lines[2]
    assert lines[-1].endswith("| >= 2 | 4.00 | met |")
