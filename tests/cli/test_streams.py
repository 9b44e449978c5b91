"""Whatever streams a command is given: no traceback, no hang, and an exit status that says so."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from places import LEGACY
from rogue_backends import CASES, Rogue

from convdispatch.cli import main

pytestmark = pytest.mark.same_everywhere  # They run NumPy's backend.

RunPython = Callable[..., subprocess.CompletedProcess[str]]
Failure = Callable[..., str]
POSIX = pytest.mark.skipif(os.name != "posix", reason="the redirections are a POSIX shell's")
LINUX = pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has /dev/full")
CASE = "conformance --backend numpy --case conv1d/core/1d-plain-last-eighths"

# Each command that can be called without waiting for a framework, and what it exits with where
# nothing is wrong with its streams.
COMMANDS = {
    "backends": 0,
    "backends --json": 0,
    "config show": 0,
    "config path": 0,
    "config get floatx": 0,
    "config set floatx float32": 0,
    "autotune show": 0,
    "autotune path": 0,
    "autotune clear": 0,
    "compare model.py --backends numpy": 0,
    "completion bash": 0,
    "inspect model.json": 0,
    "picture 'Conv1D(1,2)' --input 4": 0,
    "convert model.json other.json": 0,
    "inspect model.py": 2,
    CASE: 0,
    "conformance diff report.json report.json": 0,
    "conformance matrix report.json": 0,
    "conformance diff model.py report.json": 2,
    "bench diff nowhere nowhere": 2,
    "new-backend plain": 0,
    "--help": 0,
    "--version": 0,
    "conformance --help": 0,
    "fly": 2,
    "conformance --jobs 0": 2,
}
MODEL = """
import numpy
from convdispatch.layers import Conv1D
def build():
    return Conv1D(1, 2, backend="numpy"), numpy.ones((1, 4, 1), "float32")
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a report."""
    path = tmp_path_factory.mktemp("report") / "report.json"
    assert main([*CASE.split(), "--json", str(path)]) == 0
    return path


@pytest.fixture
def folder(report: Path, tmp_path: Path) -> Path:
    """Give a folder with what the commands read."""
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    (tmp_path / "model.json").write_bytes((LEGACY / "keras3/conv1d.json").read_bytes())
    (tmp_path / "report.json").write_bytes(report.read_bytes())
    return tmp_path


def run(folder: Path, command: str, redirection: str, **variables: str) -> tuple[int, str, str]:
    """Run a command as a shell does; return its status and what it printed."""
    whole = f"{sys.executable} -m convdispatch {command}"
    line = f"{whole} {redirection}"
    if redirection.startswith("|"):
        line = f"set -o pipefail; {line}"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        # Python's own buffers, which it writes at its end, whatever the tests run with.
        env={
            **os.environ,
            "PYTHONUNBUFFERED": "",
            "CONVDISPATCH_CACHE_HOME": str(folder / "cache"),
            **variables,
        },
        capture_output=True,
        timeout=120,
        check=False,
    )
    out, err = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
    assert "Traceback" not in err + out
    assert "Exception ignored" not in err
    return done.returncode, out, err


@POSIX
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_without_any_stream_does_its_work(folder: Path, command: str) -> None:
    """Started by a system that gives none, its exit status still tells."""
    assert run(folder, command, "<&- >&- 2>&-")[0] == COMMANDS[command]


@POSIX
@LINUX
@pytest.mark.parametrize("command", COMMANDS)
def test_output_that_is_lost_is_trouble(folder: Path, command: str) -> None:
    """A full disk is reported as a failure."""
    code, _, err = run(folder, command, ">/dev/full")
    assert code == 2
    assert err.startswith("convdispatch")
    if COMMANDS[command] == 0:
        assert err == (
            "convdispatch: error: standard output cannot be written: No space left on device.\n"
        )


@POSIX
@pytest.mark.parametrize("command", ["config path", CASE, "--help", "fly"])
@pytest.mark.parametrize(
    "redirection", [">&-", "2>&-", pytest.param("2>/dev/full", marks=LINUX), "| true"]
)
def test_a_stream_that_is_missing_full_or_gone(
    folder: Path, command: str, redirection: str
) -> None:
    """If standard error takes nothing, nothing is lost; a reader that leaves is not an error."""
    code, out, err = run(folder, command, redirection)
    if redirection == "| true" and COMMANDS[command] == 0:
        assert (code, err) == (141, "")
    else:
        assert code == COMMANDS[command]
    if redirection.startswith("2") and COMMANDS[command] == 0:
        assert out


@POSIX
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-16"])
def test_letters_that_the_encoding_lacks_are_written_out(folder: Path, encoding: str) -> None:
    """A name in Greek ends no command."""
    site = Rogue(name="\N{GREEK SMALL LETTER ALPHA}b").install(folder)
    code, out, err = run(folder, "backends", "", PYTHONIOENCODING=encoding, PYTHONPATH=str(site))
    assert (code, err) == (0, "")
    if encoding != "utf-16":
        assert "\\u03b1b" in out


@POSIX
def test_a_home_that_nobody_knows_is_none(folder: Path) -> None:
    """Without HOME the configuration is looked for where the system says, or nowhere."""
    for command in ("config show", "backends", "autotune show", "config path"):
        code, _, err = run(folder, f"{command} # ", "")
        assert (code, err) == (0, "")
        line = f"unset HOME KERAS_HOME CONVDISPATCH_AUTOTUNE_DIR; {sys.executable} -m convdispatch"
        done = subprocess.run(
            ["bash", "-c", f"{line} {command}"], capture_output=True, text=True, check=False
        )
        assert (done.returncode, "Traceback" in done.stderr) == (0, False)


NASTY = '''
from convdispatch.conformance.case import Case

def check(backend):
    raise ValueError("\\x1b[31mred\\ud800")

@hookimpl
def convdispatch_conformance_cases():
    ids = ["a b", "a_b", "a/b", "A_b", "a\\ud800", "\\x1b[2J", "..", "../../x", "con", "n" * 400,
           "m" * 400 + "1", "m" * 400 + "2", "\\u03b1", "a\\x00", '"""']
    return [Case(id="nasty/core/" + one, level="core", op="conv1d", claim='It says "x\\\\y".',
                 check=check) for one in ids]
