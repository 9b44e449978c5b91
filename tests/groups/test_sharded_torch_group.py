"""Processes of `torchrun` with a part of each weight each train as one process does, on FSDP2."""

from __future__ import annotations

from pathlib import Path

import group_trainings
import pytest
import sharded_trainings
from group_runs import assert_alike, reported, run_by_torchrun, tolerance

from conftest import BACKEND_NAMES
from convdispatch import use_backend

pytestmark = pytest.mark.skipif("torch" not in BACKEND_NAMES, reason="the engine is torch's")

SHARED = ("of_arrays", "in_float32", "plainly", "with_a_tiny_last_batch", "of_keras1", "of_steps")


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with what the processes of one run report."""
    folder = tmp_path_factory.mktemp("together")
    names = (*SHARED, *sharded_trainings.NAMES, "that_fails_in_rank_0")
    run_by_torchrun(folder, *names, file="sharded_trainings.py", CONVDISPATCH_SHARD_WEIGHTS="1")
    return folder


@pytest.mark.parametrize("name", [*SHARED, *sharded_trainings.NAMES])
def test_a_group_trains_as_one_process_does(together: Path, tmp_path: Path, name: str) -> None:
    """Losses, metrics, weights, an optimizer's state and predictions, on each process alike."""
    module = group_trainings if name in SHARED else sharded_trainings
    with use_backend("torch"):
        alone = getattr(module, name)(tmp_path)
    for one in reported(together, name):
        assert_alike(one, alone, tolerance(name))


def test_a_failure_of_rank_0_ends_the_others(together: Path) -> None:
    """They wait for what rank 0 reads, and are told why it reads no more."""
    first, *others = reported(together, "that_fails_in_rank_0")
    assert first["error"] == "no space left"
    for one in others:
        assert one["error"].endswith("It said: OSError: no space left")
