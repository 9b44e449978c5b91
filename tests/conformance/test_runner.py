"""Each backend runs in processes of its own: whatever one of them does is a line of the report."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rogue_backends import CASES, COUNT, RELU, SIGMOID, TANH, Rogue

from convdispatch.conformance.case import Case
from convdispatch.conformance.report import BackendRecord, OutcomeRecord
from convdispatch.conformance.results import PASSED, Outcome
from convdispatch.conformance.run.assembling import unanswered
from convdispatch.registry import AVAILABLE

pytestmark = pytest.mark.same_everywhere  # They run a rogue of the tests, or NumPy's backend.

RunPython = Callable[..., subprocess.CompletedProcess[str]]
Tested = Callable[..., dict[str, Any]]


# A statement: `write` to whatever descriptor is open, and a whole answer for the case at hand.
FORGED = {
    "token": "guessed",
    "script": "",
    "left_out": {},
    "outcome": {
        "case": TANH,
        "status": "passed",
        "kind": "",
        "detail": "",
        "seconds": 0.0,
        "measured": None,
        "works": False,
    },
}
WRITE = f"""
import contextlib, json
FORGED = json.dumps({FORGED!r}).encode() + b"\\n"
def write(number, text):
    with contextlib.suppress(OSError):
        os.write(number, text)
