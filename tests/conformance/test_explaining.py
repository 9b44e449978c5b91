"""A backend's failures are explained: by what it did instead, and by the smallest case that fails.

The backends are the saboteurs, in this process, and rogues that misbehave once more while they are
asked, in processes of their own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import smallest_cases
from rogue_backends import TANH, Rogue
from saboteurs import SABOTEURS

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import build
from convdispatch.conformance.diagnosis.explaining import explained
from convdispatch.conformance.diagnosis.explanation import Explanation
from convdispatch.conformance.diagnosis.reductions import smaller, weight
from convdispatch.numerics.problem import Problem
from convdispatch.registry import registry

pytest.importorskip("autograd", reason="the saboteurs are made of NumPy's gradients too")
pytest.importorskip("ml_dtypes", reason="the saboteurs are made of NumPy's bfloat16 too")

RunPython = Callable[..., subprocess.CompletedProcess[str]]

# Of each saboteur: cases among which some fail, what it does, and how many cells are enough.
FAULTS = {
    "pads_swapped": ("conv1d/core/*stride-2-pads*", "reading the pads as (high, low)", 2),
    "kernel_flipped": ("conv2d/core/2d-plain*", "flipping the kernel", 2),
    "transposed_kernel_flipped": ("conv1d_transpose/core/1d-*eighths", "flipping the kernel", 2),
    "strides_transposed": (
        "conv2d/core/2d-mixed-strides*",
        "reading the strides in reverse order of axes",
        4,
    ),
    "dilation_ignored_where_strided": (
        "conv1d/core/1d-strided-dilated*",
        "ignoring the dilation",
        4,
    ),
    "groups_interleaved": (
        "conv1d/core/1d-groups*",
        "giving each group every n-th channel instead of adjacent ones",
        4,
    ),
    "bias_of_the_first_group": ("conv?d/core/*", "adding the first group's bias to every group", 2),
    "activation_before_bias": ("conv?d/core/*", "applying the activation before the bias", 1),
    "first_item_repeated": ("conv1d/core/1d-plain*", "repeating the first sample's result", 2),
    "pads_always_counted": ("average_pool2d/core/*", "counting the pads in averages", 2),
    "half_pixels_taken_for_asymmetric": (
        "resize1d/core/*half_pixel*",
        "sampling at positions i * m / n",
        3,
    ),
    "float64_computed_in_float32": (
        "conv1d/dtype/*float64",
        "computing float64 in float32",
        2,
    ),
    "dense_kernel_transposed_where_square": (
        "dense/*",
        "exchanging the channel axes of the kernel",
        4,
    ),
    "bias_gradient_averaged": (
        "conv1d/grad/*",
        "averaging the bias's gradient over the batch",
        2,
    ),
    "gradient_of_relu_passes_everything": (
        "conv1d/grad/k*",
        "leaving the activation's slope out of the input's gradient, the kernel's gradient and "
        "the bias's gradient",
        2,
    ),
}


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Give all cases."""
    return build()


def explanation_of(name: str, pattern: str, cases: list[Case]) -> Explanation:
    """Return what is said of a saboteur's failures among the first of these cases."""
    chosen = [case for case in cases if fnmatchcase(case.id, pattern)]
    found = smallest_cases.explanation_of(SABOTEURS[name], chosen, most=15, seconds=30.0)
    assert found is not None
    return found


@pytest.mark.parametrize("name", FAULTS)
def test_the_mistake_is_named_and_the_case_is_small(name: str, cases: list[Case]) -> None:
    """What a saboteur does is the first hypothesis, and a few cells show it."""
    pattern, what, cells = FAULTS[name]
    found = explanation_of(name, pattern, cases)
    assert found.hypotheses[0].what == what
    assert 2 * found.hypotheses[0].explains >= found.hypotheses[0].of
    assert found.minimal is not None
    assert found.minimal.cells <= cells


def test_every_kind_of_numbers_can_be_made_plainer(cases: list[Case]) -> None:
    """Whatever a case's numbers are drawn for: 1, 2, 3, ... are plainer, and weigh less."""
    given = [one for case in cases for one in case.arguments if isinstance(one, Problem)]
    one_of_each = {problem.values: problem for problem in given if problem.reduction_length < 50}
    assert set(one_of_each) >= {"normal", "eighths", "positive"}
    for problem in one_of_each.values():
        plain = replace(problem, values="counting", seed=0)
        assert weight(plain) < weight(problem)
        assert plain in list(smaller(problem))


