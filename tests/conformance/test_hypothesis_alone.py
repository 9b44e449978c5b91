"""What Hypothesis draws for a case depends on nothing else in the program, and it leaves nothing.

A drawn case must be the same case in a checkout, in an installed package and beside a user's tests.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("hypothesis", reason="drawn cases need the package hypothesis")

from hypothesis.internal.conjecture import providers

from convdispatch.conformance.cases import strategies
from convdispatch.numerics.problem import Problem

pytestmark = pytest.mark.same_everywhere  # Only NumPy's backend is run.

CASE = "conv1d/full/generated-last-float32"


def drawn() -> list[Problem]:
    """Return the problems of one drawn case."""
    found: list[Problem] = []
    kind = strategies.problems("conv", rank=1)
    strategies.check_examples(found.append, kind, examples=40)
    return found


def test_no_module_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hypothesis draws numbers from the source of modules that are no packages'; not here."""
    expected = drawn()

    def read(module: object) -> None:
        raise AssertionError(f"{module} was read")

    monkeypatch.setattr(providers, "constants_from_module", read)
    monkeypatch.setattr(providers, "_seen_modules", set())
    monkeypatch.setattr(providers, "_sys_modules_len", None)
    assert drawn() == expected
    assert len(set(expected)) > 20


def test_numbers_that_others_drew_from_their_modules_are_not_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Hypothesis keeps what it may draw by the bounds asked for, for every test of a process."""
    expected = drawn()
    monkeypatch.setattr(providers, "CONSTANTS_CACHE", object())  # no key can be looked up in it
    assert drawn() == expected


COMMANDS = {
    "command": ("convdispatch", "conformance", "--backend", "numpy", "--case", CASE),
    "pytest": (
        *("pytest", "-q", "-p", "no:cacheprovider", "--pyargs", "convdispatch.conformance"),
        *("--convdispatch-backend=numpy", "--convdispatch-level=full", "-k", CASE),
    ),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_nothing_is_left_in_the_users_folder(command: tuple[str, ...], tmp_path: Path) -> None:
    """No `.hypothesis`, and no other file or folder."""
    folder = tmp_path / "user"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=True
    )
    assert "1 passed" in done.stdout
    assert list(folder.iterdir()) == []
