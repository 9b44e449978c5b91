"""Folders of reports, as a scoreboard keeps them: read, and compared engine by engine."""

from __future__ import annotations

import gzip
from pathlib import Path

import conformance_reports as reports
import pytest

from convdispatch.cli import main
from convdispatch.conformance.report import BackendRecord, CaseRecord, OutcomeRecord, Report
from convdispatch.conformance.report import records as records_module
from convdispatch.conformance.report.records import ReportError, read

CASE = CaseRecord(
    id="conv1d/core/plain", level="core", op="conv1d", claim="c", features=(), since="1.0"
)


def report(status: str, version: str = "1.0") -> Report:
    """Return a report of one case."""
    outcome = OutcomeRecord(case=CASE.id, status=status, detail="too hot" * (status == "failed"))
    backend = BackendRecord(
        name="keras3", status="available", framework="frame", version=version, outcomes=(outcome,)
    )
    return reports.report_of([CASE], backend)


def fill(folder: Path, **statuses: str) -> str:
    """Write a compressed report of each name; return the folder as an argument."""
    folder.mkdir()
    for name, status in statuses.items():
        text = report(status).to_json()
        (folder / f"{name}.json.gz").write_bytes(gzip.compress(text.encode()))
    return str(folder)


def test_a_compressed_report_is_read(tmp_path: Path) -> None:
    """It is the same report."""
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(report("passed").to_json().encode()))
    assert read(path) == report("passed")


def test_half_a_compressed_report_is_told(tmp_path: Path) -> None:
    """Its file is named."""
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(report("passed").to_json().encode())[:-20])
    with pytest.raises(ReportError, match=r"a\.json\.gz'.*it is not a whole gzip file"):
        read(path)


def test_a_small_file_of_a_huge_report_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a compressed file would become has a limit, as a plain file has."""
    monkeypatch.setattr(records_module, "LARGEST", 2**20)
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(b" " * 2**21))
    with pytest.raises(ReportError, match="more than 1048576 bytes"):
        read(path)


def test_what_a_new_version_mended_and_broke(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each engine has its block; the last line names those in which something broke."""
    old = fill(tmp_path / "old", mended="failed", broken="passed", same="failed", gone="passed")
    new = fill(tmp_path / "new", mended="passed", broken="failed", same="failed", fresh="failed")
    assert main(["conformance", "diff", old, new]) == 1
    blocks = capsys.readouterr().out.strip().split("\n\n== ")
    text = {block.partition("\n")[0].removeprefix("== "): block for block in blocks}
    assert "fixed: 1\n    conv1d/core/plain" in text["mended"]
    assert "newly failing: 1\n    conv1d/core/plain: too hot" in text["broken"]
    assert "nothing changed" in text["same"]
    assert text["fresh"] == "fresh\nnew"
    assert "gone: gone, a regression" in text
    assert blocks[-1].endswith("Regressions in broken, gone.")


def test_a_scoreboard_that_only_gained_is_no_regression(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 0."""
    old = fill(tmp_path / "old", one="failed")
    new = fill(tmp_path / "new", one="passed", two="failed")
    assert main(["conformance", "diff", old, new]) == 0
    assert capsys.readouterr().out.endswith("No regressions in any report.\n")


def test_wrong_folders_are_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder with a file, an empty folder, a name that two files have."""
    full = fill(tmp_path / "full", one="passed")
    empty = fill(tmp_path / "empty")
    twice = fill(tmp_path / "twice", one="passed")
    (tmp_path / "twice/one.json").write_text(report("passed").to_json(), "utf-8")
    for pair, words in {
        (full, f"{full}/one.json.gz"): "Compare two reports, or two folders of reports.",
        (full, empty): "has no report: no file that ends in .json.gz or .json",
        (twice, full): "has two reports 'one'. Keep one.",
    }.items():
        assert main(["conformance", "diff", *pair]) == 2
        assert words in capsys.readouterr().err
