"""Processes of `torchrun` with a part of each weight each train as one process does, on FSDP2."""

from __future__ import annotations

from pathlib import Path

import pytest
from group_runs import alone, by_torchrun, reported, reports, require_alike
from sharded_trainings import NAMES

from conftest import BACKEND_NAMES

pytestmark = pytest.mark.skipif("torch" not in BACKEND_NAMES, reason="the engine is torch's")

SHARED = (
    "of_arrays",
    "in_float32",
    "plainly",
    "with_a_tiny_last_batch",
    "of_keras1",
    "of_steps",
    *NAMES,
)

together = reports(
    by_torchrun, "torch", *SHARED, "that_fails_in_rank_0", CONVDISPATCH_SHARD_WEIGHTS="1"
)
one_process = reports(alone, "torch", *SHARED)


@pytest.mark.parametrize("name", SHARED)
def test_a_group_trains_as_one_process_does(together: Path, one_process: Path, name: str) -> None:
    """Losses, metrics, weights, an optimizer's state and predictions, on each process alike."""
    require_alike(name, together, one_process)


def test_a_failure_of_rank_0_ends_the_others(together: Path) -> None:
    """They wait for what rank 0 reads, and are told why it reads no more."""
    first, *others = reported(together, "that_fails_in_rank_0")
    assert first["error"] == "no space left"
    for one in others:
        assert one["error"].endswith("It said: OSError: no space left")
