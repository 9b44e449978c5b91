"""`python -m asv_benches.groups`: a step by processes, beside one by hand on the same engine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from places import ROOT

from conftest import BACKEND_NAMES

ENGINES = [("torch", 2), ("jax", 1), ("tensorflow", 1)]


@pytest.mark.parametrize(
    ("engine", "count"), [pair for pair in ENGINES if pair[0] in BACKEND_NAMES]
)
def test_a_step_is_measured_beside_one_by_hand(tmp_path: Path, engine: str, count: int) -> None:
    """The table has a row, and the file its numbers."""
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", "asv_benches.groups", "--engine", engine, "--json", str(file)]
    small = ["--processes", str(count), "--rounds", "2", "--steps", "1", "--batch", "4"]
    printed = subprocess.run(
        [*command, *small], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert printed.returncode == 0, printed.stdout + printed.stderr
    (found,) = json.loads(file.read_text())
    low, high = found["quartiles"]
    assert (found["engine"], found["processes"]) == (engine, count)
    assert 0 < low <= found["overhead"] <= high
    assert f"| {count} | {found['image'] * 1e6:.0f} us |" in printed.stdout


@pytest.mark.skipif("torch" not in BACKEND_NAMES, reason="the steps by hand are torch's")
def test_the_step_by_hand_computes_the_same_network() -> None:
    """It has as many weights as ours, of the same sizes."""
    sys.path.insert(0, str(ROOT))
    try:
        from asv_benches.groups import _worker, by_hand
    finally:
        sys.path.remove(str(ROOT))
    ours: Any = _worker.ours("torch")
    sizes = [weight.size for weight in ours.get_weights()]
    assert sizes == [array.size for array in by_hand._arrays()]
