"""`convdispatch conformance`: what it accepts, prints and writes, and its exit status."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rogue_backends import CASES, COUNT, SIGMOID, TANH, Rogue

from convdispatch.cli import main
from convdispatch.conformance.case import LEVELS
from convdispatch.conformance.run import choosing
from convdispatch.hookspecs import hookimpl
from convdispatch.registry import registry

RunPython = Callable[..., subprocess.CompletedProcess[str]]
Capture = pytest.CaptureFixture[str]
Failure = Callable[..., str]
ONE = ("--case", "conv1d/core/1d-plain-last-eighths")
HAS_JINJA2 = importlib.util.find_spec("jinja2") is not None


def test_the_default_is_the_current_backend_at_level_core(capsys: Capture, tmp_path: Path) -> None:
    """Without arguments it tests NumPy's backend, and nothing fails."""
    path = tmp_path / "report.json"
    assert main(["conformance", "--json", str(path)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("numpy (numpy ")
    assert "0 of" in out.splitlines()[-1]
    report = json.loads(path.read_text())
    assert report["levels"] == ["core"]
    assert [backend["name"] for backend in report["backends"]] == ["numpy"]
    assert {case["level"] for case in report["cases"]} == {"core"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(
            ["--backend", "nope"], "no backend named 'nope'. Allowed: numpy", id="backend"
        ),
        pytest.param(["--backend", "numpy,nope"], "no backend named 'nope'", id="the second"),
        pytest.param(["--backend", ","], "no backend is named. Allowed: numpy", id="no backend"),
        pytest.param(["--level", "easy"], f"Choose from {', '.join(LEVELS)}", id="level"),
        pytest.param(["--level", "core,"], "no conformance level ''", id="an empty level"),
        pytest.param(
            ["--case", "nope/*"], "no case of level full has an id like 'nope/*'", id="case"
        ),
        pytest.param(["--json", "/nowhere/x"], "--json '/nowhere/x' cannot be written", id="json"),
        pytest.param(
            ["--html", "/nowhere/x"],
            "--html '/nowhere/x' cannot be written" if HAS_JINJA2 else "needs the package 'jinja2'",
            id="html",
        ),
        pytest.param(["--json", "/"], "--json '/' cannot be written", id="a folder"),
        pytest.param(
            ["--scripts", "/dev/null"], "--scripts '/dev/null' cannot be made", id="scripts"
        ),
        pytest.param(["--json", "x", "--html", "./x"], "both name './x'", id="the same file"),
    ],
)
def test_wrong_usage_is_one_line_before_the_run(
    failure: Failure, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    """It says what is allowed, exits with 2 and runs nothing."""
    monkeypatch.setattr("convdispatch.conformance.run.runner.run", None)
    assert words in failure("conformance", *arguments, code=2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["--speed=9"], "unrecognized arguments: --speed=9", id="option"),
        pytest.param(["--jobs", "0"], "'0' is not a whole number from 1", id="no jobs"),
        pytest.param(["--jobs", "two"], "'two' is not a whole number from 1", id="jobs no number"),
        pytest.param(["--seed=-1"], "'-1' is not a whole number from 0", id="negative seed"),
        pytest.param(["--seed", "1.5"], "'1.5' is not a whole number from 0", id="broken seed"),
        pytest.param(["--time-limit", "0"], "'0' is not a positive number", id="no time"),
        pytest.param(["--time-limit", "nan"], "'nan' is not a positive number", id="NaN"),
        pytest.param(["--time-limit", "inf"], "'inf' is not a positive number", id="infinity"),
        pytest.param(["diff", "old.json"], "required: NEW.json", id="one report to compare"),
    ],
)
def test_a_wrong_option_is_one_line(capsys: Capture, arguments: list[str], words: str) -> None:
    """An error of argparse is one line too, which lists the options."""
    with pytest.raises(SystemExit, match="2"):
        main(["conformance", *arguments])
    err = capsys.readouterr().err
    assert words in err
    assert "usage: convdispatch conformance" in err
    assert err.count("\n") == 1


