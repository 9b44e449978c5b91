"""Tuning: the fastest right candidate wins, and nothing happens unless it is asked for."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tunable
from tunable import Offering, Register, X, layer, only, takes, who_computes

import convdispatch
from convdispatch import layers
from convdispatch.errors import InvalidArgument, InvalidType, UnsupportedOp
from convdispatch.hookspecs import hookimpl
from convdispatch.registry import registry
from convdispatch.runtime.tuning import _measuring


def test_the_fastest_computes_at_once(ways: Any) -> None:
    """A model that was tuned computes by the fastest candidate, and gives the same answer."""
    stated = ways(own=takes(3), slow=takes(5), fast=takes(1), middle=takes(2))
    model = layer()
    before = model(X)
    tuned = convdispatch.autotune(model, X)
    assert only(tuned).name == "fast"
    assert only(tuned).medians == pytest.approx(
        {"own": 3e-3, "slow": 5e-3, "fast": 1e-3, "middle": 2e-3}
    )
    assert tuned.gain == pytest.approx(3)
    assert who_computes(model, stated) == {"fast"}
    (plan,) = model.plans()
    assert plan.computed_by == ("fast",)
    assert str(plan).endswith("conv2d by fast")
    assert who_computes(model, stated, X[:1]) == {"fast"}  # any batch size
    assert np.array_equal(model(X), before)


def test_what_was_compiled_before_computes_by_the_fastest_too(ways: Any) -> None:
    """A compiled forward pass and `predict` do not keep the plans that were replaced."""
    stated = ways(own=takes(3), fast=takes(1))
    model = convdispatch.Sequential([layer(input_shape=X.shape[1:])], backend=tunable.NAME)
    forward = model.compile_forward()
    assert who_computes(forward, stated) == who_computes(model.predict, stated) == {"own"}
    convdispatch.autotune(model, X)
    assert who_computes(forward, stated) == who_computes(model.predict, stated) == {"fast"}


def test_only_the_plan_of_that_shape_is_tuned(ways: Any) -> None:
    """Inputs of another shape, and other layers, are computed as before."""
    stated = ways(own=takes(3), fast=takes(1))
    model, other = layer(), layer()
    convdispatch.autotune(model, X)
    assert who_computes(model, stated, X[:, :4]) == {"own"}
    assert who_computes(other, stated) == {"own"}


@pytest.mark.parametrize(
    ("other", "chosen"),
    [
        pytest.param((9.6,), "own", id="4 percent faster"),
        pytest.param((9.4,), "other", id="6 percent faster"),
        pytest.param((8.0, 8.0, 11.0), "own", id="20 percent faster in two rounds of three"),
        pytest.param((20.0,), "own", id="slower"),
        pytest.param((60.0,), "own", id="hopeless"),
    ],
)
def test_the_usual_one_stays_unless_another_is_faster_beyond_the_noise(
    ways: Any, other: tuple[float, ...], chosen: str
) -> None:
    """By more than 5 percent, in three rounds of four."""
    ways(own=takes(10), other=takes(*other))
    assert only(convdispatch.autotune(layer(), X)).name == chosen


def test_all_layers_of_a_model_are_tuned(ways: Any) -> None:
    """Each op of each layer is in the table; one that occurs again is measured once."""
    stated = ways(own=takes(3), fast=takes(1))
    options = {"padding": "same", "use_bias": False}
    model = convdispatch.Sequential(
        [
            layers.Conv2D(3, 3, name="first", **options),
            layers.Conv2D(3, 3, name="again", **options),
            layers.SeparableConv2D(2, 3, name="two ops"),
        ],
        backend=tunable.NAME,
    )
    tuned = convdispatch.autotune(model, X)
    assert [op.layer for op in tuned.ops] == ["first", "again", "two ops", "two ops"]
    assert tuned.ops[0].winner is tuned.ops[1].winner
    assert who_computes(model, stated) == {"fast"}
    lines = str(tuned).splitlines()
    assert lines[0].split() == ["layer", "op", "candidate", "median", "chosen", "gain"]
    assert re.split(r"  +", lines[1]) == [
        "first", "conv2d float32 input=(5, 5, 3)", "fast", "1 ms", "*", "3.00",
    ]  # fmt: skip
    assert lines[2].split() == ["own", "3", "ms"]
    assert lines[-1] == "All measured ops together: 3.00 times as fast (batch 2)."


# Refusing.


def only_for_one_item(answer: Any) -> Any:
    """Spoil all but the first two items."""
    answer = answer.copy()
    answer[2:] = 0
    return answer


WRONG = {
    "one percent off": lambda answer: answer * np.float32(1.01),
    "one cell": lambda answer: np.where(
        np.arange(answer.size).reshape(answer.shape) == 3, 0, answer
    ),
    "not a number": lambda answer: answer * np.float32("nan"),
    "element type": lambda answer: answer.astype("float64"),
    "shape": lambda answer: answer[:, :-1],
    "right for this batch alone": only_for_one_item,
}


@pytest.mark.parametrize("spoil", WRONG)
def test_a_wrong_candidate_is_refused_and_said(ways: Any, spoil: str) -> None:
    """However fast it is; the next fastest wins."""
    ways(own=takes(3), wrong=takes(0.1, spoil=WRONG[spoil]), fast=takes(1))
    tuned = convdispatch.autotune(layer(), X)
    assert only(tuned).name == "fast"
    assert set(only(tuned).left_out) == {"wrong"}
    assert re.search(r"left out for \S+: 'wrong' (differs|gives) ", str(tuned))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_candidate_that_rounds_otherwise_is_none_the_worse(ways: Any, dtype: str) -> None:
    """A relative difference of two units in the last place is rounding."""
    near = 1 + 2 * np.finfo(dtype).eps
    ways(own=takes(3), near=takes(1, spoil=lambda answer: (answer * near).astype(dtype)))
    tuned = convdispatch.autotune(layer(dtype=dtype), X.astype(dtype))
    assert (only(tuned).name, only(tuned).left_out) == ("near", {})


def test_a_candidate_that_raises_is_left_out_and_said(ways: Any) -> None:
    """The others take part."""

    def fail(answer: Any) -> Any:
        raise RuntimeError("no such instruction")

    ways(own=takes(3), broken=takes(1, spoil=fail), fast=takes(2))
    tuned = convdispatch.autotune(layer(), X)
    assert only(tuned).name == "fast"
    assert only(tuned).left_out == {"broken": "raised RuntimeError: no such instruction"}


def test_a_backend_whose_candidates_raise_computes_by_its_own(
    ways: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the result says so."""

    def fail(op: Any, signature: Any) -> Any:
        raise ValueError("bad shape")

    stated = ways(own=takes(3))
    monkeypatch.setattr(tunable.backend, "candidates", fail)
    model = layer()
    tuned = convdispatch.autotune(model, X)
    assert only(tuned).left_out == {"the backend's candidates": "raised ValueError: bad shape"}
    assert who_computes(model, stated) == {"own"}


