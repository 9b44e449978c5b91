"""`convdispatch compare`: the file's contract, the table, the exit code."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from convdispatch.cli import main
from convdispatch.numerics import comparison
from convdispatch.numerics.comparison import Comparison

Capture = pytest.CaptureFixture[str]
Answer = Callable[..., dict[str, object]]
Failure = Callable[..., str]


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    """Give a file that can be compared."""
    file = tmp_path / "model.py"
    file.write_text("def build():\n    return 'model', 'x'\n", encoding="utf-8")
    return file


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[object, ...]]]:
    """Return a function that makes `compare` give certain results and record its calls."""

    def give(*results: Comparison) -> list[tuple[object, ...]]:
        calls: list[tuple[object, ...]] = []

        def compare(model: object, x: object, names: object) -> Mapping[str, Comparison]:
            calls.append((model, x, names))
            return {result.backend: result for result in results}

        monkeypatch.setattr(comparison, "compare", compare)
        return calls

    return give


def test_compare_prints_a_table(
    capsys: Capture, model_file: Path, compared: Callable[..., list[tuple[object, ...]]]
) -> None:
    """The file's model and x go to `compare`; its results are a line each."""
    calls = compared(
        Comparison(backend="numpy", status="ok", max_error=1e-8, error_in_bounds=0.25, seconds=0.5),
        Comparison(backend="jax", status="unsupported", reason="no jax"),
    )
    assert main(["compare", str(model_file)]) == 0
    assert calls == [("model", "x", None)]
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == ["numpy", "ok", "1e-08", "0.25", "0.5"]
    assert lines[2] == ["jax", "unsupported", "-", "-", "-", "no", "jax"]


@pytest.mark.parametrize(
    ("statuses", "asked", "code"),
    [
        pytest.param(["ok", "ok"], True, 0, id="all asked for are right"),
        pytest.param(["ok", "unsupported"], False, 0, id="one of all declines"),
        pytest.param(["ok", "unsupported"], True, 1, id="one that is asked for declines"),
        pytest.param(["unsupported", "unsupported"], False, 1, id="all decline"),
        pytest.param(["ok", "unavailable"], False, 1, id="one of all is broken"),
        pytest.param(["ok", "outside"], False, 1, id="one is wrong"),
    ],
)
def test_compare_succeeds_only_where_what_was_asked_for_was_compared(
    capsys: Capture,
    model_file: Path,
    compared: Callable[..., list[tuple[object, ...]]],
    statuses: list[str],
    asked: bool,
    code: int,
) -> None:
    """A check that could not run is a failure."""
    compared(*(Comparison(backend=f"b{n}", status=one) for n, one in enumerate(statuses)))
    options = ["--backends", "numpy"] if asked else []
    assert main(["compare", str(model_file), *options]) == code


@pytest.mark.parametrize(
    "raised", ["raise BaseException('no')", "raise GeneratorExit", "import pytest; pytest.fail()"]
)
def test_compare_survives_whatever_the_file_raises(
    failure: Failure, model_file: Path, raised: str
) -> None:
    """An exception that would end the program silently is reported, with its place."""
    model_file.write_text(raised, encoding="utf-8")
    assert "model.py:1: the file raised" in failure("compare", str(model_file))


def test_compare_exits_with_1_where_a_backend_is_outside_its_bound(
    answer: Answer, model_file: Path, compared: Callable[..., list[tuple[object, ...]]]
) -> None:
    """A disagreement is a failure, and its infinite error still makes strict JSON."""
    result = Comparison(
        backend="numpy",
        status="outside",
        reason="too far",
        max_error=float("inf"),
        error_in_bounds=7.5,
        seconds=0.5,
    )
    calls = compared(result)
    found = answer("compare", str(model_file), "--backends", "numpy, ,numpy", code=1)
    assert calls == [("model", "x", ["numpy", "numpy"])]
    assert found == {
        "file": str(model_file),
        "agree": False,
        "backends": [
            {
                "backend": "numpy",
                "status": "outside",
                "max_error": None,
                "error_in_bounds": 7.5,
                "seconds": 0.5,
                "reason": "too far",
            }
        ],
    }