def test_the_numbers_are_written_out(cases: list[Case]) -> None:
    """Each product of a wrong cell, the right sum and what came back, computed here by hand."""
    found = explanation_of("groups_interleaved", "conv1d/core/1d-groups-last-eighths", cases)
    assert found.minimal is not None
    assert found.minimal.lines == (
        "y[0, 0, 0] = 1*1 + 2*3 = 7; got 10",  # got 1*1 + 3*3
        "y[0, 0, 1] = 3*2 + 4*4 = 22; got 20",  # got 2*2 + 4*4
    )


def test_a_failure_without_a_problem_stands_for_itself(cases: list[Case]) -> None:
    """A fault of a function: the case with the least data, what its check says, and a script."""
    found = explanation_of("sigmoid_overflows", "functions/contract/sigmoid*", cases)
    assert found.minimal is not None
    assert found.minimal.case.startswith("functions/contract/sigmoid-")
    assert "nan" in found.minimal.lines[0]
    assert found.minimal.case in found.minimal.script


def test_what_is_right_is_explained_by_nothing(cases: list[Case]) -> None:
    """NumPy's backend does what every case says, so there is nothing to name or to show."""
    chosen = [case for case in cases if case.op in ("conv2d", "functions", "max_pool2d")][::40]
    assert len(chosen) > 40
    info = registry.entries()["numpy"].info
    assert info is not None
    found = explained(registry.load("numpy"), info, chosen, seed=0, seconds=60.0)
    assert found == Explanation()


def diagnosis(
    rogue: Rogue, folder: Path, run_python: RunPython, *options: str
) -> list[dict[str, Any]]:
    """Run a rogue's cases; return the causes that the report states."""
    path = folder / "report.json"
    done = run_python(
        *["-m", "convdispatch", "conformance", "--backend", rogue.name, "--case", TANH],
        *["--json", str(path), *options],
        paths=(rogue.install(folder),),
    )
    assert done.returncode == 1, done.stdout + done.stderr
    (record,) = json.loads(path.read_text())["backends"]
    return list(record["diagnosis"])


@pytest.mark.same_everywhere
@pytest.mark.parametrize("end", ["os.abort()", "time.sleep(60)"], ids=["crash", "hang"])
def test_a_backend_that_ends_the_search_keeps_what_was_found(
    tmp_path: Path, run_python: RunPython, end: str
) -> None:
    """It returns wrong numbers until the problem has one cell, and then crashes or hangs."""
    fault = f"x = 1\nif tensors[0].size == 1: {end}"
    rogue = Rogue(faults={"tanh": fault.replace("tensors", "sys._getframe(1).f_locals['tensors']")})
    begun = time.monotonic()
    (cause,) = diagnosis(rogue, tmp_path, run_python, "--time-limit", "2")
    assert time.monotonic() - begun < 60
    *_, last = cause["minimal"]["lines"]
    assert last.startswith("the search for a smaller case ended early: ")
    assert ("SIGABRT" if end == "os.abort()" else "no answer within") in last
    assert cause["minimal"]["cells"] < 16  # which are those of the case's input


@pytest.mark.same_everywhere
def test_a_case_that_ends_its_process_is_shown_as_it_is(
    tmp_path: Path, run_python: RunPython
) -> None:
    """It is not asked again."""
    mark = tmp_path / "mark"
    rogue = Rogue(faults={"tanh": f"open({str(mark)!r}, 'a').write('x'); os.abort()"})
    (cause,) = diagnosis(rogue, tmp_path, run_python)
    assert cause["minimal"]["case"] == TANH
    assert cause["hypotheses"] == []
    assert mark.read_text() == "x"


@pytest.mark.same_everywhere
def test_an_interruption_ends_the_search_at_once(tmp_path: Path) -> None:
    """The report has every outcome."""
    mark, path = tmp_path / "mark", tmp_path / "report.json"
    fault = "x = 1\nif sys._getframe(1).f_locals['tensors'][0].size == 1: "
    fault += f"open({str(mark)!r}, 'a').write('x'); time.sleep(60)"
    site = Rogue(faults={"tanh": fault}).install(tmp_path)
    command = [sys.executable, "-m", "convdispatch", "conformance", "--backend", "rogue"]
    process = subprocess.Popen(
        [*command, "--case", TANH, "--json", str(path)],
        env={**os.environ, "PYTHONPATH": str(site)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not mark.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert time.monotonic() - begun < 5
    assert (process.returncode, errors) == (130, "")
    (record,) = json.loads(path.read_text())["backends"]
    assert [one["case"] for one in record["outcomes"]] == [TANH]
    assert [one["minimal"] for one in record["diagnosis"]] == [None]