# Plugins.


@pytest.mark.parametrize(
    ("own", "chosen"), [pytest.param(1, "own", id="slower"), pytest.param(9, "good", id="faster")]
)
def test_every_plugins_offer_takes_part(
    ways: Any, register: Register, own: float, chosen: str
) -> None:
    """Untuned the last registered plugin wins; tuned the fastest right one does."""
    stated = ways(own=takes(own))
    offers = {"good": takes(3), "wrong": takes(2, spoil=lambda a: a + 1), "last": takes(5)}
    for name, way in offers.items():
        register(Offering(way), name=name)
    model, everybody = layer(), {**stated, **offers}
    assert who_computes(model, everybody) == {"last"}
    winner = only(convdispatch.autotune(model, X))
    assert (winner.name, winner.usual) == (chosen, "last")
    assert set(winner.medians) == {"own", "good", "last"}
    assert set(winner.left_out) == {"wrong"}
    assert who_computes(model, everybody) == {chosen}


def test_a_plugin_that_raises_is_left_out(ways: Any, register: Register) -> None:
    """It is said by the plugin's name."""

    class Failing(Offering):
        @hookimpl
        def convdispatch_lower(self, backend: Any, op: Any, signature: Any) -> Any:
            raise LookupError("no table")

    ways(own=takes(3), fast=takes(1))
    register(Failing(takes(1)), name="failing")
    tuned = convdispatch.autotune(layer(), X)
    assert only(tuned).name == "fast"
    assert only(tuned).left_out == {"failing": "raised LookupError: no table"}


