"""Options that choose what runs: a shard, what failed last, how many failures are enough."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rogue_backends import CASES, COUNT, SIGMOID, TANH, Rogue

from convdispatch.cli import main
from convdispatch.conformance.run import last_failed

Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.same_everywhere


def rogue(site: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the suite's chosen cases on a rogue backend."""
    command = [sys.executable, "-m", "convdispatch", "conformance", "--backend", "rogue"]
    return subprocess.run(
        [*command, *options],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )


def failed_in(report: Path) -> list[str]:
    """Return the ids of the cases that failed."""
    (record,) = json.loads(report.read_text())["backends"]
    return [one["case"] for one in record["outcomes"] if one["status"] == "failed"]


def test_what_failed_last_runs_again_until_it_passes(tmp_path: Path) -> None:
    """The list is in the folder of caches; a run of other cases leaves it alone."""
    wrong = Rogue(faults={"tanh": "x = 1", "sigmoid": "x = 1"}).install(tmp_path / "wrong")
    mended = Rogue(faults={"sigmoid": "x = 1"}).install(tmp_path / "mended")
    report = tmp_path / "report.json"
    assert rogue(wrong, "--case", CASES).returncode == 1
    assert sorted(last_failed.recorded()["rogue"]) == sorted([TANH, *SIGMOID])

    again = rogue(mended, "--last-failed", "--json", str(report))
    assert again.returncode == 1
    assert "2 of 3 cases failed." in again.stdout
    assert sorted(failed_in(report)) == sorted(SIGMOID)

    assert "2 of 2 cases failed." in rogue(mended, "--last-failed").stdout
    assert rogue(mended, "--case", TANH).returncode == 0
    assert sorted(last_failed.recorded()["rogue"]) == sorted(SIGMOID)


def test_nothing_failed_last(capsys: Capture) -> None:
    """Running nothing would look like a success, and running all is not what was asked for."""
    assert main(["conformance", "--backend", "numpy", "--last-failed"]) == 2
    error = capsys.readouterr().err
    assert "--last-failed: no case that failed on numpy is among the" in error
    assert str(last_failed.path()) in error


@pytest.mark.parametrize("text", ["", "[]", '{"numpy": 3}', "\x00", '{"numpy": [1, null]}'])
def test_a_spoilt_list_is_as_good_as_none(text: str) -> None:
    """Anybody may have edited it, and a program may have ended while it wrote."""
    last_failed.path().parent.mkdir(parents=True)
    last_failed.path().write_text(text)
    assert not any(last_failed.recorded().values())


def test_a_list_that_cannot_be_written_costs_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The place of its folder is taken by a file."""
    taken = tmp_path / "taken"
    taken.write_text("")
    monkeypatch.setenv("CONVDISPATCH_CACHE_HOME", str(taken))
    site = Rogue(faults={"tanh": "x = 1"}).install(tmp_path)
    done = rogue(site, "--case", TANH)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_run_ends_with_the_last_failure_that_was_asked_for(tmp_path: Path, jobs: str) -> None:
    """The text and the report say so, and which cases did not run."""
    site = Rogue(faults={"tanh": "x = 1", "sigmoid": "x = 1"}).install(tmp_path)
    report = tmp_path / "report.json"
    options = ("--case", CASES, "--max-failures", "1", "--jobs", jobs, "--json", str(report))
    done = rogue(site, *options)
    assert (done.returncode, done.stderr) == (1, "")
    (record,) = json.loads(report.read_text())["backends"]
    assert record["problems"] == ["the run was stopped after 1 failure"]
    assert len(failed_in(report)) == 1
    missing = COUNT - len(record["outcomes"])
    assert 0 < missing < COUNT
    assert f"not run, {missing} of {COUNT} cases:" in done.stdout


def test_more_failures_than_there_are_change_nothing(tmp_path: Path) -> None:
    """The run is whole."""
    site = Rogue(faults={"tanh": "x = 1"}).install(tmp_path)
    done = rogue(site, "--case", CASES, "--max-failures", "2")
    assert done.returncode == 1
    assert f"1 of {COUNT} cases failed." in done.stdout
    assert "stopped" not in done.stdout


def test_shards_are_merged_to_the_report_of_the_whole(tmp_path: Path, capsys: Capture) -> None:
    """What ran on two machines is what one would have run, in the same order."""
    case = ("--backend", "numpy", "--case", "*d/core/*-normal")
    paths = [str(tmp_path / f"{name}.json") for name in ("whole", "one", "two", "merged")]
    whole, one, two, merged = paths
    assert main(["conformance", *case, "--json", whole]) == 0
    assert main(["conformance", *case, "--shard", "1/2", "--json", one]) == 0
    assert main(["conformance", *case, "--shard", "2/2", "--json", two]) == 0
    capsys.readouterr()
    names = ("junit", "summary", "badge")
    files = {name: tmp_path / name for name in names}
    options = [word for name in names for word in (f"--{name}", str(files[name]))]
    assert main(["conformance", "merge", two, one, "--json", merged, *options]) == 0
    count = len(json.loads(Path(whole).read_text())["cases"])
    assert f"0 of {count} cases failed." in capsys.readouterr().out
    expected, found = (json.loads(Path(path).read_text()) for path in (whole, merged))
    for each in (expected, found):
        del each["created"], each["backends"][0]["seconds"]
        for outcome in each["backends"][0]["outcomes"]:
            del outcome["seconds"]
    assert found == expected
    assert all(file.read_text() for file in files.values())
    # What it wrote it may replace, whichever action asks for it.
    assert main(["conformance", "--badge", str(files["badge"]), "merge", one, two, *options]) == 0


REFUSED = {
    "shard": (["--shard", "6/5"], "'6/5' is no shard. Write NUMBER/TOTAL"),
    "no case in it": (
        ["--backend", "numpy", "--case", TANH, "--shard", "1/900"],
        "--shard 1/900: none of the 1 selected cases is in this shard",
    ),
    "max-failures": (["--max-failures", "0"], "'0' is not a whole number from 1"),
    "no report": (["merge"], "the following arguments are required: REPORT.json"),
    "one of two": (["merge", "missing.json"], "cannot read the report 'missing.json'"),
    "twice": (["merge", "a.json", "a.json"], "a.json is named twice. Name each report once."),
    "two files": (
        ["--backend", "numpy", "--badge", "x", "--junit", "x"],
        "--junit and --badge both name 'x'. Give two files.",
    ),
    "a file of the user's": (
        ["--backend", "numpy", "--summary", __file__],
        "there is a file that convdispatch did not write",
    ),
}


@pytest.mark.parametrize(("arguments", "words"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_option_is_explained(
    arguments: list[str],
    words: str,
    capsys: Capture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In one line, before anything runs."""
    monkeypatch.chdir(tmp_path)
    try:
        code = main(["conformance", *arguments])
    except SystemExit as exc:
        code = int(str(exc.code))
    assert code == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert list(tmp_path.glob("*")) in ([], [tmp_path / "keras home"])