@pytest.mark.parametrize(
    ("source", "message", "code"),
    [
        pytest.param(None, "no file '", 2, id="missing"),
        pytest.param("x = 1", "defines no function build()", 2, id="no build"),
        pytest.param("build = 1", "defines no function build()", 2, id="build not callable"),
        pytest.param("def build(): pass", "build() returned a NoneType", 2, id="no pair"),
        pytest.param(
            "def build():\n    return helper()\ndef helper():\n    raise OSError('no\\ndisk')",
            "bad.py:4: build() raised OSError: no disk",
            2,
            id="build raises",
        ),
        pytest.param(
            "import json\ndef build():\n    json.loads('')",
            "bad.py:3: build() raised json.decoder.JSONDecodeError: Expecting value",
            2,
            id="library raises",
        ),
        pytest.param("1 / 0", "bad.py:1: the file raised ZeroDivisionError", 2, id="file raises"),
        pytest.param("\n)", "bad.py:2: the file raised SyntaxError: unmatched", 2, id="syntax"),
        pytest.param("exit(3)", "bad.py:1: the file raised SystemExit: 3", 2, id="exits"),
    ],
)
def test_compare_explains_a_file_that_does_not_work(
    failure: Failure, tmp_path: Path, source: str | None, message: str, code: int
) -> None:
    """One line says what is wrong with the file, and where."""
    file = tmp_path / "bad.py"
    if source is not None:
        file.write_text(source, encoding="utf-8")
    assert message in failure("compare", str(file), code=code)


def test_compare_refuses_unknown_backends(failure: Failure, model_file: Path) -> None:
    """A misspelt backend is refused before the file is run."""
    model_file.write_text("1 / 0", encoding="utf-8")
    error = failure("compare", str(model_file), "--backends", "numpy,nmupy")
    assert "no backend named 'nmupy'" in error


def test_compare_refuses_an_empty_list_of_backends(failure: Failure, model_file: Path) -> None:
    """Nothing between the commas is wrong usage, not every backend."""
    error = failure("compare", str(model_file), "--backends", ",", code=2)
    assert "--backends needs names" in error


def test_compare_can_import_the_files_neighbours(
    tmp_path: Path, model_file: Path, compared: Callable[..., list[tuple[object, ...]]]
) -> None:
    """The file's folder is importable, as when Python runs the file, and nothing is left in it."""
    (tmp_path / "neighbour_of_model.py").write_text("value = 7", encoding="utf-8")
    model_file.write_text(
        "from neighbour_of_model import value\ndef build():\n    return 'model', value",
        encoding="utf-8",
    )
    calls = compared(Comparison(backend="numpy", status="ok"))
    assert main(["compare", str(model_file)]) == 0
    assert calls == [("model", 7, None)]


def test_compare_runs_a_real_model(answer: Answer, model_file: Path) -> None:
    """From the file to the table with nothing replaced: NumPy is within its own bound."""
    model_file.write_text(
        "import numpy\nfrom convdispatch.layers import Conv1D\n"
        "def build():\n    return Conv1D(2, 3), numpy.ones((1, 8, 1), 'float32')\n",
        encoding="utf-8",
    )
    found = answer("compare", str(model_file), "--backends", "numpy")
    assert found["agree"] is True
    rows = found["backends"]
    assert isinstance(rows, list)
    assert [(row["backend"], row["status"]) for row in rows] == [("numpy", "ok")]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
@pytest.mark.parametrize("after", ["", "    raise ValueError\n"])
def test_compare_answers_once_where_the_file_forks(
    model_file: Path, run_python: Callable[..., subprocess.CompletedProcess[str]], after: str
) -> None:
    """A child that comes back from build() neither prints nor complains."""
    model_file.write_text(
        "import os, numpy\nfrom convdispatch.layers import Conv1D\n"
        f"def build():\n    os.fork()\n{after}"
        "    return Conv1D(2, 3), numpy.ones((1, 8, 1), 'float32')\n",
        encoding="utf-8",
    )
    done = run_python("-m", "convdispatch", "compare", str(model_file), "--backends", "numpy")
    lines = [*done.stdout.splitlines()[1:], *done.stderr.splitlines()]
    assert len(lines) == 1
