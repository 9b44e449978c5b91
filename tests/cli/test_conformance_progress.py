"""The line that a conformance run shows on a terminal."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from convdispatch.cli import _conformance_progress
from convdispatch.conformance.results import FAILED, PASSED, Outcome


class Shown:
    """A line that keeps what it shows."""

    texts: list[str]

    def __init__(self, stream: Any) -> None:
        """Take the place of a line on that stream."""

    def show(self, text: str) -> None:
        """Keep the text."""
        self.texts.append(text)

    def clear(self) -> None:
        """Nothing is to be cleared."""


def test_the_first_case_counts_for_no_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes as long as the loading of a framework; a hundred times that would frighten."""
    Shown.texts = []
    clock = iter([30.0, 31.0, 32.0])
    monkeypatch.setattr(_conformance_progress, "ProgressLine", Shown)
    monkeypatch.setattr(_conformance_progress, "time", SimpleNamespace(monotonic=clock.__next__))
    outcomes = [Outcome(case="c", status=status) for status in (PASSED, FAILED, PASSED)]
    with _conformance_progress.progress(["numpy"], 63) as tell:
        for outcome in outcomes:
            tell("numpy", outcome)
    assert Shown.texts == [
        "loading numpy",
        "1 of 63, 0 failed (numpy)",
        "2 of 63, 1 failed, about 1:01 left (numpy)",
        "3 of 63, 1 failed, about 1:00 left (numpy)",
    ]
