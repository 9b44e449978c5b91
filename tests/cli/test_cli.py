"""The command line as a whole, its list of backends and its doctor."""

from __future__ import annotations

import functools
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from convdispatch.cli import CONFIG_KEYS, _doctor, main
from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo
from convdispatch.registry import registry
from convdispatch.runtime import config

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
            protocol=2,
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
    keys = ["name", "status", "version", "distribution", "install", "error", "note"]
    assert [list(row) for row in rows] == [keys] * len(rows)
    assert rows[0]["name"] == "numpy"
    assert rows[0]["version"]


def test_backends_are_listed_although_the_chosen_one_is_unknown(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user who asks for theano gets the list to choose from, and advice."""
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
        "vanishes": "import os; os._exit(0)",
        "exits": "raise SystemExit(0)",
        "prints": "print('hello'); return super().lower(op, signature)",
        "prints_last": (
            "import atexit, os; atexit.register(os.write, 1, b'bye'); "
            "return super().lower(op, signature)"
        ),
        "forks": (
            "import os; parent = os.getpid(); os.fork(); "
            "return lambda *x: super(Sabotaged, self).lower(op, signature)(*x)"
            " + (os.getpid() != parent)"
        ),
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
    assert found["vanishes"] == ("failed", "the process ended with code 0:")
    assert found["exits"][0] == "failed"
    assert "raised SystemExit: 0, which would have ended the program" in found["exits"][1]
    assert found["prints"] == ("failed", "it wrote to standard output: 'hello\\n'")
    assert found["prints_last"] == ("failed", "it wrote to standard output: 'bye'")
    assert found["forks"] == ("ok", "")  # its child does not answer
    assert found["numpy"] == ("ok", "")


@pytest.fixture
def missing() -> Iterator[None]:
    """Register a backend whose framework is not installed."""

    class Plugin:
        @hookimpl
        def convdispatch_backends(self) -> list[BackendInfo]:
            return [
                BackendInfo(
                    protocol=2, name="missing", framework="no_such", load="x:y", install="get it"
                )
            ]

    plugin = Plugin()
    registry.register(plugin, name="missing:plugin")
    yield
    registry.unregister(plugin)


@pytest.mark.usefixtures("missing")
@pytest.mark.parametrize("place", ["file", "variable"])
def test_doctor_is_not_content_with_a_current_backend_that_does_not_work(
    answer: Answer, keras_json: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Every layer that names no backend would raise, though all that is installed works."""
    if place == "file":
        keras_json.write_text('{"backend": "missing"}', encoding="utf-8")
    else:
        monkeypatch.setenv("CONVDISPATCH_BACKEND", "missing")
    works = functools.partial(replace, status="ok", seconds=0.0)
    monkeypatch.setattr(_doctor, "_tried", works)
    report: Any = answer("doctor", code=1)
    assert report["healthy"] is False
    (error,) = report["config"]["errors"]
    source = str(keras_json) if place == "file" else "CONVDISPATCH_BACKEND"
    assert f"the current backend, 'missing' (it comes from: {source}), is unavailable" in error
    assert "get it" in error
    assert "'no_such', which is not installed" in str(answer("backends")["problem"])


CHATTY = """
    import atexit, ctypes, os, sys
    from convdispatch.hookspecs import hookimpl

    atexit.register(print, "at exit")
    atexit.register(os.write, 1, b"at exit")
    atexit.register(lambda: ctypes.CDLL(None).puts(b"at exit"))

    @hookimpl
    def convdispatch_lower(backend, op, signature):
        print("while lowering")
        os.write(1, b"while lowering")
"""
COMPARED = """
print("in the file")
import numpy
from convdispatch.layers import Conv1D
def build():
    print("in build()")
    return Conv1D(2, 3), numpy.ones((1, 8, 1), "float32")
"""


@pytest.mark.parametrize(
    "command", ["backends", "compare model.py --backends numpy", "config set backend numpy"]
)
def test_standard_output_is_the_commands_alone(
    make_distribution: Callable[..., Path], run_python: RunPython, tmp_path: Path, command: str
) -> None:
    """Whatever prints, from Python or C, in a plugin, a file or at exit: the JSON is whole."""
    (tmp_path / "model.py").write_text(COMPARED, encoding="utf-8")
    folder = make_distribution("chatty", CHATTY)
    words = command.replace("model.py", str(tmp_path / "model.py")).split()
    done = run_python("-m", "convdispatch", *words, "--json", paths=(folder,))
    assert isinstance(json.loads(done.stdout), dict)
    assert "at exit" in done.stderr


def test_what_a_plugin_raises_to_end_the_program_is_said(
    make_distribution: Callable[..., Path], run_python: RunPython
) -> None:
    """A plugin that exits at import is a row of the list, and everything else is as before."""
    folder = make_distribution("quitter", "import sys; sys.exit(0)")
    done = run_python("-m", "convdispatch", "backends", "--json", paths=(folder,))
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)["backends"]}
    assert rows["quitter"]["status"] == "broken"
    assert "SystemExit: 0" in rows["quitter"]["error"]
    assert rows["numpy"]["status"] == "available"


def test_a_command_that_something_ends_has_failed(
    failure: Failure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit status belongs to the command: a foreign `sys.exit(0)` is not a success."""
    monkeypatch.setattr("convdispatch.cli._backends.backend_rows", lambda: exit(0))
    assert "it was ended by SystemExit" in failure("backends")


def test_doctor_passes_on_a_backend_s_advice(
    make_distribution: Callable[..., Path], run_python: RunPython
) -> None:
    """Below the table, after its devices, and healthy all the same."""
    methods = """return super().lower(op, signature)

            def advice(self):
                return ["Close the window.", "Open\\nthe door."]

            def devices(self):
                return ["warp:0", "cpu"]"""
    folder = make_distribution("drafty", SABOTAGED.format(framework="numpy", lower=methods))
    done = run_python("-m", "convdispatch", "doctor", paths=(folder,))
    assert done.returncode == 0, done.stdout
    assert "\n  drafty: on warp:0, cpu\n" in done.stdout
    assert "\n  drafty: Close the window.\n  drafty: Open the door.\n" in done.stdout


def test_doctor_reports_an_unusable_configuration(capsys: Capture, keras_json: Path) -> None:
    """A malformed file makes the installation unhealthy, and the report still comes."""
    keras_json.write_text("{", encoding="utf-8")
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert f"error: {keras_json}: line 1" in out
    assert "Something is wrong: see above." in out