def test_an_unwritable_report_leaves_nothing(failure: Failure, tmp_path: Path) -> None:
    """Where one of two files cannot be written, the draft of the other is taken back."""
    path = tmp_path / "report.json"
    failure("conformance", "--json", str(path), "--html", "/nowhere/x", code=2)
    assert list(tmp_path.glob("*report*")) == list(tmp_path.glob(".*report*")) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_report_that_may_not_be_replaced_is_refused(failure: Failure, tmp_path: Path) -> None:
    """A file without permission to write is not replaced behind its back."""
    path = tmp_path / "report.json"
    path.touch(mode=0o444)
    assert "cannot be written" in failure("conformance", *ONE, "--json", str(path), code=2)


def test_an_old_report_is_replaced_and_a_link_is_followed(tmp_path: Path, capsys: Capture) -> None:
    """The file that a link names gets the report, with the usual permissions."""
    path, link = tmp_path / "report.json", tmp_path / "link.json"
    link.symlink_to(path)
    for seed in ("0", "1"):
        assert main(["conformance", *ONE, "--seed", seed, "--json", str(link)]) == 0
        assert link.is_symlink()
        assert json.loads(path.read_text())["seed"] == int(seed)
        assert "0 of 1 cases failed" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--json", "--html"])
@pytest.mark.parametrize(
    "text",
    [
        "my thesis",
        "{}",
        '{"schema_version": 1}',
        "[" * 100_000,
        "<!doctype html>\n",
        '"""A script."""',
    ],
    ids=["text", "JSON", "other JSON", "deep", "page", "script"],
)
def test_a_file_of_the_users_is_not_replaced(
    failure: Failure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, option: str, text: str
) -> None:
    """A typing error never replaces a file that is not a report."""
    if option == "--html":
        pytest.importorskip("jinja2", reason="the page is made by jinja2")
    monkeypatch.setattr("convdispatch.conformance.run.runner.run", None)
    path = tmp_path / "file"
    path.write_text(text)
    words = failure("conformance", *ONE, option, str(path), code=2)
    assert "is not replaced: there is a file that convdispatch did not write" in words
    assert path.read_text() == text


def test_an_empty_file_is_replaced(tmp_path: Path, capsys: Capture) -> None:
    """As `mktemp` makes one."""
    path = tmp_path / "file"
    path.touch()
    assert main(["conformance", *ONE, "--json", str(path)]) == 0
    assert json.loads(path.read_text())["schema_version"] == 2
    assert capsys.readouterr().err == ""


def test_a_report_goes_to_a_pipe_and_to_a_stream(run_python: RunPython, tmp_path: Path) -> None:
    """A pipe with a reader works; a pipe without a reader is refused at once."""
    done = conformance(run_python, *ONE, "--json", "/dev/stdout", paths=())
    assert json.loads(done.stdout.splitlines()[0])["schema_version"] == 2
    assert done.stdout.endswith("0 of 1 cases failed.\n")
    os.mkfifo(tmp_path / "pipe")
    done = conformance(run_python, *ONE, "--json", str(tmp_path / "pipe"), paths=())
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be written" in done.stderr


def test_a_report_that_cannot_be_written_at_the_end_is_said(
    run_python: RunPython, tmp_path: Path
) -> None:
    """The text and the other report are still written."""
    fault = f"import shutil; shutil.rmtree({str(tmp_path / 'folder')!r}, ignore_errors=True)"
    (tmp_path / "folder").mkdir()
    site = Rogue(faults={"tanh": fault}).install(tmp_path)
    options = ["--scripts", str(tmp_path / "scripts"), "--json", str(tmp_path / "folder" / "r")]
    done = conformance(run_python, "--backend", "rogue", "--case", TANH, *options, paths=(site,))
    assert done.returncode == 2
    assert done.stdout.endswith("0 of 1 cases failed.\n")
    assert "cannot be written: there is no such folder" in done.stderr


def test_a_report_may_go_to_a_device(capsys: Capture) -> None:
    """A place beside /dev/null is not needed."""
    assert main(["conformance", *ONE, "--json", "/dev/null"]) == 0
    assert "0 of 1 cases failed" in capsys.readouterr().out


