"""Ctrl-C, SIGTERM and SIGHUP end a conformance run at once, with the report of what ran.

The moments are those at which the run does something else each time. How long it takes is measured
from the signal to the end of the process, beside what the other workers compute.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rogue_backends import CASES, COUNT, Rogue

from convdispatch.support.interrupts import Interrupts

# What is promised, on a machine of its own. One that runs other tests meanwhile takes longer.
LIMIT = float(os.environ.get("CONVDISPATCH_TEST_INTERRUPT_SECONDS", "5"))

pytestmark = pytest.mark.same_everywhere  # They run a rogue of the tests, or NumPy's backend.

MARK = "open({path!r}, 'a').write('x'); "


def started(site: Path, report: Path, *options: str) -> subprocess.Popen[str]:
    """Start a run that writes a report."""
    command = [sys.executable, "-m", "convdispatch", "conformance", "--backend", "rogue"]
    return subprocess.Popen(
        [*command, "--case", CASES, "--json", str(report), *options],
        env={**os.environ, "PYTHONPATH": str(site)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path) -> None:
    """Wait until the file is there; fail after a minute."""
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def ended(process: subprocess.Popen[str], *signals: signal.Signals) -> tuple[float, str, str]:
    """Send the signals, a moment apart; return how long the process took to end, and its words."""
    begun = time.monotonic()
    for number in signals:
        process.send_signal(number)
        time.sleep(0.02)
    out, err = process.communicate(timeout=60)
    return time.monotonic() - begun, out, err


def hang(mark: Path) -> str:
    """Return a statement that says that it runs, and then does so for a minute."""
    return MARK.format(path=str(mark)) + "time.sleep(60)"


MOMENTS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "collection": lambda mark: {
        "plugin": f"import time; {MARK.format(path=str(mark))}time.sleep(0.3)\n"
    },
    "import in a worker": lambda mark: {"load": hang(mark)},
    "a case": lambda mark: {"faults": {"sigmoid": hang(mark)}},
    "the last case": lambda mark: {"faults": {"tanh": hang(mark)}},
}
SIGNALS = {
    "once": (signal.SIGINT,),
    "twice": (signal.SIGINT, signal.SIGINT),
    "SIGTERM": (signal.SIGTERM,),
    "SIGHUP": (signal.SIGHUP, signal.SIGINT),
}


@pytest.mark.parametrize(
    ("moment", "signals"),
    [
        *((moment, "twice") for moment in MOMENTS),
        *(("a case", signals) for signals in SIGNALS if signals != "twice"),
    ],
)
def test_a_run_ends_at_once_with_the_report_of_what_ran(
    tmp_path: Path, moment: str, signals: str
) -> None:
    """Whatever it is doing, and although the user is impatient."""
    mark, report = tmp_path / "mark", tmp_path / "report.json"
    site = Rogue(**MOMENTS[moment](mark)).install(tmp_path)
    process = started(site, report, "--jobs", "2")
    wait_for(mark)
    seconds, out, err = ended(process, *SIGNALS[signals])
    assert (process.returncode, err) == (130, "")
    assert seconds < LIMIT
    found = json.loads(report.read_text())
    (record,) = found["backends"]
    assert record["status"] == "available"
    assert record["problems"] == ["the run was interrupted"]
    missing = COUNT - len(record["outcomes"])
    assert len(found["cases"]) == COUNT
    assert 0 < missing <= COUNT
    assert f"not run, {missing} of {COUNT} cases:" in out


def test_a_signal_while_the_reports_are_written_loses_none(tmp_path: Path) -> None:
    """The files and the text are whole, and the exit status says that it was interrupted."""
    report, mark = tmp_path / "report.json", tmp_path / "mark"
    program = f"""
import os, signal, sys
from convdispatch.cli import main
usual = os.fsync
def slow(descriptor):
    for _ in range(3):
        os.kill(os.getpid(), signal.SIGINT)
    open({str(mark)!r}, "w").close()
    usual(descriptor)
os.fsync = slow
sys.exit(main())
"""
    command = [sys.executable, "-c", program, "conformance", "--backend", "numpy"]
    options = ["--case", "conv1d/core/1d-plain-*", "--json", str(report)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")
    assert mark.exists()
    assert json.loads(report.read_text())["backends"][0]["problems"] == []
    assert done.stdout.endswith("0 of 4 cases failed.\n")


def test_a_plugin_that_hangs_at_import_does_not_keep_the_command(tmp_path: Path) -> None:
    """Nothing is known of the cases then, so no report is written."""
    mark, report = tmp_path / "mark", tmp_path / "report.json"
    site = Rogue(plugin=f"import time; {hang(mark)}\n").install(tmp_path)
    process = started(site, report)
    wait_for(mark)
    seconds, out, _ = ended(process, signal.SIGINT)
    assert (process.returncode, out) == (130, "")
    assert seconds < LIMIT
    assert not report.exists()


def test_what_is_ignored_stays_ignored(tmp_path: Path) -> None:
    """A run that was started by nohup goes on when the terminal closes."""
    mark, report = tmp_path / "mark", tmp_path / "report.json"
    fault = MARK.format(path=str(mark)) + "time.sleep(0.5)"
    site = Rogue(faults={"tanh": fault}).install(tmp_path)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = started(site, report)
    finally:
        signal.signal(signal.SIGHUP, before)
    wait_for(mark)
    _, out, _ = ended(process, signal.SIGHUP)
    assert process.returncode == 0
    assert out.endswith(f"0 of {COUNT} cases failed.\n")


def test_the_first_request_raises_and_the_next_are_ignored() -> None:
    """Cleaning up is not interrupted again."""
    interrupts = Interrupts()
    before = signal.getsignal(signal.SIGTERM)
    with interrupts.handled():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        assert interrupts.came
    assert signal.getsignal(signal.SIGTERM) == before


def test_an_answer_is_given_once_also_for_an_earlier_request() -> None:
    """A new handler receives a request that came before it."""
    interrupts = Interrupts()
    heard: list[str] = []
    with interrupts.handled():
        with interrupts.answered_by(lambda: heard.append("early")):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        with interrupts.answered_by(lambda: heard.append("late")):
            signal.raise_signal(signal.SIGINT)
    assert heard == ["early", "late"]


def test_what_is_postponed_too_long_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that ends in time is not; the alarm that was there before is put back."""
    monkeypatch.setattr("convdispatch.support.interrupts._PATIENCE", 0.1)
    interrupts = Interrupts()
    before = signal.getsignal(signal.SIGALRM)
    with interrupts.handled():
        with interrupts.postponed():
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt), interrupts.postponed():
            time.sleep(10)
    assert signal.getsignal(signal.SIGALRM) == before
