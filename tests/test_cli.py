"""The command line as a whole, its list of backends and its doctor."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from convdispatch import config
from convdispatch.cli import CONFIG_KEYS, main

RunPython = Callable[..., subprocess.CompletedProcess[str]]
Capture = pytest.CaptureFixture[str]
Answer = Callable[..., dict[str, object]]
Failure = Callable[..., str]
SABOTAGED = """
    from convdispatch.hookspecs import hookimpl
    from convdispatch.ops import BackendInfo

    @hookimpl
    def convdispatch_backends():
        return [BackendInfo(
            name=__name__, framework={framework!r}, load=__name__ + ":backend",
            install="pip install it",
        )]

    def __getattr__(name):
        if name != "backend":
            raise AttributeError(name)
        from convdispatch_numpy._backend import NumpyBackend

        class Sabotaged(NumpyBackend):
            name = __name__

            def lower(self, op, signature):
                {lower}

        return Sabotaged()
"""


def test_help_is_fast(run_python: RunPython) -> None:
    """`--help` answers in less than 0.3 seconds, the best of five times."""

    def once() -> float:
        started = time.perf_counter()
        assert run_python("-m", "convdispatch", "--help").returncode == 0
        return time.perf_counter() - started

    assert min(once() for _ in range(5)) < 0.3


def test_version_is_the_distributions(run_python: RunPython) -> None:
    """`--version` prints the installed version and exits with 0."""
    done = run_python("-m", "convdispatch", "--version")
    assert (done.returncode, done.stdout) == (0, "convdispatch 0.1.0\n")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="nothing"),
        pytest.param(["fly"], id="unknown command"),
        pytest.param(["config"], id="no action"),
        pytest.param(["config", "get", "colour"], id="unknown key"),
        pytest.param(["config", "set", "colour", "red"], id="unknown key to set"),
        pytest.param(["config", "set", "floatx"], id="no value"),
        pytest.param(["compare"], id="no file"),
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: Capture) -> None:
    """Argparse's own errors keep their exit code and print the usage."""
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "usage: convdispatch" in capsys.readouterr().err


def test_keys_of_the_parser_are_those_of_the_configuration() -> None:
    """The copy that keeps `--help` fast has not drifted."""
    assert CONFIG_KEYS == config.KEYS


def test_backends_lists_every_backend(capsys: Capture) -> None:
    """The table has a line for each registered backend, the current one marked."""
    assert main(["backends"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:3] == ["*", "numpy", "available"]
    assert {"torch", "tensorflow", "jax"} <= {word for line in lines for word in line.split()}


def test_backends_json_has_stable_keys(answer: Answer) -> None:
    """Programs find the same keys in each row, and versions read from metadata."""
    found = answer("backends")
    assert list(found) == ["current", "problem", "backends"]
    assert (found["current"], found["problem"]) == ("numpy", None)
    rows = found["backends"]
    assert isinstance(rows, list)
    keys = ["name", "status", "version", "distribution", "install", "error"]
    assert [list(row) for row in rows] == [keys] * len(rows)
    assert rows[0]["name"] == "numpy"
    assert rows[0]["version"]


def test_backends_are_listed_although_the_chosen_one_is_unknown(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks for theano gets the list to choose from, and the advice beside it."""
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    assert main(["backends"]) == 0
    captured = capsys.readouterr()
    assert "numpy" in captured.out
    assert "convdispatch: warning: no backend named 'theano'" in captured.err
    assert "use_convention('theano')" in captured.err


def test_broken_and_missing_backends_say_what_to_do(
    make_distribution: Callable[..., Path], run_python: RunPython
) -> None:
    """A broken plugin has its error in the table, a missing framework its install command."""
    broken = make_distribution("unlucky", "raise RuntimeError('bad day')")
    missing = make_distribution("missing", SABOTAGED.format(framework="no_such", lower="pass"))
    done = run_python("-m", "convdispatch", "backends", paths=(broken, missing))
    assert done.returncode == 0
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "unlucky broken - unlucky RuntimeError: bad day" in lines
    assert "missing unavailable - missing pip install it" in lines


def test_doctor_computes_on_every_available_backend(answer: Answer, keras_json: Path) -> None:
    """On a healthy installation each available backend answers the convolution done by hand."""
    report = answer("doctor")
    assert list(report) == ["python", "platform", "packages", "config", "backends", "healthy"]
    assert report["config"] == {
        "path": str(keras_json),
        "exists": False,
        "warnings": [],
        "errors": [],
    }
    rows = report["backends"]
    assert isinstance(rows, list)
    assert {row["status"] for row in rows} <= {"ok", "unavailable"}
    assert rows[0]["name"] == "numpy"
    assert rows[0]["status"] == "ok"


def test_doctor_finds_sabotaged_backends(
    make_distribution: Callable[..., Path], run_python: RunPython
) -> None:
    """A backend that computes wrong numbers, raises or crashes is a line of the report."""
    sabotage = {
        "zeros": "return lambda x, kernel: x[:, :2] * 0",
        "raises": "raise OSError('no device')",
        "crashes": "import os; os._exit(42)",
    }
    folders = [
        make_distribution(name, SABOTAGED.format(framework="numpy", lower=lower))
        for name, lower in sabotage.items()
    ]
    done = run_python("-m", "convdispatch", "doctor", "--json", paths=tuple(folders))
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert report["healthy"] is False
    found = {row["name"]: (row["status"], row["detail"]) for row in report["backends"]}
    assert found["zeros"] == ("failed", "computed [[[0.0], [0.0]]], expected [[[321.0], [43.0]]]")
    assert found["raises"] == ("failed", "OSError: no device")
    assert found["crashes"] == ("failed", "the process ended with code 42:")
    assert found["numpy"] == ("ok", "")


def test_doctor_passes_on_a_backend_s_advice(
    make_distribution: Callable[..., Path], run_python: RunPython
) -> None:
    """Below the table, and healthy all the same."""
    methods = """return super().lower(op, signature)

            def advice(self):
                return ["Close the window.", "Open\\nthe door."]"""
    folder = make_distribution("drafty", SABOTAGED.format(framework="numpy", lower=methods))
    done = run_python("-m", "convdispatch", "doctor", paths=(folder,))
    assert done.returncode == 0, done.stdout
    assert "\n  drafty: Close the window.\n  drafty: Open the door.\n" in done.stdout


def test_doctor_reports_an_unusable_configuration(capsys: Capture, keras_json: Path) -> None:
    """A malformed file makes the installation unhealthy, and the report still comes."""
    keras_json.write_text("{", encoding="utf-8")
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert f"error: {keras_json}: line 1" in out
    assert "Something is wrong: see above." in out
