"""The pytest plugin: what a third party's run of the suite collects, says and ends with."""

from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest
from places import ROOT
from rogue_backends import COUNT, RELU, SIGMOID, TANH, Rogue

pytestmark = pytest.mark.same_everywhere  # They run a rogue of the tests, or NumPy's backend.

RunPython = Callable[..., subprocess.CompletedProcess[str]]
Suite = Callable[..., subprocess.CompletedProcess[str]]
FEW = ("--convdispatch-level=core", "-k", "conv1d/core/1d- and last-eighths")


@pytest.fixture
def suite(tmp_path: Path, run_python: RunPython, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """Return a function that runs pytest on the suite, in a folder of somebody else's."""
    project = tmp_path / "their project"
    project.mkdir()
    (project / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.chdir(project)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    installed: dict[int, Path] = {}

    def run(*arguments: str, rogue: Rogue | None = None) -> subprocess.CompletedProcess[str]:
        if rogue is not None and id(rogue) not in installed:
            installed[id(rogue)] = rogue.install(tmp_path)
        paths = () if rogue is None else (installed[id(rogue)],)
        own = () if rogue is None else (f"--convdispatch-backend={rogue.name}",)
        options = ["-p", "no:cacheprovider", "--pyargs", "convdispatch.conformance", *own]
        return run_python("-m", "pytest", *options, *arguments, paths=paths)

    return run


def counts(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Return pytest's own counts, from the last line."""
    words = done.stdout.splitlines()[-1].strip("= ").partition(" in ")[0].replace(",", "").split()
    return {word: int(number) for number, word in zip(words[::2], words[1::2], strict=True)}


def test_importing_the_plugin_imports_nothing_else(run_python: RunPython) -> None:
    """In everybody else's runs it costs pytest, which is there, and itself."""
    code = (
        "import pytest, sys; before = set(sys.modules)\n"
        "import convdispatch.conformance.plugin\n"
        "print(sorted(set(sys.modules) - before))"
    )
    done = run_python("-c", code)
    assert done.stdout.strip() == str(
        ["convdispatch", "convdispatch.conformance", "convdispatch.conformance.plugin"]
    )


THEIR_TEST = """
import sys

def test_modules():
    assert "convdispatch.conformance.plugin" in sys.modules
    assert not {"numpy", "convdispatch.runtime.registry"} & set(sys.modules)
"""


def test_a_run_without_our_options_loads_nothing(suite: Suite, run_python: RunPython) -> None:
    """A project that has convdispatch installed runs its own tests without NumPy."""
    Path("test_theirs.py").write_text(THEIR_TEST)
    done = run_python("-m", "pytest", "-p", "no:cacheprovider", "test_theirs.py")
    assert counts(done) == {"passed": 1}, done.stdout


def test_a_sound_backend_passes(suite: Suite) -> None:
    """Every case is a test, and one more is of the declarations."""
    done = suite("--convdispatch-level=core", "-q", rogue=Rogue())
    assert done.returncode == 0
    assert "rogue: " in done.stdout
    assert " failed" not in done.stdout


def test_ids_name_the_backend_and_the_case(suite: Suite) -> None:
    """They are what a third party's own lists and junit reports hold."""
    done = suite("--collect-only", "-q", *FEW, rogue=Rogue())
    ids = [line.rpartition("::")[2] for line in done.stdout.splitlines() if "::" in line]
    assert f"test_conformance[rogue-{TANH}]" in ids
    assert len(ids) == COUNT


def test_each_status_is_said_in_pytests_words(suite: Suite) -> None:
    """Unsupported is skipped, a known failure is an xfail, what is printed or wrong fails."""
    rogue = Rogue(
        faults={"tanh": "x = 1.0", "relu": "x = 1.0", "sigmoid": "os.write(1, b'chatter')"},
        unsupported={"conv1d:groups": "too hard"},
        known_failures=f'[[known-failure]]\nreason = "see bug 12"\ncases = ["{RELU}"]\n',
    )
    done = suite("-rA", *FEW, rogue=rogue)
    assert done.returncode == 1
    found = counts(done)
    assert {word: found[word] for word in ("failed", "skipped", "xfailed", "passed")} == {
        "failed": 3,
        "skipped": 3,
        "xfailed": 1,
        "passed": COUNT - 7,
    }
    assert "unsupported: conv1d:groups: too hard" in done.stdout
    assert "see bug 12" in done.stdout
    assert done.stdout.count("it wrote to standard output: 'chatter'") >= len(SIGMOID)


def test_a_failure_shows_the_claim_and_a_script(suite: Suite) -> None:
    """A failure shows the fault, the case and a program to reproduce it, without our traceback."""
    done = suite(*FEW, rogue=Rogue(faults={"tanh": "x = 1.0"}))
    assert "The result is the exact one within the rounding bound." in done.stdout
    assert "mismatch: the result is wrong in 6 of 6 cells" in done.stdout
    assert "backend = registry.load('rogue')" in done.stdout
    assert "execution.py" not in done.stdout


@pytest.mark.parametrize("distribution", ["load", "worksteal", "loadgroup"])
def test_xdist_gives_the_same_tests(suite: Suite, distribution: str) -> None:
    """Each worker collects the same ids; strict markers and warnings as errors do no harm."""
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    options = ["-n", "2", "--dist", distribution, "--strict-markers", "-W", "error", *FEW]
    done = suite(*options, rogue=Rogue(faults={"tanh": "x = 1.0"}))
    assert done.returncode == 1, done.stderr
    assert (counts(done)["failed"], counts(done)["passed"]) == (1, COUNT - 1)


def test_it_runs_without_xdist(suite: Suite) -> None:
    """The mark for xdist's groups is registered by us then."""
    options = ["-p", "no:xdist", "--strict-markers", "-W", "error", *FEW]
    done = suite(*options, rogue=Rogue())
    assert done.returncode == 0, done.stdout + done.stderr
    assert counts(done)["passed"] == COUNT


def test_levels_are_markers(suite: Suite) -> None:
    """`-m` selects a level as the option does."""
    done = suite("-m", "core", "-k", "conv1d/", "--collect-only", "-q", rogue=Rogue())
    assert "/core/" in done.stdout
    assert "/full/" not in done.stdout


def test_the_projects_own_names_for_tests_do_not_matter(suite: Suite) -> None:
    """A project with other names for its tests still collects the suite."""
    Path("pytest.ini").write_text("[pytest]\npython_files = check_*\npython_functions = check_*\n")
    done = suite(*FEW, rogue=Rogue())
    assert counts(done)["passed"] == COUNT


def test_junit_has_level_and_error(suite: Suite, tmp_path: Path) -> None:
    """Its properties say of which level a case is, and how exact its answer."""
    path = tmp_path / "junit.xml"
    suite(f"--junitxml={path}", *FEW, rogue=Rogue())
    (case,) = (
        one
        for one in ElementTree.parse(path).iter("testcase")
        if one.get("name", "").find(TANH) > 0
    )
    properties = {one.get("name"): one.get("value") for one in case.iter("property")}
    assert properties["level"] == "core"
    assert 0 <= float(properties["bounds"] or "nan") <= 1
    assert float(properties["ulps"] or "nan") >= 0


@pytest.mark.parametrize(
    "options",
    [pytest.param((), id="one process"), pytest.param(("-n", "2"), id="xdist")],
)
def test_reports_are_written(suite: Suite, tmp_path: Path, options: tuple[str, ...]) -> None:
    """The report is the command's: outcomes, problems and scripts, of the tests that were run."""
    if options:
        pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    path = tmp_path / "report.json"
    rogue = Rogue(
        faults={"tanh": "x = 1.0"},
        known_failures='[[known-failure]]\nreason = "r"\ncases = ["conv4d/*"]\n',
    )
    wanted = ("-k", "test_declarations or (conv1d/core/1d- and last-eighths)")
    suite(f"--convdispatch-json={path}", *options, *FEW, *wanted, rogue=rogue)
    (record,) = json.loads(path.read_text())["backends"]
    assert record["counts"]["failed"] == 1
    assert record["counts"]["passed"] == COUNT - 1
    (failed,) = (one for one in record["outcomes"] if one["status"] == "failed")
    assert failed["case"] == TANH
    assert "registry.load('rogue')" in failed["script"]
    (problem,) = record["problems"]
    assert "'conv4d/*', which no case matches" in problem


@pytest.mark.parametrize(
    ("rogue", "words"),
    [
        pytest.param(
            Rogue(known_failures='[[known-failure]]\nreason = "r"\ncases = ["conv4d/*"]\n'),
            "'conv4d/*', which no case matches",
            id="stale entry",
        ),
        pytest.param(Rogue(load="print('welcome')"), "'welcome\\n'", id="prints when loaded"),
    ],
)
def test_what_belongs_to_no_case_fails_its_own_test(suite: Suite, rogue: Rogue, words: str) -> None:
    """A stale entry and a banner fail the run, although every case passes."""
    done = suite("-k", "test_declarations", rogue=rogue)
    assert done.returncode == 1
    assert counts(done)["failed"] == 1
    assert words in done.stdout


def test_a_known_failure_that_passes_fails(suite: Suite) -> None:
    """The list is strict under pytest as well."""
    known = f'[[known-failure]]\nreason = "see bug 12"\ncases = ["{TANH}"]\n'
    done = suite(*FEW, rogue=Rogue(known_failures=known))
    assert counts(done)["failed"] == 1
    assert "Take it off the list" in done.stdout


def test_runxfail_shows_a_known_failure(suite: Suite) -> None:
    """The option of pytest turns it into a failure."""
    known = f'[[known-failure]]\nreason = "see bug 12"\ncases = ["{TANH}"]\n'
    rogue = Rogue(known_failures=known, faults={"tanh": "x = 1.0"})
    assert counts(suite("--runxfail", *FEW, rogue=rogue))["failed"] == 1


def test_a_lost_worker_is_in_the_report(suite: Suite, tmp_path: Path) -> None:
    """A crash under xdist has no outcome: the report says so, and is not one of a success."""
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    path = tmp_path / "report.json"
    done = suite(
        "-n", "1", f"--convdispatch-json={path}", *FEW, rogue=Rogue(faults={"tanh": "os.abort()"})
    )
    assert counts(done)["failed"] == 1
    (record,) = json.loads(path.read_text())["backends"]
    (problem,) = record["problems"]
    assert TANH in problem


def test_a_report_that_cannot_be_written_at_the_end_is_said(suite: Suite, tmp_path: Path) -> None:
    """In a line and with an exit status; the other report is there, whole."""
    pytest.importorskip("jinja2", reason="the page is made by jinja2")
    folder, page = tmp_path / "folder", tmp_path / "report.html"
    folder.mkdir()
    fault = f"import shutil; shutil.rmtree({str(folder)!r}, ignore_errors=True)"
    options = (f"--convdispatch-json={folder / 'r.json'}", f"--convdispatch-html={page}")
    done = suite(*options, *FEW, rogue=Rogue(faults={"tanh": fault}))
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "r.json' cannot be written: there is no such folder" in done.stdout
    assert "INTERNALERROR" not in done.stdout + done.stderr
    assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")


def test_an_interrupted_run_says_so(suite: Suite, tmp_path: Path) -> None:
    """A Ctrl-C under pytest leaves a report of what ran."""
    path = tmp_path / "report.json"
    fault = "import signal; os.kill(os.getpid(), signal.SIGINT)"
    done = suite(f"--convdispatch-json={path}", *FEW, rogue=Rogue(faults={"tanh": fault}))
    assert done.returncode == pytest.ExitCode.INTERRUPTED
    (record,) = json.loads(path.read_text())["backends"]
    assert record["problems"] == ["the run was interrupted"]


def test_a_hanging_case_ends_the_process(suite: Suite) -> None:
    """With a time limit it says where it was; the command is for going on afterwards."""
    rogue = Rogue(faults={"tanh": "time.sleep(100)"})
    done = suite("--convdispatch-time-limit=1", *FEW, rogue=rogue)
    assert done.returncode == 1
    assert "Timeout (0:00:01)!" in done.stderr
    assert "in computed" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "rogue", "words"),
    [
        pytest.param((), None, "say which backend to test", id="none given"),
        pytest.param(
            ("--convdispatch-backend=nope",), None, "no backend named 'nope'", id="unknown"
        ),
        pytest.param((), Rogue(framework="nowhere"), "is not installed", id="unavailable"),
        pytest.param((), Rogue(load="raise RuntimeError('bad day')"), "bad day", id="broken"),
        pytest.param((), Rogue(known_failures="x = 1"), "it has the keys ['x']", id="list"),
        pytest.param(("--convdispatch-level=easy",), Rogue(), "Choose from core", id="level"),
        pytest.param(("--convdispatch-shard=3/2",), Rogue(), "'3/2' is no shard", id="shard"),
        pytest.param(("--convdispatch-seed=-1",), Rogue(), "must be 0 or more", id="seed"),
        pytest.param(("--convdispatch-time-limit=0",), Rogue(), "must be more than 0", id="limit"),
        pytest.param(
            ("--convdispatch-json=/nowhere/x",),
            Rogue(),
            "--convdispatch-json '/nowhere/x' cannot be written",
            id="report",
        ),
    ],
)
def test_wrong_usage_is_an_error_of_usage(
    suite: Suite, arguments: tuple[str, ...], rogue: Rogue | None, words: str
) -> None:
    """Nothing is collected, the message says what is allowed, and pytest exits with 4."""
    done = suite(*arguments, rogue=rogue)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_test_environment_is_set_before_a_conftest_is_read(suite: Suite) -> None:
    """A conftest that imports the framework finds the backend's variables."""
    Path("conftest.py").write_text("import os\nassert os.environ['ROGUE'] == 'set'\n")
    rogue = Rogue(environment={"ROGUE": "set"}, load="assert os.environ['ROGUE'] == 'set'")
    done = suite("--rootdir=.", "--confcutdir=/", "-c", "pytest.ini", *FEW, rogue=rogue)
    assert counts(done)["passed"] == COUNT, done.stdout


def test_shards_share_the_cases(suite: Suite, tmp_path: Path) -> None:
    """Each case is in one of them, and a shard's report says which one it is of."""
    ran, rogue = [], Rogue()
    for number in (1, 2):
        report = tmp_path / f"shard-{number}.json"
        shard = f"--convdispatch-shard={number}/2"
        done = suite(*FEW, shard, f"--convdispatch-json={report}", rogue=rogue)
        assert done.returncode == 0, done.stdout + done.stderr
        written = json.loads(report.read_text())
        assert written["shard"] == f"{number}/2"
        ran.append({outcome["case"] for outcome in written["backends"][0]["outcomes"]})
    assert len(ran[0]) + len(ran[1]) == len(ran[0] | ran[1]) > max(map(len, ran)) > 0


def test_a_backend_is_asked_what_it_does_instead(suite: Suite, tmp_path: Path) -> None:
    """In a process of its own, at the end, if that is wanted: it computes zeros."""
    report = tmp_path / "report.json"
    options = (*FEW, f"--convdispatch-json={report}")
    rogue = Rogue(faults={"tanh": "x = 0 * x"})
    suite(*options, rogue=rogue)
    (cause,) = json.loads(report.read_text())["backends"][0]["diagnosis"]
    assert cause["minimal"] is None
    done = suite(*options, "--convdispatch-explain", rogue=rogue)
    (cause,) = json.loads(report.read_text())["backends"][0]["diagnosis"]
    assert cause["minimal"] is not None, done.stdout


def test_several_backends_in_one_run(suite: Suite) -> None:
    """Commas and repetition add backends; each has its own tests."""
    done = suite("--convdispatch-backend=numpy,rogue", *FEW, rogue=Rogue())
    assert counts(done)["passed"] == 2 * COUNT


CASES_OF_ITS_OWN = """
from convdispatch.conformance.case import Case

@hookimpl
def convdispatch_conformance_cases():
    return [Case(id="rogue/contract/name", level="contract", op="tensors", claim="It has a name.",
                 check=lambda backend: exec("assert backend.name == 'rogue'"))]
"""


def test_a_plugins_own_cases_take_part(suite: Suite) -> None:
    """A case that a plugin adds is a test of every backend."""
    rogue = Rogue(plugin=CASES_OF_ITS_OWN)
    done = suite("--convdispatch-backend=numpy", "-k", "rogue/contract", rogue=rogue)
    assert (counts(done)["passed"], counts(done)["failed"]) == (1, 1)


def test_the_repositorys_own_tests_do_not_collect_the_suite(run_python: RunPython) -> None:
    """A run of all tests of a folder that contains it still runs the others."""
    folder = ROOT / "convdispatch" / "conformance"
    done = run_python("-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", str(folder))
    assert done.returncode == 0, done.stdout
    assert "test_conformance" not in done.stdout
    assert "view.py" in done.stdout