def test_the_page_is_written(tmp_path: Path, capsys: Capture) -> None:
    """--html writes one page that names the backend."""
    pytest.importorskip("jinja2", reason="the page is made by jinja2")
    path = tmp_path / "report.html"
    assert main(["conformance", *ONE, "--html", str(path)]) == 0
    assert "<html" in path.read_text(encoding="utf-8")
    assert "0 of 1 cases failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rogue", "words"),
    [
        pytest.param(
            Rogue(framework="nowhere"), "'nowhere', which is not installed", id="unavailable"
        ),
        pytest.param(
            Rogue(plugin="raise RuntimeError('bad day')"),
            "RuntimeError: bad day",
            id="broken plugin",
        ),
    ],
)
def test_a_named_backend_that_cannot_be_used_exits_with_3(
    run_python: RunPython, tmp_path: Path, rogue: Rogue, words: str
) -> None:
    """One line says why and what to do; nothing is run and no report written."""
    report = tmp_path / "report.json"
    options = ["--backend", "numpy,rogue", "--json", str(report)]
    done = conformance(run_python, *options, paths=(rogue.install(tmp_path),))
    assert (done.returncode, done.stdout) == (3, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert not report.exists()


def conformance(
    run_python: RunPython, *arguments: str, paths: tuple[Path, ...]
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, with plugins installed."""
    return run_python("-m", "convdispatch", "conformance", *arguments, paths=paths)


def test_all_runs_every_available_backend_and_lists_the_others(
    run_python: RunPython, tmp_path: Path
) -> None:
    """A backend that is not installed is in the report with the reason, and nothing fails."""
    rogues = [Rogue(name="sound"), Rogue(name="absent", framework="nowhere")]
    report = tmp_path / "report.json"
    options = ["--backend", "all", "--json", str(report), *ONE]
    done = conformance(run_python, *options, paths=tuple(one.install(tmp_path) for one in rogues))
    assert done.returncode == 0, done.stdout
    found = {one["name"]: one for one in json.loads(report.read_text())["backends"]}
    assert {"numpy", "sound", "absent"} <= set(found)
    assert found["sound"]["counts"]["passed"] == found["numpy"]["counts"]["passed"] == 1
    assert (found["absent"]["status"], found["absent"]["outcomes"]) == ("unavailable", [])
    assert "pip install absent" in found["absent"]["detail"]
    assert "absent is unavailable" in done.stdout.splitlines()[-1]


def test_all_fails_where_a_plugin_is_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is installed, so it was to be tested; the others are all the same."""

    class Plugin:
        @hookimpl
        def convdispatch_backends(self) -> None:
            raise SystemExit(0)

    plugin = Plugin()
    registry.register(plugin, name="quitter:quitter")
    monkeypatch.setattr(choosing, "_every", lambda: ["numpy"])
    try:
        assert main(["conformance", "--backend", "all", *ONE]) == 3
    finally:
        registry.unregister(plugin)
    out = capsys.readouterr().out
    assert "1 passed" in out
    assert "quitter is broken" in out


@pytest.fixture
def rogue_text(run_python: RunPython, tmp_path: Path) -> str:
    """Give what the command prints of a backend with one of each."""
    rogue = Rogue(
        faults={"tanh": "x = 1.0", "relu": "x = 1.0"},
        unsupported={"conv1d:groups": "too hard"},
        known_failures='[[known-failure]]\nreason = "see bug 12"\ncases = ["*/1d-pads-1-1-*"]\n',
    )
    options = [
        "--backend",
        "rogue",
        "--case",
        CASES,
        "--scripts",
        str(tmp_path / "new" / "scripts"),
    ]
    done = conformance(run_python, *options, paths=(rogue.install(tmp_path),))
    assert (done.returncode, done.stderr) == (1, "")
    return " ".join(done.stdout.split())


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("17 passed, 1 failed, 3 unsupported, 1 known failure", id="counts"),
        pytest.param("op all dilation float32 groups strides", id="head of the table"),
        pytest.param("conv1d 17 F1 K1 U3 4 U1 17 F1 K1 U3 U3 10 U1", id="row of the table"),
        pytest.param("op element type in bounds conv1d float32 0.", id="errors"),
        pytest.param("unsupported: 3 x conv1d:groups: too hard", id="unsupported"),
        pytest.param("known failure: 1 x see bug 12", id="known failure"),
        pytest.param("declared unsupported, but working: conv1d/core/1d-groups", id="working"),
        pytest.param("1 of 1 failing, 0 of 17 passing: conv1d with", id="diagnosis"),
        pytest.param(f"failures: {TANH}: mismatch The result is the exact one", id="failure"),
        pytest.param("1 of 22 cases failed.", id="verdict"),
    ],
)
def test_the_text_has_everything(rogue_text: str, words: str) -> None:
    """Counts, the table of op and feature, the worst errors, the lists and each failure."""
    assert words in rogue_text