'''
COUNT, LEFT_OUT = 12, 3  # ids that nobody can read are left out, which is a problem of the run


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """Give a folder with all that a run of nasty cases wrote, and what it printed."""
    folder = tmp_path_factory.mktemp("nasty")
    site = Rogue(plugin=NASTY).install(folder)
    options = ["--json", "r.json", "--scripts", "scripts"]
    try:
        import jinja2  # noqa: F401 - whether the page can be made
    except ModuleNotFoundError:
        (folder / "r.html").write_text("<html", encoding="utf-8")
    else:
        options += ["--html", "r.html"]
    command = ["conformance", "--backend", "rogue", "--case", "nasty/*", *options]
    done = subprocess.run(
        [sys.executable, "-m", "convdispatch", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(site), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    return folder, done.stdout.decode(), done.stderr.decode()


def test_ids_of_any_kind_lose_no_report(nasty: tuple[Path, str, str]) -> None:
    """Surrogates, escape codes and 400 characters are in each report, and printed harmlessly."""
    folder, out, err = nasty
    report = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    assert len(report["backends"][0]["outcomes"]) == COUNT
    assert "<html" in (folder / "r.html").read_text(encoding="utf-8")
    assert err == ""
    assert f"{COUNT} of {COUNT} cases failed" in out
    assert all(line.isprintable() for line in out.split("\n"))
    assert "\\x1b[31mred\\ud800" in out
    problems = report["backends"][0]["problems"]
    assert len(problems) == LEFT_OUT
    assert all("is left out" in problem for problem in problems)


def test_every_failure_has_a_script_of_its_own(nasty: tuple[Path, str, str]) -> None:
    """Also where letters' case is not told apart, and names have 255 bytes; none lies elsewhere."""
    folder, _, _ = nasty
    names = [path.name for path in (folder / "scripts").iterdir()]
    assert len({name.lower() for name in names}) == len(names) == COUNT
    assert all(name.isascii() and len(name) < 200 for name in names)
    assert all(name.startswith("rogue-nasty_core") for name in names)


def test_every_script_is_python(nasty: tuple[Path, str, str]) -> None:
    """Whatever its case is called."""
    folder, _, _ = nasty
    for path in (folder / "scripts").iterdir():
        compile(path.read_bytes(), str(path), "exec")


def test_two_names_with_one_checksum_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A longer piece of it decides."""
    from convdispatch.conformance.report import script_folder

    class Sum:
        def __init__(self, data: bytes) -> None:
            self.data = data

        def hexdigest(self) -> str:
            return "0" * 10 + self.data.hex()

    monkeypatch.setattr(script_folder.hashlib, "sha256", Sum)
    folder = script_folder.ScriptFolder(str(tmp_path / "scripts"), "--scripts")
    first, second = folder.write("x", "a b", ""), folder.write("x", "a/b", "")
    assert first != second
    assert folder.write("x", "a b", "again") == first


@pytest.mark.parametrize("seconds", ["1e10", "nan", "inf", "-1", "0", "1e-300", "x", "1e400"])
def test_a_time_limit_that_no_clock_has_is_refused(
    seconds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the command, in one line."""
    with pytest.raises(SystemExit, match="2"):
        main(["conformance", "--time-limit", seconds])
    assert "is not a positive number of seconds, from 0.001 to 86400" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["1e10", "nan", "inf", "-1", "1e-300"])
def test_pytest_refuses_the_same_limits(run_python: RunPython, seconds: str) -> None:
    """With its own exit status for usage."""
    options = ["--pyargs", "convdispatch.conformance", "--convdispatch-backend=numpy"]
    done = run_python("-m", "pytest", *options, f"--convdispatch-time-limit={seconds}")
    assert done.returncode == 4
    assert "from 0.001 to 86400 seconds" in done.stderr


BAD = [None, -1, 10**400, float("nan"), "", "\x1b[31m", "\ud800", "x" * 999, [], {}, [[]], True]


@pytest.fixture(scope="module")
def report_text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give a report with one outcome of each kind, and everything that a backend may declare."""
    folder = tmp_path_factory.mktemp("report")
    site = Rogue(
        faults={"tanh": "x = 1.0", "relu": "x = 1.0"},
        unsupported={"conv1d:groups": "too hard"},
        known_failures='[[known-failure]]\nreason = "bug 12"\ncases = ["*/1d-pads-1-1-*"]\n',
    ).install(folder)
    command = ["conformance", "--backend", "rogue", "--case", CASES, "--json", "r.json"]
    environ = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-m", "convdispatch", *command]
    subprocess.run(command, cwd=folder, env=environ, capture_output=True, check=False)
    report = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    report["backends"][0]["accuracy"] = {"conv1d": {"factor": 2.0, "reason": "by design"}}
    return json.dumps(report)


def places(value: object, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the way to each value, of a list to the first two."""
    found = [place] if place else []
    if isinstance(value, dict):
        found += [one for key in value for one in places(value[key], (*place, key))]
    elif isinstance(value, list):
        found += [
            one for key in range(min(len(value), 2)) for one in places(value[key], (*place, key))
        ]
    return found


def test_broken_reports_exit_with_2(
    report_text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each value in turn is replaced by what does not belong there; no command raises or says 1.

    1 is the answer of a comparison alone, which some of the changed reports do allow.
    """
    sound, changed = tmp_path / "sound.json", tmp_path / "changed.json"
    sound.write_text(report_text, encoding="utf-8")
    values = itertools.cycle(BAD)
    for place in places(json.loads(report_text)):
        report = json.loads(report_text)
        outer = report
        for key in place[:-1]:
            outer = outer[key]
        outer[place[-1]] = next(values)
        changed.write_text(json.dumps(report), encoding="utf-8")
        code = main(["conformance", "matrix", str(changed)])
        assert code in (0, 2)
        comparison = main(["conformance", "diff", str(changed), str(changed)])
        assert comparison == code
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        assert all(line.isprintable() for line in (captured.out + captured.err).split("\n"))


def test_a_name_cannot_look_like_a_verdict(
    report_text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line's end in a name is written out: the last line is ours."""
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(report_text.replace('"rogue"', '"rogue\\nNo regressions."'), encoding="utf-8")
    report = json.loads(report_text)
    new.write_text(json.dumps({**report, "backends": []}), encoding="utf-8")
    assert main(["conformance", "diff", str(old), str(new)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "No regressions." not in lines
    assert lines[-1] == "1 regression."


@POSIX
@pytest.mark.parametrize(
    "command", ["diff {0} {0}", "matrix {0}", "matrix report.json --check {0}"]
)
@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "missing", "huge"])
def test_what_is_no_file_is_no_report(
    folder: Path, failure: Failure, monkeypatch: pytest.MonkeyPatch, command: str, kind: str
) -> None:
    """An empty pipe, an endless device and 2 GB are refused at once."""
    path = folder / "special"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = Path("/dev/zero")
    elif kind == "huge":
        with path.open("wb") as stream:
            stream.truncate(2 * 2**30)
    monkeypatch.chdir(folder)
    words = failure("conformance", *command.format(path).split(), code=2)
    if kind == "folder" and command.startswith("diff"):  # which reads folders of reports
        assert "has no report" in words
    else:
        assert "cannot read the report" in words or "cannot be read" in words


EXIT_CODES = [
    pytest.param(["config", "get", "floatx"], 0, id="done"),
    pytest.param(["conformance", "diff", "nowhere", "nowhere"], 2, id="no report"),
    pytest.param(["compare", "nowhere.py"], 2, id="no file"),
    pytest.param(["conformance", "--backend", "nope"], 2, id="no backend"),
    pytest.param(["conformance", "--json", "/nowhere/x"], 2, id="no folder"),
    pytest.param(["bench", "diff", "nowhere", "nowhere"], 2, id="no revision"),
    pytest.param(["new-backend", "numpy"], 2, id="a name in use"),
]


@pytest.mark.parametrize(("arguments", "code"), EXIT_CODES)
def test_the_exit_status_is_that_of_the_table(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """docs/reference/command-line.md has it; 1, 3, 130 and 141 have tests of their own."""
    assert main(arguments) == code
    assert "Traceback" not in capsys.readouterr().err


def test_a_broken_configuration_is_trouble(keras_json: Path, failure: Failure) -> None:
    """No check has failed where none could be made."""
    keras_json.write_text("{", encoding="utf-8")
    assert "keras.json" in failure("config", "show", code=2)


def test_a_fault_of_ours_is_trouble(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is shown whole, and its exit status differs from that of a failed check."""
    monkeypatch.setattr("convdispatch.cli._config._path", None)
    assert main(["config", "path"]) == 2
    assert "TypeError" in capsys.readouterr().err


def test_hypothesis_leaves_no_folder(run_python: RunPython, tmp_path: Path) -> None:
    """Neither the command nor pytest makes `.hypothesis` where the user is."""
    (tmp_path / "local.py").write_text("NUMBER = 12345\n", encoding="utf-8")
    program = """
import local
from convdispatch.conformance import cases
from convdispatch.registry import registry
(case,) = [c for c in cases.build() if c.id == "conv1d/full/generated-last-float32"]
case.run(registry.load("numpy"))
"""
    before = sorted(tmp_path.iterdir())
    environ = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", program]
    subprocess.run(command, cwd=tmp_path, env=environ, check=True, capture_output=True)
    assert sorted(tmp_path.iterdir()) == before
