"""A script reproduces its case: it fails where the case does, and passes where it does not."""

from __future__ import annotations

import enum
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from precision import in_float64
from rogue_backends import RELU, TANH, Rogue

from conftest import BACKEND_NAMES
from convdispatch.conformance import cases
from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.values import forward, forward_case
from convdispatch.conformance.report.scripts import script
from convdispatch.conformance.report.source import SourceWriter, Unwritable
from convdispatch.errors import BackendUnavailable
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Accuracy, BackendInfo, Capabilities, Conv
from convdispatch.registry import registry

RunPython = Callable[..., subprocess.CompletedProcess[str]]
EVERY = {case.id: case for case in cases.build()}
# One of each check that there is, so that each has been written down and run.
ONE_OF_EACH = {
    case.check.__qualname__ + case.op: case for case in reversed(EVERY.values())
}.values()


def computes(case: Case, backend: str) -> bool:
    """Return whether the backend supports what the case needs."""
    info = registry.entries()[backend].info
    assert info is not None
    return not any(map(case.uses, info.capabilities.unsupported))


def run_script(run_python: RunPython, tmp_path: Path, text: str, *paths: Path) -> tuple[int, str]:
    """Run a script as its reader would; return its status and the last line of its errors."""
    file = tmp_path / "script.py"
    file.write_text(text, encoding="utf-8")
    done = run_python(str(file), paths=paths)
    return done.returncode, (done.stderr.splitlines() or [""])[-1]


@pytest.mark.parametrize("case", ONE_OF_EACH, ids=lambda case: case.id)
def test_a_case_that_passes_has_a_script_that_passes(
    case: Case,
) -> None:
    """Whatever its check and its arguments are, the script finds them."""
    name = next(filter(partial(computes, case), BACKEND_NAMES), None)
    if name is None:
        pytest.skip(f"no backend that is tested computes {case.features}")
    try:
        with in_float64(name):
            exec(compile(script(case, name), "script", "exec"), {"__name__": "__main__"})
    except BackendUnavailable as unavailable:
        pytest.skip(str(unavailable))


@pytest.mark.parametrize("case", [TANH, RELU])
@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        pytest.param("x = 1.0", 1, "AssertionError: ", id="wrong"),
        pytest.param("raise ValueError('bad day')", 1, "ValueError: bad day", id="raises"),
        pytest.param("os.abort()", -6, "", id="aborts"),
        pytest.param("", 0, "", id="sound"),
    ],
)
def test_a_script_fails_as_its_case_does(
    run_python: RunPython, tmp_path: Path, case: str, fault: str, status: int, words: str
) -> None:
    """Run by itself, it ends with the backend's own error, or that of the wrong numbers."""
    path = Rogue(faults={"tanh": fault, "relu": fault}).install(tmp_path)
    code, last = run_script(run_python, tmp_path, script(EVERY[case], "rogue"), path)
    assert (code, last[: len(words)]) == (status, words)


def large(**fields: Any) -> Case:
    """Return a case of more numbers than a script writes out."""
    op = Conv(
        strides=(1,),
        pads=((0, 0),),
        dilation=(1,),
        groups=1,
        channels_last=True,
        bias=False,
        activation="tanh",
    )
    problem = Problem(op=op, input_shape=(2, 900, 1), weight_shapes=((3, 1, 1),), **fields)
    return forward_case("full", "large", problem)


def test_a_case_of_many_numbers_draws_them_anew(run_python: RunPython, tmp_path: Path) -> None:
    """The script calls the check, which is as wrong as it was."""
    path = Rogue(faults={"tanh": "x = 1.0"}).install(tmp_path)
    text = script(large(), "rogue")
    assert len(text) < 1000
    code, last = run_script(run_python, tmp_path, text, path)
    assert code == 1
    assert "Mismatch: the result is wrong in 1796 of 1796 cells" in last


@pytest.mark.parametrize(
    ("factor", "status"),
    [pytest.param(1.0, 1, id="the bound"), pytest.param(1e9, 0, id="a declared factor")],
)
def test_a_declared_accuracy_widens_what_is_allowed(
    run_python: RunPython, tmp_path: Path, factor: float, status: int
) -> None:
    """The script allows what the check allows."""
    path = Rogue(faults={"tanh": "x = 0.5"}).install(tmp_path)
    accuracy = {"conv1d": Accuracy(factor=factor, reason="by design")}
    info = BackendInfo(
        protocol=2,
        name="rogue",
        framework="numpy",
        load="rogue:backend",
        install="",
        capabilities=Capabilities(accuracy=accuracy),
    )
    text = script(EVERY[TANH], "rogue", info=info)
    assert run_script(run_python, tmp_path, text, path)[0] == status