def test_each_failure_has_a_script(rogue_text: str, tmp_path: Path, run_python: RunPython) -> None:
    """--scripts writes one, in a folder that it makes, and the text names it."""
    (script,) = (tmp_path / "new" / "scripts").iterdir()
    assert f"script: {script}" in rogue_text
    done = run_python(str(script), paths=(tmp_path / "site of rogue",))
    assert "AssertionError" in done.stderr


def test_many_failures_are_counted(run_python: RunPython, tmp_path: Path) -> None:
    """Messages that differ in numbers alone are printed once."""
    wrong = dict.fromkeys(("linear", "relu", "tanh", "sigmoid"), "x = 1.0")
    site = Rogue(faults=wrong).install(tmp_path)
    done = conformance(run_python, "--backend", "rogue", "--case", CASES, paths=(site,))
    assert done.stdout.count(": mismatch") == 1
    assert f" and {COUNT - 1} more like it: mismatch" in done.stdout


def test_a_pattern_selects_of_any_level(capsys: Capture) -> None:
    """An id is enough to run a case, and a level with it narrows."""
    assert main(["conformance", "--case", "conv1d*/full/k1-s1-p0.0-d1-g1-last-*"]) == 0
    assert "0 of 2 cases failed" in capsys.readouterr().out


def test_a_second_pattern_adds_its_cases(capsys: Capture) -> None:
    """Each pattern selects, a case that several match once; one that none matches is an error."""
    first, second = "conv1d/core/1d-plain-last-*", "conv1d/core/1d-plain-*-normal"
    assert main(["conformance", "--case", first, "--case", second]) == 0
    assert "0 of 3 cases failed" in capsys.readouterr().out
    assert main(["conformance", "--case", first, "--case", "nope/*"]) == 2
    assert "has an id like 'nope/*'" in capsys.readouterr().err


def test_the_seed_draws_other_numbers(capsys: Capture) -> None:
    """It reaches the workers: the worst error differs."""
    arguments = ["conformance", "--case", "conv1d/core/1d-plain-last-normal"]
    texts = []
    for seed in ("0", "1"):
        assert main([*arguments, "--seed", seed]) == 0
        (row,) = (line for line in capsys.readouterr().out.splitlines() if "  float32  " in line)
        texts.append(row)
    assert texts[0] != texts[1]


def test_an_interrupted_run_keeps_what_was_done(tmp_path: Path) -> None:
    """Ctrl-C ends the workers and exits with 130; the report says that it is not whole."""
    path, pids = tmp_path / "report.json", tmp_path / "pids"
    fault = f"open({str(pids)!r}, 'a').write(f'{{os.getpid()}}\\n'); time.sleep(100)"
    site = Rogue(faults={"sigmoid": fault}).install(tmp_path)
    options = ["--backend", "rogue", "--case", CASES, "--json", str(path), "--jobs", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "convdispatch", "conformance", *options],
        env={**os.environ, "PYTHONPATH": str(site)},
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_for(pids.exists)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    (record,) = json.loads(path.read_text())["backends"]
    assert record["problems"] == ["the run was interrupted"]
    assert 0 < len(record["outcomes"]) < COUNT
    assert SIGMOID[1] not in {one["case"] for one in record["outcomes"]}
    assert "the run was interrupted" in out
    wait_for(lambda: not is_alive(int(pids.read_text())))