def test_a_plugin_can_compute_what_the_backend_does_not(
    ways: Any, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its offer the declared reason is raised, tuned or not."""
    monkeypatch.setattr(tunable.Plugin, "unsupported", {"conv2d": "not here"})
    monkeypatch.setenv("CONVDISPATCH_AUTOTUNE", "1")
    stated = ways(own=takes(1))
    with pytest.raises(UnsupportedOp, match="not here"):
        layer()(X)
    offer = takes(3)
    register(Offering(offer), name="offer")
    assert who_computes(layer(), {**stated, "offer": offer}) == {"offer"}


# Traces.


class Counting:
    """A plugin that offers the backend's own way once more, and so something to measure."""

    @hookimpl
    def convdispatch_lower(self, backend: Any, op: Any, signature: Any) -> Any:
        """Offer it."""
        return backend.lower(op, signature)


TRACING = pytest.mark.parametrize("name", ["tensorflow", "jax"])


@TRACING
def test_a_traced_call_never_measures(
    name: str,
    all_backends: tuple[str, ...],
    register: Register,
    cache_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It computes as the cache says, or as without tuning; an eager call measures."""
    if name not in all_backends:
        pytest.skip(f"{name} is not under test")
    monkeypatch.setenv("CONVDISPATCH_AUTOTUNE", "1")
    backend = registry.load(name)
    register(Counting(), name="counting")
    compiled = backend.compile(layers.Conv2D(2, 3, backend=name))
    compiled(backend.asarray(X, "float32"))
    assert not cache_file.exists()
    layers.Conv2D(2, 3, backend=name)(X)
    assert cache_file.exists()


@TRACING
def test_autotune_in_a_trace_is_an_error(
    name: str, all_backends: tuple[str, ...], cache_file: Path
) -> None:
    """It says what to do instead."""
    if name not in all_backends:
        pytest.skip(f"{name} is not under test")
    backend = registry.load(name)
    model = layers.Conv2D(2, 3, backend=name)
    model(X)

    def tune(x: Any) -> Any:
        convdispatch.autotune(model, x)
        return model(x)

    with pytest.raises(InvalidArgument, match=r"while the framework traces .* Call it once before"):
        backend.compile(tune)(backend.asarray(X, "float32"))


def test_every_backend_can_be_tuned(
    backend: Any, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On its own tensors, with two candidates at least."""
    monkeypatch.setattr(_measuring, "clock", time.perf_counter)
    register(Counting(), name="counting")
    model = layers.Conv2DTranspose(2, 3, groups=1, backend=backend.name)
    before = convdispatch.to_numpy(model(X))
    winner = only(convdispatch.autotune(model, X))
    assert {"counting"} < set(winner.medians)
    assert winner.left_out == {}
    after = convdispatch.to_numpy(model(X))
    assert np.allclose(before, after, atol=1e-5)


@pytest.mark.parametrize("model", [None, "model", np.zeros(3)], ids=["None", "text", "array"])
def test_what_is_no_model_is_refused(model: Any) -> None:
    """A type error names the type."""
    with pytest.raises(InvalidType, match=f"`model` must be .* received {type(model).__name__}"):
        convdispatch.autotune(model, X)
