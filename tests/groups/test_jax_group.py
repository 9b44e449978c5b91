"""Two devices of one process, and two processes, train as one does, on `jax.sharding`."""

from __future__ import annotations

from pathlib import Path

import pytest
from group_runs import COMPILED, assert_alike, reported, run_alone, run_processes, tolerance
from group_trainings import FAULTS

from conftest import BACKEND_NAMES

pytestmark = pytest.mark.skipif("jax" not in BACKEND_NAMES, reason="the engine is JAX's")


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with what two processes report."""
    folder = tmp_path_factory.mktemp("processes")
    return run_processes("jax", folder, *COMPILED, "with_other_seeds")


@pytest.fixture(scope="module")
def two_devices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with what one process with two devices reports."""
    folder = tmp_path_factory.mktemp("devices")
    return run_alone("jax", folder, *COMPILED, JAX_NUM_CPU_DEVICES="2", GROUP_MESH_OF_TEST="2")


@pytest.fixture(scope="module")
def sharded_devices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with what the mesh reports that keeps a part of each weight on a device."""
    folder = tmp_path_factory.mktemp("sharded")
    own = {"JAX_NUM_CPU_DEVICES": "2", "CONVDISPATCH_SHARD_WEIGHTS": "1"}
    return run_alone("jax", folder, *COMPILED, GROUP_MESH_OF_TEST="2", **own)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with what one process on one device reports."""
    return run_alone("jax", tmp_path_factory.mktemp("alone"), *COMPILED)


@pytest.mark.parametrize("name", COMPILED)
def test_processes_train_as_one_does(two_processes: Path, alone: Path, name: str) -> None:
    """Losses, metrics, weights, evaluation and prediction, to rounding; on each process alike."""
    (wanted,) = reported(alone, name, 1)
    for one in reported(two_processes, name, 2):
        assert_alike(one, wanted, tolerance(name))


@pytest.mark.parametrize("name", COMPILED)
def test_devices_of_a_mesh_train_as_one_does(two_devices: Path, alone: Path, name: str) -> None:
    """A mesh that the script sets is all that it takes."""
    (found,), (wanted,) = reported(two_devices, name, 1), reported(alone, name, 1)
    assert_alike(found, wanted, tolerance(name))


@pytest.mark.parametrize("name", COMPILED)
def test_sharded_weights_train_as_whole_ones(sharded_devices: Path, alone: Path, name: str) -> None:
    """A part of each weight and of the optimizer's state is on each device."""
    (found,), (wanted,) = reported(sharded_devices, name, 1), reported(alone, name, 1)
    assert_alike(found, wanted, tolerance(name))


def test_processes_with_other_seeds_are_told(two_processes: Path) -> None:
    """All of them, before the first step."""
    for one in reported(two_processes, "with_other_seeds", 2):
        assert FAULTS["with_other_seeds"] in one["error"]