"""


@pytest.fixture
def tested(tmp_path: Path, run_python: RunPython) -> Tested:
    """Return a function that runs the cases on a rogue and returns its part of the report."""

    def run(rogue: Rogue, *arguments: str, code: int) -> dict[str, Any]:
        path = tmp_path / "report.json"
        options = ["--backend", rogue.name, "--case", CASES, "--json", str(path), *arguments]
        done = run_python(
            "-m", "convdispatch", "conformance", *options, paths=(rogue.install(tmp_path),)
        )
        assert done.returncode == code, done.stdout + done.stderr
        (record,) = json.loads(path.read_text())["backends"]
        assert record["name"] == rogue.name
        return dict(record)

    return run


def failures(record: dict[str, Any]) -> dict[str, str]:
    """Return the kind of each failed case."""
    return {one["case"]: one["kind"] for one in record["outcomes"] if one["status"] == "failed"}


def details(record: dict[str, Any], case: str) -> str:
    """Return what the report says of a case."""
    (found,) = (one["detail"] for one in record["outcomes"] if one["case"] == case)
    return str(found)


def test_a_backend_without_fault_passes(tested: Tested) -> None:
    """The rogue itself is sound: what the tests below find are the faults that they plant."""
    record = tested(Rogue(), code=0)
    assert record["counts"]["passed"] == COUNT == len(record["outcomes"])
    assert record["problems"] == []


@pytest.mark.parametrize(
    ("fault", "kind", "detail"),
    [
        pytest.param("os.abort()", "crash", "was ended by SIGABRT", id="abort"),
        pytest.param("os._exit(7)", "crash", "ended with status 7", id="exit"),
        pytest.param("os.write(2, b'last words'); os.abort()", "crash", "last words", id="words"),
        pytest.param("os.kill(os.getpid(), 11)", "crash", "was ended by SIGSEGV", id="segfault"),
        pytest.param("time.sleep(100)", "time limit", "within 1 seconds", id="hang"),
        pytest.param("print('chatter')", "printed", "'chatter\\n'", id="print"),
        pytest.param("os.write(1, b'chatter')", "printed", "'chatter'", id="file descriptor"),
        pytest.param(
            "ctypes.CDLL(None).printf(b'chatter')", "printed", "'chatter'", id="C's buffer"
        ),
        pytest.param("raise RuntimeError('bad day')", "error", "RuntimeError: bad day", id="raise"),
        pytest.param("sys.exit(0)", "error", "SystemExit: 0", id="sys.exit"),
        pytest.param("x = 1.0", "mismatch", "is wrong in 6 of 6 cells", id="wrong"),
        pytest.param("raise BaseException('bad day')", "error", "BaseException: bad", id="base"),
        pytest.param("raise KeyboardInterrupt", "crash", "KeyboardInterrupt", id="interrupt"),
        pytest.param("os._exit(0)", "crash", "ended with status 0", id="leave"),
        pytest.param("os.fork()", "error", "it forked, and the child came back", id="fork"),
        pytest.param("os.fork() or os._exit(0)", None, "", id="a child that ends itself"),
        pytest.param("os.fork() and os._exit(0)", "crash", "status 0", id="a child that stays"),
        pytest.param("os.closerange(3, 99)", "crash", "the process ended", id="closed pipes"),
        pytest.param("[write(n, b'hm\\n') for n in range(3, 99)]", "error", "'hm'", id="noise"),
        pytest.param(
            "[write(n, b'\\xff\\n') for n in range(3, 99)]", "error", "which is not one", id="bytes"
        ),
        pytest.param("[write(n, b'{}\\n') for n in range(3, 99)]", "error", "'{}'", id="empty"),
        pytest.param(
            "[write(n, FORGED) for n in range(3, 99)]", "error", "was asked for this", id="forged"
        ),
    ],
)
def test_one_fault_is_one_failed_case(tested: Tested, fault: str, kind: str, detail: str) -> None:
    """The case fails with the kind and the words of its fault, and all others are run."""
    rogue = Rogue(faults={"tanh": fault}, load=WRITE)
    record = tested(rogue, "--time-limit", "1", "--jobs", "1", code=0 if kind is None else 1)
    assert failures(record) == ({} if kind is None else {TANH: kind})
    assert detail in details(record, TANH)
    assert record["counts"]["passed"] == COUNT - len(failures(record))
    assert len({one["case"] for one in record["outcomes"]}) == COUNT
    assert record["problems"] == []


def test_several_crashes_are_several_failed_cases(tested: Tested) -> None:
    """A lost process is replaced as often as necessary, also by several at a time."""
    faults = dict.fromkeys(("tanh", "sigmoid", "relu"), "os.abort()")
    record = tested(Rogue(faults=faults), "--jobs", "2", code=1)
    assert failures(record) == dict.fromkeys((TANH, *SIGMOID, RELU), "crash")
    assert record["counts"]["passed"] == COUNT - 4


def test_children_of_a_hanging_backend_are_ended(tested: Tested, tmp_path: Path) -> None:
    """Nothing that a killed process has started lives on."""
    alive = tmp_path / "alive"
    child = f"import time; time.sleep(4); open({str(alive)!r}, 'w')"
    fault = f"import subprocess; subprocess.run([sys.executable, '-c', {child!r}])"
    record = tested(Rogue(faults={"tanh": fault}), "--time-limit", "1", "--jobs", "1", code=1)
    assert failures(record) == {TANH: "time limit"}
    subprocess.run(["sleep", "4"], check=True)
    assert not alive.exists()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        pytest.param("os.abort()", "crash", id="crash"),
        pytest.param("time.sleep(100)", "time limit", id="hang"),
        pytest.param("print('chatter')", "printed", id="print"),
        pytest.param("x = 1.0", "mismatch", id="wrong"),
    ],
)
def test_a_known_failure_may_be_of_any_kind(tested: Tested, fault: str, kind: str) -> None:
    """A listed case that crashes, hangs, prints or is wrong does not fail the run."""
    known = f'[[known-failure]]\nreason = "see bug 12"\ncases = ["{TANH}"]\n'
    rogue = Rogue(faults={"tanh": fault}, known_failures=known)
    record = tested(rogue, "--time-limit", "1", "--jobs", "1", code=0)
    assert record["counts"] == {
        "passed": COUNT - 1,
        "failed": 0,
        "unsupported": 0,
        "known failure": 1,
        "unavailable": 0,
    }
    (outcome,) = (one for one in record["outcomes"] if one["status"] == "known failure")
    assert (outcome["case"], outcome["kind"]) == (TANH, kind)
    assert outcome["detail"].splitlines()[0] == "see bug 12"


def test_a_known_failure_that_passes_fails(tested: Tested) -> None:
    """The list is strict: what works has to be taken off."""
    known = f'[[known-failure]]\nreason = "see bug 12"\ncases = ["{TANH}"]\n'
    record = tested(Rogue(known_failures=known), code=1)
    assert failures(record) == {TANH: "unexpected pass"}
    assert "see bug 12. Take it off the list" in details(record, TANH)


def test_a_known_failure_of_no_case_fails_the_run(tested: Tested) -> None:
    """An entry that matches nothing is a problem, although every case passes."""
    known = '[[known-failure]]\nreason = "see bug 12"\ncases = ["conv4d/*"]\n'
    record = tested(Rogue(known_failures=known), code=1)
    assert failures(record) == {}
    (problem,) = record["problems"]
    assert "known_failures.toml lists 'conv4d/*', which no case matches" in problem


def test_a_known_failure_of_an_unselected_case_is_not_stale(tested: Tested) -> None:
    """Entries are compared with all cases there are, not with those of this run."""
    known = '[[known-failure]]\nreason = "see bug 12"\ncases = ["conv3d/*"]\n'
    assert tested(Rogue(known_failures=known), code=0)["problems"] == []


def test_an_illegible_list_of_known_failures_is_the_backends_fault(tested: Tested) -> None:
    """The report names the file and what is wrong with it; no case is run."""
    record = tested(Rogue(known_failures="[[known-failure]]\n"), code=3)
    assert (record["status"], record["outcomes"]) == ("broken", [])
    assert "known_failures.toml: an entry is {}" in record["detail"]


def test_what_is_declared_unsupported_and_works_is_reported(tested: Tested) -> None:
    """Every unsupported case is tried: one works, one is wrong, and neither fails the run."""
    unsupported = {"conv1d:strides": "too hard; use 1"}
    record = tested(Rogue(unsupported=unsupported, faults={"sigmoid": "x = 1.0"}), code=1)
    skipped = {one["case"]: one for one in record["outcomes"] if one["status"] == "unsupported"}
    assert {one["detail"] for one in skipped.values()} == {"conv1d:strides: too hard; use 1"}
    assert not skipped[SIGMOID[1]]["works"]
    assert {case for case, one in skipped.items() if one["works"]} == set(skipped) - {SIGMOID[1]}
    assert failures(record) == {SIGMOID[0]: "mismatch"}


def test_what_crashes_is_tried_once_where_it_is_declared_unsupported(tested: Tested) -> None:
    """A declaration that is right about a crash does not cost a process for each of its cases."""
    faults = dict.fromkeys(("linear", "relu", "sigmoid", "tanh"), "os.abort()")
    rogue = Rogue(unsupported={"conv1d": "it crashes"}, faults=faults)
    record = tested(rogue, "--jobs", "1", code=0)
    assert record["counts"]["unsupported"] == COUNT
    assert sum(one["seconds"] > 0 for one in record["outcomes"]) == 1


@pytest.mark.parametrize(
    ("load", "detail"),
    [
        pytest.param("raise RuntimeError('bad day')", "RuntimeError: bad day", id="raises"),
        pytest.param(
            "os.write(2, b'last words'); os.abort()", "SIGABRT; it said: last words", id="aborts"
        ),
        pytest.param("sys.exit(3)", "SystemExit: 3, which would have ended", id="exits"),
        pytest.param("os._exit(0)", "the process ended with status 0", id="leaves"),
        pytest.param("os.fork()", "forks while it is loaded", id="forks"),
        pytest.param("raise GeneratorExit", "GeneratorExit", id="base"),
    ],
)
def test_a_backend_that_cannot_be_loaded_is_broken(tested: Tested, load: str, detail: str) -> None:
    """The report says why, once, and the exit status is neither 0 nor that of a failed case."""
    record = tested(Rogue(load=load), code=3)
    assert (record["status"], record["outcomes"]) == ("broken", [])
    assert detail in record["detail"]
    assert record["problems"] == [f"{COUNT} cases were not run: the backend could not be loaded"]


def test_printing_while_loading_is_a_problem(tested: Tested) -> None:
    """It belongs to no case, and fails the run."""
    record = tested(Rogue(load="print('welcome')"), code=1)
    assert record["problems"] == ["it wrote to standard output while it was loaded: 'welcome\\n'"]
    assert record["counts"]["passed"] == COUNT


@pytest.mark.parametrize(
    ("environ", "passed"),
    [pytest.param({}, COUNT, id="unset"), pytest.param({"ROGUE": "mine"}, COUNT - 1, id="set")],
)
def test_the_test_environment_is_set_where_the_user_has_not(
    tested: Tested, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], passed: int
) -> None:
    """The backend's variables are there before it is loaded; the user's own values win."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    fault = "x = None if os.environ['ROGUE'] == 'its own' else 1.0"
    rogue = Rogue(environment={"ROGUE": "its own"}, faults={"tanh": fault})
    record = tested(rogue, code=0 if passed == COUNT else 1)
    assert record["counts"]["passed"] == passed


