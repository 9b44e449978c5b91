"""Devices of one process, and processes, train as one does, on `jax.sharding`."""

from __future__ import annotations

from pathlib import Path

import pytest
from group_faults import FAULTS
from group_runs import (
    COMPILED,
    DEVICES,
    IS_FULL,
    alone,
    in_processes,
    reported,
    reports,
    require_alike,
)

from conftest import BACKEND_NAMES

pytestmark = pytest.mark.skipif("jax" not in BACKEND_NAMES, reason="the engine is JAX's")

# With sharded weights: each optimizer where all trainings are asked for.
SHARDED = (*COMPILED, "of_optimizers") if IS_FULL else COMPILED

processes = reports(in_processes, "jax", *COMPILED, "with_other_seeds")
devices = reports(alone, "jax", *COMPILED, **DEVICES["jax"])
sharded_devices = reports(alone, "jax", *SHARDED, **DEVICES["jax"], CONVDISPATCH_SHARD_WEIGHTS="1")
one_device = reports(alone, "jax", *SHARDED)


@pytest.mark.parametrize("name", COMPILED)
def test_processes_train_as_one_does(processes: Path, one_device: Path, name: str) -> None:
    """Losses, metrics, weights, evaluation and prediction, to rounding; on each process alike."""
    require_alike(name, processes, one_device)


@pytest.mark.parametrize("name", COMPILED)
def test_devices_of_a_mesh_train_as_one_does(devices: Path, one_device: Path, name: str) -> None:
    """A mesh that the script sets is all that it takes."""
    require_alike(name, devices, one_device, 1)


@pytest.mark.parametrize("name", SHARDED)
def test_sharded_weights_train_as_whole_ones(
    sharded_devices: Path, one_device: Path, name: str
) -> None:
    """A part of each weight and of the optimizer's state is on each device."""
    require_alike(name, sharded_devices, one_device, 1)


def test_processes_with_other_seeds_are_told(processes: Path) -> None:
    """All of them, before the first step."""
    for one in reported(processes, "with_other_seeds"):
        assert FAULTS["with_other_seeds"] in one["error"]
