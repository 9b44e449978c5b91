"""A number of steps that is none is refused by the argument's own name."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from small_trainings import CODES, X, classifier

from convdispatch.errors import InvalidArgument
from convdispatch.keras2 import layers as layers2
from convdispatch.keras2 import models as models2


def batches() -> Any:
    """Yield a batch again and again."""
    return itertools.repeat((X, CODES))


CALLS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "fit": ("steps_per_epoch", lambda m: m.fit(X, CODES, steps_per_epoch=0)),
    "fit of a generator": ("steps_per_epoch", lambda m: m.fit(batches(), steps_per_epoch=0)),
    "fit_generator": ("steps_per_epoch", lambda m: m.fit_generator(batches(), 0)),
    "split": (
        "validation_steps", lambda m: m.fit(X, CODES, validation_split=0.5, validation_steps=0)),
    "validation": (
        "validation_steps",
        lambda m: m.fit(X, CODES, validation_data=(X, CODES), validation_steps=0)),
    "validation of a generator": (
        "validation_steps",
        lambda m: m.fit_generator(batches(), 1, validation_data=batches(), validation_steps=0)),
    "evaluate": ("steps", lambda m: m.evaluate(X, CODES, steps=0)),
}  # fmt: skip


@pytest.mark.parametrize("door", ["keras2", "keras3"])
@pytest.mark.parametrize("case", CALLS)
def test_no_steps_are_refused(case: str, door: str) -> None:
    """Before the first step."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    argument, call = CALLS[case]
    with pytest.raises(InvalidArgument, match=f"^`{argument}` must be at least 1; received 0"):
        call(classifier(door, backend="numpy"))


def test_a_number_that_nothing_reads_may_be_none() -> None:
    """Without data for validation there are no steps of it."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    classifier(backend="numpy").fit(X, CODES, verbose=0, validation_steps=0)


@pytest.mark.parametrize("wrong", [[float("nan")] * 3, [0.1, float("nan"), 1], [1, 2, 1e400]])
def test_a_summary_s_positions_are_finite(wrong: list[float]) -> None:
    """NaN is no end of a column."""
    model = models2.Sequential([layers2.Dense(1, input_shape=(1,))], backend="numpy")
    with pytest.raises(InvalidArgument, match=r"^`positions` must be 3 rising numbers"):
        model.summary(positions=wrong)