def test_the_workers_end_with_their_parent(tmp_path: Path) -> None:
    """Killed without a chance to clean up, the command leaves no process behind."""
    pids = tmp_path / "pids"
    fault = f"open({str(pids)!r}, 'a').write(f'{{os.getpid()}}\\n'); time.sleep(100)"
    site = Rogue(faults={"tanh": fault}).install(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "convdispatch", "conformance", "--backend", "rogue", "--case", TANH],
        env={**os.environ, "PYTHONPATH": str(site)},
    )
    wait_for(pids.exists)
    process.kill()
    process.wait()
    wait_for(lambda: not is_alive(int(pids.read_text())))


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds; fail after a minute."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Say whether a process is running, zombies aside."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_two_reports_are_compared(run_python: RunPython, tmp_path: Path, capsys: Capture) -> None:
    """`diff` prints what changed and exits with 1 where something no longer works."""
    for folder, faults in (("old", {}), ("new", {"tanh": "x = 1.0"})):
        site = Rogue(faults=faults).install(tmp_path / folder)
        report = str(tmp_path / f"{folder}.json")
        options = ["--backend", "rogue", "--case", CASES, "--json", report]
        conformance(run_python, *options, paths=(site,))
    old, new = str(tmp_path / "old.json"), str(tmp_path / "new.json")
    assert main(["conformance", "diff", old, new]) == 1
    assert TANH in capsys.readouterr().out
    assert main(["conformance", "diff", new, old]) == 0
    assert TANH in capsys.readouterr().out


def test_a_report_is_printed_as_a_support_matrix(tmp_path: Path, capsys: Capture) -> None:
    """`matrix` prints Markdown, of what was run."""
    path = str(tmp_path / "report.json")
    assert main(["conformance", *ONE, "--json", path]) == 0
    capsys.readouterr()
    assert main(["conformance", "matrix", path]) == 0
    out = capsys.readouterr().out
    assert out.startswith("# Support matrix\n")
    assert "| conv1d | 1 |" in out


def test_a_stale_support_matrix_is_told(tmp_path: Path, capsys: Capture) -> None:
    """`matrix --check` returns 0 for the page of the report, and 1 with the lines that differ."""
    path, page = str(tmp_path / "report.json"), tmp_path / "page.md"
    assert main(["conformance", *ONE, "--json", path]) == 0
    capsys.readouterr()
    assert main(["conformance", "matrix", path]) == 0
    page.write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["conformance", "matrix", path, "--check", str(page)]) == 0
    page.write_text(page.read_text("utf-8").replace("| conv1d | 1 |", "| conv1d | 7 |"), "utf-8")
    capsys.readouterr()
    assert main(["conformance", "matrix", path, "--check", str(page)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith(("-|", "+|"))] == [
        "-| conv1d | 7 |",
        "+| conv1d | 1 |",
    ]
    assert lines[-1] == f"{page} is stale: write it anew from {path}."
    assert main(["conformance", "matrix", path, "--check", str(tmp_path / "none.md")]) == 2
    assert "none.md: cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("{", "is not JSON", id="no JSON"),
        pytest.param(
            '{"schema_version": 99}',
            "schema 99; this convdispatch reads 1 and 2",
            id="a newer schema",
        ),
        pytest.param(None, "missing.json", id="no file"),
    ],
)
def test_a_report_that_cannot_be_read_is_one_line(
    failure: Failure, tmp_path: Path, text: str | None, words: str
) -> None:
    """It names the file and what can be read."""
    path = tmp_path / ("missing.json" if text is None else "old.json")
    if text is not None:
        path.write_text(text)
    assert words in failure("conformance", "diff", str(path), str(path), code=2)


def test_the_progress_is_for_a_terminal(run_python: RunPython) -> None:
    """Nothing is written to a standard error that is a file or a pipe."""
    done = conformance(run_python, *ONE, paths=())
    assert (done.returncode, done.stderr) == (0, "")