FAILS_TO_LOWER = """
@hookimpl
def convdispatch_lower(backend, op, signature):
    raise SystemExit(0)
"""


def test_a_plugin_without_which_the_cases_were_run_is_a_problem(tested: Tested) -> None:
    """If the tested code is not the installed code, the cases pass and the run fails."""
    record = tested(Rogue(plugin=FAILS_TO_LOWER), code=1)
    assert record["counts"]["passed"] == COUNT
    (problem,) = record["problems"]
    assert "the plugin 'rogue:rogue' was left out" in problem
    assert "SystemExit: 0" in problem


def test_a_run_in_which_nothing_could_be_checked_fails(tested: Tested) -> None:
    """A backend that misses something for every case is not one without faults."""
    missing = "from convdispatch.errors import BackendUnavailable as B; raise B('no device')"
    faults = dict.fromkeys(("linear", "relu", "sigmoid", "tanh"), missing)
    record = tested(Rogue(faults=faults), code=1)
    assert record["counts"]["unavailable"] == COUNT
    assert record["problems"] == ["no case could be checked: no device"]


def test_cases_without_an_outcome_are_named() -> None:
    """Whatever loses an outcome on its way, the run says whose."""
    cases = [Case(id=f"c{n}", level="core", op="pad1d", claim="-", check=print) for n in range(30)]
    outcomes = tuple(OutcomeRecord.of(Outcome(case=f"c{n}", status=PASSED), "") for n in range(8))
    record = BackendRecord(name="b", status=AVAILABLE, outcomes=outcomes)
    (problem,) = unanswered(record, cases)
    assert problem.startswith("22 selected cases have no outcome: c8, c9, ")
    assert problem.endswith("c27 and 2 more.")
    assert unanswered(record, cases[:8]) == []


