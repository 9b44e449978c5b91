"""Two replicas in one process, and two processes, train as one does, on `tf.distribute`."""

from __future__ import annotations

from pathlib import Path

import pytest
from group_runs import COMPILED, assert_alike, reported, run_alone, run_processes, tolerance
from group_trainings import FAULTS

from conftest import BACKEND_NAMES

pytestmark = pytest.mark.skipif(
    "tensorflow" not in BACKEND_NAMES, reason="the engine is TensorFlow's"
)


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with what two processes report."""
    folder = tmp_path_factory.mktemp("processes")
    return run_processes("tensorflow", folder, *COMPILED, "with_other_seeds")


@pytest.fixture(scope="module")
def two_devices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with what one process with two devices reports."""
    folder = tmp_path_factory.mktemp("devices")
    return run_alone("tensorflow", folder, *COMPILED, GROUP_STRATEGY_OF_TEST="mirrored")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with what one process on one device reports."""
    return run_alone("tensorflow", tmp_path_factory.mktemp("alone"), *COMPILED)


@pytest.mark.parametrize("name", COMPILED)
def test_processes_train_as_one_does(two_processes: Path, alone: Path, name: str) -> None:
    """Losses, metrics, weights, evaluation and prediction, to rounding; on each process alike."""
    (wanted,) = reported(alone, name, 1)
    for one in reported(two_processes, name, 2):
        assert_alike(one, wanted, tolerance(name))


@pytest.mark.parametrize("name", COMPILED)
def test_replicas_train_as_one_does(two_devices: Path, alone: Path, name: str) -> None:
    """The scope of a strategy is all that it takes."""
    (found,), (wanted,) = reported(two_devices, name, 1), reported(alone, name, 1)
    assert_alike(found, wanted, tolerance(name))


def test_processes_with_other_seeds_are_told(two_processes: Path) -> None:
    """All of them, before the first step."""
    for one in reported(two_processes, "with_other_seeds", 2):
        assert FAULTS["with_other_seeds"] in one["error"]