def test_a_script_sets_the_backends_variables(run_python: RunPython, tmp_path: Path) -> None:
    """It sets them before anything imports the framework."""
    rogue = Rogue(environment={"ROGUE": "set"}, load="assert os.environ['ROGUE'] == 'set'")
    info = BackendInfo(
        protocol=2,
        name="rogue",
        framework="numpy",
        load="rogue:backend",
        install="",
        test_environment=rogue.environment,
    )
    text = script(EVERY[TANH], "rogue", info=info)
    assert run_script(run_python, tmp_path, text, rogue.install(tmp_path)) == (0, "")


UNNAMED = """
from convdispatch.conformance.case import Case

@hookimpl
def convdispatch_conformance_cases():
    def check(backend, number):
        raise ValueError(number)
    return [Case(id="rogue/core/unnamed", level="core", op="conv1d", claim='It says "x\\\\y".',
                 check=check, arguments=(object(),))]
"""


def test_a_check_without_a_name_is_looked_up_in_the_list(
    run_python: RunPython, tmp_path: Path
) -> None:
    """A plugin's case may call a closure, with arguments that have no source text."""

    def check(backend: object, number: object) -> None:
        raise ValueError(number)

    case = Case(
        id="rogue/core/unnamed",
        level="core",
        op="conv1d",
        claim='It says "x\\y".',
        check=check,
        arguments=(object(),),
    )
    path = Rogue(plugin=UNNAMED).install(tmp_path)
    code, last = run_script(run_python, tmp_path, script(case, "rogue", seed=3), path)
    assert code == 1
    assert last.startswith("ValueError: <object object")


class Colour(enum.Enum):
    """A value that a plugin's case may have."""

    RED = 1


@dataclass(frozen=True)
class Point:
    """Another one."""

    x: float
    colours: tuple[Colour, ...] = ()


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="None"),
        pytest.param((1,), id="a tuple of one"),
        pytest.param((), id="an empty tuple"),
        pytest.param([[], set(), frozenset(), {}], id="empty ones"),
        pytest.param({"a": [1, (2, "b\n'")], 3: {4}, 5: frozenset({6})}, id="nested"),
        pytest.param((float("inf"), -float("inf"), 0.1, -0.0, 1e-300), id="floats"),
        pytest.param(Point(1.5, (Colour.RED,)), id="a dataclass"),
        pytest.param(forward, id="a function"),
        pytest.param(Colour, id="a class"),
        pytest.param(len, id="a builtin"),
        pytest.param(np.float32(0.1), id="a NumPy number"),
        pytest.param(np.dtype("float16"), id="an element type"),
    ],
)
def test_values_are_written_so_that_they_can_be_read(value: object) -> None:
    """Executed after its imports, the source gives the value and its type again."""
    source = SourceWriter()
    text = source.of(value)
    namespace: dict[str, Any] = {}
    exec("\n".join(source.imports), namespace)
    again = eval(text, namespace)
    assert (again, type(again)) == (value, type(value))


def test_arrays_are_written_with_their_shape_and_element_type() -> None:
    """NaN and infinity included."""
    array = np.array([[1.5, np.nan], [-np.inf, 0.0]], "float16")
    source = SourceWriter()
    again = eval(source.of(array), {"np": np})
    assert again.dtype == array.dtype
    np.testing.assert_array_equal(again, array)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(object(), id="an object"),
        pytest.param(lambda: None, id="a lambda"),
        pytest.param(np.array([object()]), id="an array of objects"),
        pytest.param(sys, id="a module"),
        pytest.param(Path.cwd, id="a bound method"),
    ],
)
def test_what_has_no_source_is_refused(value: object) -> None:
    """A script that fails for another reason than its case would be worse than none."""
    with pytest.raises(Unwritable, match=r"cannot be imported|no element type"):
        SourceWriter().of(value)


def test_a_partial_is_written_as_one() -> None:
    """Its function is named and its arguments are written."""
    source = SourceWriter()
    text = source.of(partial(int, "11", base=2))
    namespace: dict[str, Any] = {}
    exec("\n".join(source.imports), namespace)
    assert eval(text, namespace)() == 3
