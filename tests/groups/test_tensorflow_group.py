"""Replicas in one process, and processes, train as one does, on `tf.distribute`."""

from __future__ import annotations

from pathlib import Path

import pytest
from group_faults import FAULTS
from group_runs import COMPILED, DEVICES, alone, in_processes, reported, reports, require_alike

from conftest import BACKEND_NAMES

pytestmark = pytest.mark.skipif(
    "tensorflow" not in BACKEND_NAMES, reason="the engine is TensorFlow's"
)

processes = reports(in_processes, "tensorflow", *COMPILED, "with_other_seeds")
replicas = reports(alone, "tensorflow", *COMPILED, **DEVICES["tensorflow"])
one_device = reports(alone, "tensorflow", *COMPILED)


@pytest.mark.parametrize("name", COMPILED)
def test_processes_train_as_one_does(processes: Path, one_device: Path, name: str) -> None:
    """Losses, metrics, weights, evaluation and prediction, to rounding; on each process alike."""
    require_alike(name, processes, one_device)


@pytest.mark.parametrize("name", COMPILED)
def test_replicas_train_as_one_does(replicas: Path, one_device: Path, name: str) -> None:
    """The scope of a strategy is all that it takes."""
    require_alike(name, replicas, one_device, 1)


def test_processes_with_other_seeds_are_told(processes: Path) -> None:
    """All of them, before the first step."""
    for one in reported(processes, "with_other_seeds"):
        assert FAULTS["with_other_seeds"] in one["error"]
