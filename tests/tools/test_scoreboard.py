"""The scoreboard: an engine that misbehaves has a row that says so, and costs the others nothing.

The engines are NumPy with faults, found on a path; nothing is installed and nothing downloaded.
"""

from __future__ import annotations

import functools
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from places import ROOT
from rogue_backends import CASES, COUNT, RELU, SIGMOID, TANH, Rogue

from convdispatch.conformance.report.records import Report, read
from scoreboard import markdown, website
from scoreboard.__main__ import main, write_pages
from scoreboard.counting import Row, row
from scoreboard.engines import Engine, read_engines
from scoreboard.environments import Installed, NotInstalledError, install
from scoreboard.judging import Run, judge
from scoreboard.keeping import keep, kept
from scoreboard.watching import Limits, run

pytestmark = pytest.mark.same_everywhere  # They run a rogue of the tests: NumPy with faults.

ENGINE = Engine(name="rogue", title="Rogue", backend="rogue", example="none")
SETTINGS = Run(selection=("--case", CASES, "--jobs", "1", "--time-limit", "5"), minutes=2)
HANG = "import time; time.sleep(60)"
EAT = "import time; held = b'x' * 2**29; time.sleep(20)"
needs_proc = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory is read from /proc"
)


def installer(rogue: Rogue, folder: Path) -> functools.partial[Installed]:
    """Return what stands in for pip: the rogue's folder is on the path."""
    path = os.pathsep.join([str(rogue.install(folder)), *sys.path])
    installed = Installed(
        python=Path(sys.executable), versions={"rogue": "1.0"}, environ={"PYTHONPATH": path}
    )
    return functools.partial(lambda engine: installed)


def judged(rogue: Rogue, folder: Path, settings: Run = SETTINGS) -> Row:
    """Return the row of an engine with these faults."""
    return row(ENGINE, judge(ENGINE, installer(rogue, folder), settings))


def test_aborts_hangs_and_prints_are_counted_and_the_rest_passes(tmp_path: Path) -> None:
    """Of 22 cases one aborts, two hang and one prints; 18 pass. The row says each."""
    found = judged(
        Rogue(faults={"tanh": "os.abort()", "sigmoid": HANG, "relu": "print('hello')"}), tmp_path
    )
    assert (found.total.passed, found.total.failed) == (COUNT - 4, 4)
    assert found.notes == [
        "1 case ended the process",
        "2 cases did not end in time",
        "1 case printed to standard output",
    ]
    failed = {one.case for one in found.record.outcomes if one.status == "failed"}
    assert failed == {TANH, RELU, *SIGMOID}


@needs_proc
def test_memory_is_limited(tmp_path: Path) -> None:
    """The process that takes half a gibibyte more than it may is ended; the others go on."""
    settings = Run(
        selection=("--case", CASES, "--jobs", "1", "--time-limit", "15"),
        minutes=2,
        memory=2**29,
    )
    found = judged(Rogue(faults={"tanh": EAT + "; x = 0"}), tmp_path, settings)
    assert (found.total.passed, found.total.failed) == (COUNT - 1, 1)
    assert found.notes == [
        "1 case ended the process",
        "1 of its processes took more than 0.5 GiB of memory and were ended",
    ]


def test_an_engine_that_is_too_slow_is_stopped_with_what_it_did(tmp_path: Path) -> None:
    """The time is over while a case hangs: the cases before it have their outcome."""
    settings = Run(
        selection=("--case", CASES, "--jobs", "1", "--time-limit", "100"), minutes=8 / 60
    )
    found = judged(Rogue(faults={"sigmoid": HANG}), tmp_path, settings)
    assert found.total.not_run > 0
    assert found.total.passed + found.total.not_run == COUNT
    assert "it was stopped after 0.133333 minutes" in found.notes


def test_an_engine_that_cannot_be_loaded_is_a_row(tmp_path: Path) -> None:
    """Its library ends the process at once: no case runs, and the row says how it ended."""
    found = judged(Rogue(load="os.abort()"), tmp_path)
    assert found.total.passed == 0
    assert "SIGABRT" in found.record.detail
    assert found.notes[0] == found.record.detail


def test_an_engine_whose_plugin_ends_python_is_a_row(tmp_path: Path) -> None:
    """Not even the command can run, so there is no report to read."""
    found = judged(Rogue(plugin="\nimport os\nos._exit(3)\n"), tmp_path)
    assert found.notes == ["it ended with status 3 and wrote no report: it said nothing"]
    assert found.report.cases == ()