def test_a_plugin_that_exits_leaves_the_run_as_it_is(
    tmp_path: Path, run_python: RunPython, make_distribution: Callable[..., Path]
) -> None:
    """`sys.exit(0)` at import: the run of another backend is done, and reported."""
    folder = make_distribution("quitter", "import sys; sys.exit(0)")
    path = tmp_path / "report.json"
    options = ["--backend", "numpy", "--case", CASES, "--json", str(path)]
    done = run_python("-m", "convdispatch", "conformance", *options, paths=(folder,))
    assert done.returncode == 0, done.stderr
    assert "0 of 22 cases failed" in done.stdout
    (record,) = json.loads(path.read_text())["backends"]
    assert record["counts"]["passed"] == COUNT


CASES_OF_ITS_OWN = """
from convdispatch.conformance.case import Case

@hookimpl
def convdispatch_conformance_cases():
    return [
        Case(id="conv1d/core/1d-added-last-eighths", level="core", op="conv1d",
             claim="It has a name.", check=lambda backend: exec("assert backend.name == 'other'")),
    ]
"""


def test_a_plugins_own_cases_are_run(tested: Tested) -> None:
    """A case that a plugin adds is one of the list, in the parent and in the workers."""
    record = tested(Rogue(plugin=CASES_OF_ITS_OWN), code=1)
    assert failures(record) == {"conv1d/core/1d-added-last-eighths": "error"}
    assert len(record["outcomes"]) == COUNT + 1


CASES_OF_ONE_PROCESS = CASES_OF_ITS_OWN.replace(
    "1d-added", '1d-" + str(__import__("os").getpid()) + "'
)


def test_a_case_of_one_process_only_fails(tested: Tested) -> None:
    """An id that differs between processes is reported, and the run does not wait for it."""
    record = tested(Rogue(plugin=CASES_OF_ONE_PROCESS), code=1)
    (detail,) = (one["detail"] for one in record["outcomes"] if one["status"] == "failed")
    assert detail.startswith("another process does not find the case")


def test_outcomes_are_in_the_order_of_the_cases(tmp_path: Path, run_python: RunPython) -> None:
    """Two processes that work side by side leave no trace in the report's order."""
    path = tmp_path / "report.json"
    options = ["--backend", "numpy", "--case", "conv1d/core/*", "--jobs", "2", "--json", str(path)]
    done = run_python("-m", "convdispatch", "conformance", *options)
    assert done.returncode == 0, done.stderr
    report = json.loads(path.read_text())
    (record,) = report["backends"]
    listed = [case["id"] for case in report["cases"]]
    assert len(listed) > COUNT
    assert [one["case"] for one in record["outcomes"]] == listed
