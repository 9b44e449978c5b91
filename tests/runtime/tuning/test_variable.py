"""CONVDISPATCH_AUTOTUNE: what a whole process measures, remembers and uses."""

from __future__ import annotations

import ast
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tunable
from tunable import Offering, Register, X, layer, only, takes, who_computes

import convdispatch
from convdispatch.errors import ConfigError
from convdispatch.runtime.tuning import _choosing, _environment, cache


@pytest.mark.parametrize("value", [None, "", "0"])
def test_nothing_happens_unasked(
    ways: Any, cache_file: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """Nothing is measured, no candidate is asked for, and a broken file is not even noticed."""
    if value is not None:
        monkeypatch.setenv("CONVDISPATCH_AUTOTUNE", value)
    cache_file.parent.mkdir()
    cache_file.write_text("broken")
    stated = ways(own=takes(3), fast=takes(1))
    assert who_computes(layer(), stated) == {"own"}
    assert (tunable.backend.asked, cache_file.read_text()) == (0, "broken")
    assert [path.name for path in cache_file.parent.iterdir()] == [cache_file.name]


def test_with_1_each_op_is_measured_once_and_remembered(
    ways: Any, cache_file: Path, monkeypatch: pytest.MonkeyPatch, another_process: Any
) -> None:
    """By the first lowering; later layers, and later processes, only look it up."""
    monkeypatch.setenv("CONVDISPATCH_AUTOTUNE", "1")
    stated = ways(own=takes(3), fast=takes(1))
    assert who_computes(layer(), stated) == {"own", "fast"}
    assert cache_file.exists()
    assert who_computes(layer(), stated) == {"fast"}
    another_process()
    assert who_computes(layer(), stated) == {"fast"}
    assert who_computes(layer(), stated, X[:, :4]) == {"own", "fast"}  # a new shape


def test_with_1_an_op_is_measured_for_the_batch_of_its_first_call(
    ways: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fastest candidate for one item need not be the fastest for several."""
    monkeypatch.setenv("CONVDISPATCH_AUTOTUNE", "1")
    ways(own=takes(3), fast=takes(1))
    layer()(X)
    layer().build((7, 8, 8, 3))
    layer().build((None, 9, 9, 3))
    assert measured_batches() == {(5, 5, 3): 2, (8, 8, 3): 7, (9, 9, 3): 1}


@pytest.mark.parametrize(
    ("most", "batch"),
    [
        pytest.param(75 * 2, 2, id="all items"),
        pytest.param(75 * 2 - 1, 1, id="some items"),
        pytest.param(1, 1, id="not even one"),
    ],
)
def test_what_is_measured_unasked_is_bounded(
    ways: Any, monkeypatch: pytest.MonkeyPatch, most: int, batch: int
) -> None:
    """A batch that fills the memory is not made twice over; asked for, it is."""
    monkeypatch.setattr(_choosing, "MOST_UNASKED", most)
    monkeypatch.setenv("CONVDISPATCH_AUTOTUNE", "1")
    ways(own=takes(3), fast=takes(1))
    layer()(X)
    assert measured_batches() == {(5, 5, 3): batch}
    assert convdispatch.autotune(layer(), X).batch == 2
    assert measured_batches() == {(5, 5, 3): 2}


def measured_batches() -> dict[Any, int]:
    """Return the items of each measurement that the cache has, by the shape of one item."""
    (winners,) = cache().entries().values()
    return {
        ast.literal_eval(key.partition("input=")[2].partition(" weights")[0]): winner.batch
        for key, winner in winners.items()
    }


def test_with_use_nothing_is_measured(
    ways: Any, cache_file: Path, monkeypatch: pytest.MonkeyPatch, another_process: Any
) -> None:
    """Earlier measurements are used, and all other ops are computed as without tuning."""
    stated = ways(own=takes(3), fast=takes(1))
    convdispatch.autotune(layer(), X)
    written = cache_file.read_bytes()
    another_process()
    monkeypatch.setenv("CONVDISPATCH_AUTOTUNE", "use")
    assert who_computes(layer(), stated) == {"fast"}
    assert who_computes(layer(), stated, X[:, :4]) == {"own"}
    assert cache_file.read_bytes() == written


@pytest.mark.parametrize("value", ["yes", "2", "USE", " 1"])
def test_an_unknown_value_is_an_error(
    ways: Any, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """It names the variable, the value and what is allowed."""
    monkeypatch.setenv("CONVDISPATCH_AUTOTUNE", value)
    ways(own=takes(1))
    allowed = r"Give '1' .*, 'use' .*, or '0'"
    with pytest.raises(ConfigError, match=f"CONVDISPATCH_AUTOTUNE cannot be '{value}'. {allowed}"):
        layer()(X)


def test_with_1_a_refused_candidate_is_warned_of(ways: Any, monkeypatch: Any) -> None:
    """There is no result that could report it, so a warning does."""
    monkeypatch.setenv("CONVDISPATCH_AUTOTUNE", "1")
    ways(own=takes(3), wrong=takes(1, spoil=lambda answer: answer + 1))
    with pytest.warns(UserWarning, match="left the candidate 'wrong' out: it differs .* conv2d"):
        layer()(X)


def test_autotune_measures_again_what_the_cache_knows(
    ways: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For its own batch size, and its winner replaces the one before."""
    monkeypatch.setenv("CONVDISPATCH_AUTOTUNE", "1")
    ways(own=takes(3), fast=takes(1))
    layer()(X)
    stated = ways(own=takes(1), fast=takes(3))
    assert who_computes(layer(), stated) == {"fast"}
    winner = only(convdispatch.autotune(layer(), X))
    assert (winner.name, winner.batch) == ("own", 2)
    assert who_computes(layer(), stated) == {"own"}


def test_a_winner_that_is_gone_is_measured_anew(ways: Any, monkeypatch: Any) -> None:
    """The backend no longer has a candidate of that name."""
    monkeypatch.setenv("CONVDISPATCH_AUTOTUNE", "1")
    ways(own=takes(3), old=takes(1))
    layer()(X)
    stated = ways(own=takes(3), new=takes(2))
    layer()(X)
    assert who_computes(layer(), stated) == {"new"}


CHANGES = {
    "threads": lambda patch: patch.setenv("OMP_NUM_THREADS", "17"),
    "kernels": lambda patch: patch.setenv("OPENBLAS_CORETYPE", "Barcelona"),
    "compiler": lambda patch: patch.setenv("XLA_FLAGS", "--an_option=1"),
    "processor": lambda patch: patch.setattr(_environment, "_processor", lambda: "Z80"),
    "usable processors": lambda patch: patch.setattr(
        _environment, "_usable_processors", lambda: 999
    ),
    "framework": lambda patch: patch.setattr(np, "__version__", "99.0"),
    "distributions": lambda patch: patch.setattr(_environment, "_version", lambda name: "99.0"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_measured_elsewhere_is_not_believed(
    ways: Any, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Another CPU, another limit of threads or another version: measured anew."""
    monkeypatch.setenv("CONVDISPATCH_AUTOTUNE", "use")
    stated = ways(own=takes(3), fast=takes(1))
    convdispatch.autotune(layer(), X)
    with monkeypatch.context() as patch:
        CHANGES[change](patch)
        assert who_computes(layer(), stated) == {"own"}
    assert who_computes(layer(), stated) == {"fast"}  # the old entry is still there


def test_another_set_of_plugins_is_another_machine(
    ways: Any, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin that may offer a candidate makes what was measured without it void."""
    monkeypatch.setenv("CONVDISPATCH_AUTOTUNE", "1")
    stated = ways(own=takes(3), fast=takes(1))
    layer()(X)
    faster = takes(0.5)
    register(Offering(faster), name="faster")
    layer()(X)
    assert who_computes(layer(), {**stated, "faster": faster}) == {"faster"}


def test_threads_that_lower_the_same_op_measure_once(
    ways: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They all compute by the winner, and no two measurements overlap."""
    measured = []
    honest = _choosing.measure

    def counted(*arguments: Any) -> Any:
        measured.append(threading.get_ident())
        time.sleep(0.1)  # the others come meanwhile
        return honest(*arguments)

    monkeypatch.setattr(_choosing, "measure", counted)
    stated = ways(own=takes(3), fast=takes(1))
    models = [layer(input_shape=X.shape[1:]) for _ in range(8)]
    for model in models:
        model(X)  # untuned: building, which happens one at a time, is over
    monkeypatch.setenv("CONVDISPATCH_AUTOTUNE", "1")
    smaller = X[:, :4]
    threads = [threading.Thread(target=model, args=(smaller,)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(measured) == 1
    for model in models:
        assert who_computes(model, stated, smaller) == {"fast"}