def test_an_engine_that_cannot_be_installed_is_a_row(tmp_path: Path) -> None:
    """Pip's own words are in the row: here the checkout has nothing to install."""
    (tmp_path / "constraints.txt").touch()

    def of(engine: Engine) -> Installed:
        return install(engine, root=tmp_path, environments=tmp_path / "made", seconds=100)

    found = row(ENGINE, judge(ENGINE, of, SETTINGS))
    assert found.record.status == "unavailable"
    assert found.notes[0].startswith("it cannot be installed: pip: ERROR:")
    assert "| [Rogue](#rogue) | - |" in markdown.page([found], ())
    assert "unavailable; it cannot be installed: pip: ERROR:" in website.page([found], ())


def test_an_installation_that_hangs_ends(tmp_path: Path) -> None:
    """The limit of time is for the installation as well."""
    with pytest.raises(NotInstalledError, match=r"venv did not end within 0\.05 seconds"):
        install(ENGINE, root=tmp_path, environments=tmp_path / "made", seconds=0.05)


@needs_proc
def test_a_command_ends_with_its_children(tmp_path: Path) -> None:
    """A process that started another and hangs leaves nothing behind."""
    code = (
        "import subprocess, sys, time, signal\n"
        "signal.signal(signal.SIGINT, signal.SIG_DFL)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)"
    )
    ended = run([sys.executable, "-c", code], os.environ, Limits(seconds=1), tmp_path)
    assert ended.is_late
    child = int(ended.output)
    deadline = time.monotonic() + 5
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(child)


def is_running(pid: int) -> bool:
    """Say whether the process computes; one that nobody has waited for does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return False


def test_a_kept_report_is_small_and_has_the_same_figures(tmp_path: Path) -> None:
    """Scripts and claims are left out; statuses, errors and times are not."""
    report = judge(ENGINE, installer(Rogue(faults={"tanh": "x = 1"}), tmp_path), SETTINGS)
    path = keep(report, ENGINE, tmp_path / "kept")
    again = kept(ENGINE, tmp_path / "kept")
    assert again is not None
    assert row(ENGINE, again).cells.keys() == row(ENGINE, report).cells.keys()
    assert row(ENGINE, again).total.words() == f"{COUNT - 1} passed, 1 failed"
    assert path.stat().st_size < len(report.to_json()) / 8
    assert keep(again, ENGINE, tmp_path / "kept").read_bytes() == path.read_bytes()
    assert again.versions["rogue"] == "1.0"


def test_one_engine_is_renewed_and_the_others_stay(tmp_path: Path) -> None:
    """`-- NAME` writes one report; the pages have the rows of both."""
    table = tmp_path / "engines.toml"
    entry = '[[engine]]\nname = "{0}"\ntitle = "The {0}"\nbackend = "{0}"\nexample = "no"\n'
    table.write_text(entry.format("first") + entry.format("second"), "utf-8")
    docs = tmp_path / "docs"
    first = Engine(name="first", title="The first", backend="first", example="no")
    report = judge(ENGINE, installer(Rogue(), tmp_path), SETTINGS)
    kept_before = keep(report, first, docs / "scoreboard").read_bytes()
    options = ["--engines", str(table), "--docs", str(docs), "--minutes", "0.0001"]
    assert main(["second", *options, "--environments", str(tmp_path / "made")]) == 0
    assert (docs / "scoreboard/first.json.gz").read_bytes() == kept_before
    page = (docs / "scoreboard.md").read_text("utf-8")
    version, date = f"numpy {np.__version__}", report.created[:10]
    assert f"| [The first](#the-first) | {version} | {date} | {COUNT} | 0 |" in page
    assert "venv did not end within 0.006 seconds" in page
    assert read(docs / "scoreboard/second.json.gz").backends[0].status == "unavailable"


def test_an_unknown_engine_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """The names there are follow."""
    assert main(["tensorrt"]) == 2
    assert "there is no engine 'tensorrt'. There are: onnxruntime, " in capsys.readouterr().err


def test_the_pages_in_docs_are_those_of_the_kept_reports(tmp_path: Path) -> None:
    """Nobody edits them by hand, and none is forgotten where an engine is judged anew."""
    (tmp_path / "scoreboard").symlink_to(ROOT / "docs/scoreboard")
    write_pages(read_engines(ROOT / "tools/scoreboard/engines.toml"), tmp_path)
    for name in ("scoreboard.md", "scoreboard.html"):
        assert (ROOT / "docs" / name).read_text("utf-8") == (tmp_path / name).read_text("utf-8")


def test_a_page_does_not_believe_an_engine(tmp_path: Path) -> None:
    """What an engine says is text: neither markup nor another row."""
    report: Report = judge(
        ENGINE, installer(Rogue(load="raise ValueError('<b>|x|</b>\\n| a |')"), tmp_path), SETTINGS
    )
    page = markdown.page([row(ENGINE, report)], ())
    assert "\\<b\\>\\|x\\|\\</b\\>" in page
    assert "\n| a |" not in page
    assert "<b>|x|" not in website.page([row(ENGINE, report)], ())
