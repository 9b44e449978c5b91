"""A process of a group that dies ends the run; the next one goes on from the last whole epoch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from group_runs import environment, free_ports
from group_trainings import BATCH, data, network
from places import HELPERS

from conftest import BACKEND_NAMES
from convdispatch import use_backend

pytestmark = pytest.mark.skipif("torch" not in BACKEND_NAMES, reason="the engine is torch's")

# How often each way is tried; the figures of the documentation are of 20.
ROUNDS = int(os.environ.get("CONVDISPATCH_TEST_KILLS", "0"))
WAYS = [("1", "kill"), ("0", "write"), ("0", "kill"), ("1", "interrupt"), ("0", "interrupt")]
SOME = WAYS[1:2] if not ROUNDS else WAYS * ROUNDS
LIMIT = 60  # seconds within which every process has to end


def run(folder: Path, rank: str, way: str) -> tuple[list[int], list[str], float]:
    """Run two processes; return their exit codes, what they print and how long it took."""
    port = str(free_ports(1)[0])
    command = [sys.executable, str(HELPERS / "group_killed.py"), str(folder), rank, way]
    started = [
        subprocess.Popen(
            command,
            env=environment(
                "torch", RANK=str(own), WORLD_SIZE="2", MASTER_ADDR="localhost", MASTER_PORT=port
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for own in range(2)
    ]
    begun = time.monotonic()
    try:
        printed = [one.communicate(timeout=2 * LIMIT)[0] for one in started]
    finally:
        for one in started:
            one.kill()
    return [one.returncode for one in started], printed, time.monotonic() - begun


@pytest.fixture(scope="module")
def wanted() -> Any:
    """Return what one process reports that nothing stops."""
    x, y, _ = data()
    with use_backend("torch"):
        return network().fit(x, y, batch_size=BATCH, epochs=4, verbose=0).history


@pytest.mark.parametrize(("rank", "way"), SOME)
def test_the_next_run_goes_on(tmp_path: Path, wanted: Any, rank: str, way: str) -> None:
    """The one that is left says once why it ends; the losses are those without a stop."""
    codes, printed, seconds = run(tmp_path, rank, way)
    assert 0 not in codes, printed
    assert seconds < LIMIT
    left = printed[1 - int(rank)]
    assert left.count("GroupFailed: another process of this training has ended") == 1, left
    codes, printed, _ = run(tmp_path, rank, "none")
    assert codes == [0, 0], printed
    for own in range(2):
        found = json.loads((tmp_path / f"history-{own}.json").read_text())
        for name, values in wanted.items():
            assert found[name] == pytest.approx(values, abs=1e-9), name
