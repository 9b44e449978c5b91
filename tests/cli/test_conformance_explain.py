"""`conformance --explain CASE`: a case to a person who has never seen the suite."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from convdispatch.cli import main

Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.same_everywhere

CASE = "conv1d/core/1d-causal-dilated-last-eighths"


def test_a_case_is_explained(capsys: Capture, tmp_path: Path) -> None:
    """With the claim, the geometry, the first numbers by hand, and a program that runs."""
    assert main(["conformance", "--backend", "numpy", "--explain", CASE]) == 0
    out = capsys.readouterr().out
    text, program = out.split("As a program, on 'numpy':\n\n")
    assert text.startswith(f"{CASE}\n  The result is the exact one within the rounding bound.\n")
    assert "level core, op conv1d, float32, since specification 1.0" in text
    # Three taps, two cells apart: at first the last of them alone reads a cell.
    assert "axis 1    . . . . o o o o o o\n  first   ^   ^   ^\n  second    ^   ^   ^\n" in text
    line = next(line for line in text.splitlines() if "y[0, 0, 0]" in line)
    terms, number = line.split(" = ")[1:]
    assert sum(eval(term) for term in terms.split(" + ")) == float(number)
    assert terms.count(" + ") == 1  # of two channels
    file = tmp_path / "program.py"
    file.write_text(program, encoding="utf-8")
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=True)
    assert "expected" in done.stdout


def test_a_claim_about_something_else_says_so(capsys: Capture) -> None:
    """The numbers are those of the op, and the claim is about its gradients."""
    case = "conv1d/grad/1d-plain-last-float64"
    assert main(["conformance", "--backend", "numpy", "--explain", case]) == 0
    out = capsys.readouterr().out
    assert "Each gradient is the exact one within the rounding bound." in out
    assert "The op's own result, which the claim is about, by hand:" in out


def test_a_case_without_a_problem_has_claim_and_program(capsys: Capture) -> None:
    """There is nothing to draw."""
    case = "functions/grad/tanh-float32"
    assert main(["conformance", "--backend", "numpy", "--explain", case]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{case}\n  ")
    assert "axis 1" not in out
    assert "As a program" in out


REFUSED = {
    "misspelled": (
        ["--explain", CASE.replace("causal", "casual")],
        f"no case has the id {CASE.replace('causal', 'casual')!r}. Is {CASE!r} meant? Give a whole",
    ),
    "like none": (["--explain", "%"], "--explain: no case has the id '%'. Give a whole id"),
    "a pattern": (["--explain", "conv1d/*"], "`--case PATTERN` runs several"),
    "no backend": (["--backend", "nope", "--explain", CASE], "no backend named 'nope'"),
}


@pytest.mark.parametrize(("arguments", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_explained(arguments: list[str], words: str, capsys: Capture) -> None:
    """One line, with the nearest case."""
    assert main(["conformance", *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
