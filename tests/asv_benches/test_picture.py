"""The picture of what asv has measured: curves of files that asv's own code writes and reads."""

from __future__ import annotations

import importlib
import math
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from places import ROOT

results = pytest.importorskip("asv.results", reason="asv is not installed")
BENCHMARK = "dispatch.Overhead.track_ratio"
COMMITS = {"a" * 40: (1_000, [1.5, 0.9]), "b" * 40: (3_000, [1.25, math.nan])}


@pytest.fixture
def picture(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module."""
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("asv_benches.picture")


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """Return a folder with the results of two commits, one of which failed on one backend."""
    runner: Any = pytest.importorskip("asv.runner")
    for commit, (date, values) in COMMITS.items():
        one = results.Results({"machine": "m"}, {}, commit, date, "3.11", "existing", {})
        benchmark = {"name": BENCHMARK, "params": [["'torch'", "'jax'"]], "version": "1"}
        answer = runner.BenchmarkResult(
            result=values,
            samples=[None, None],
            number=[None, None],
            errcode=0,
            stderr="",
            profile=None,
        )
        one.add_result(benchmark, answer)
        one.save(str(tmp_path / "results"))
    machine = tmp_path / "results/m/machine.json"
    machine.write_text('{"machine": "m", "version": 1}', encoding="utf-8")
    return tmp_path / "results"


def test_the_curves_are_those_of_asv_s_files(picture: ModuleType, measured: Path) -> None:
    """By date, and without what failed."""
    assert picture.curves(measured, BENCHMARK) == {
        "torch": [(1_000, "a" * 8, 1.5), (3_000, "b" * 8, 1.25)],
        "jax": [(1_000, "a" * 8, 0.9)],
    }


def test_the_picture_tells_and_shows_them(
    picture: ModuleType, measured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is the same file each time, with the curves in words as its title."""
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    files = [tmp_path / "one.svg", tmp_path / "two.svg"]
    for file in files:
        assert picture.main(["--results", str(measured), "-o", str(file)]) == 0
    assert files[0].read_bytes() == files[1].read_bytes()
    root = ET.fromstring(files[0].read_text("utf-8"))
    told = (
        f"{BENCHMARK} over 2 commits, aaaaaaaa to bbbbbbbb, from the first to the last: "
        "torch 1.5 to 1.25; jax 0.9 to 0.9"
    )
    assert told in "".join(root.itertext())
    assert capsys.readouterr().out.splitlines()[0] == f"{files[0]}: {told}"


def test_without_results_it_says_how_to_measure(
    picture: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written."""
    target = tmp_path / "asv.svg"
    assert picture.main(["--results", str(tmp_path / "none"), "-o", str(target)]) == 1
    assert "has no results of 'dispatch.Overhead.track_ratio'. Measure" in capsys.readouterr().err
    assert not target.exists()
