"""Two processes of `torchrun` train as one does, on DistributedDataParallel."""

from __future__ import annotations

from pathlib import Path

import pytest
from group_faults import FAULTS
from group_runs import PROCESSES, TRAININGS, alone, by_torchrun, reported, reports, require_alike

from conftest import BACKEND_NAMES

pytestmark = pytest.mark.skipif("torch" not in BACKEND_NAMES, reason="the engine is torch's")


SHARED = (*TRAININGS, "of_a_loader", "predictions_of_a_loader")

together = reports(
    by_torchrun, "torch", *SHARED, "shares_of_predictions", "with_one_that_stops", *FAULTS
)
one_process = reports(alone, "torch", *SHARED)


@pytest.mark.parametrize("name", SHARED)
def test_a_group_trains_as_one_process_does(together: Path, one_process: Path, name: str) -> None:
    """Losses, metrics, weights, evaluation and prediction, to rounding; on each process alike."""
    require_alike(name, together, one_process)


@pytest.mark.parametrize("name", FAULTS)
def test_what_does_not_fit_is_an_error_on_every_process(together: Path, name: str) -> None:
    """It is found before the first step, and no process waits for another."""
    for one in reported(together, name):
        assert FAULTS[name] in one["error"]


def test_all_processes_stop_where_one_does(together: Path) -> None:
    """At the end of its epoch, so that none waits for another."""
    assert [one["epochs"] for one in reported(together, "with_one_that_stops")] == [[0]] * PROCESSES


@pytest.mark.parametrize("name", ["into_a_file", "onto_a_full_disk"])
def test_what_fails_on_rank_0_is_told_by_it(together: Path, name: str) -> None:
    """The others say that it was rank 0."""
    own, *others = reported(together, name)
    assert "OSError: " in own["error"] or "Error: [Errno" in own["error"]
    for one in others:
        assert one["error"].startswith("GroupFailed: rank 0 of this training has failed")


def test_each_process_predicts_its_share(together: Path) -> None:
    """All samples are computed once: three batches of 12 rows, and one of 5."""
    found = [one["rows"] for one in reported(together, "shares_of_predictions")]
    assert [sum(of_batch) for of_batch in zip(*found, strict=True)] == [12, 12, 12, 5]


def test_rank_0_alone_writes_files(together: Path) -> None:
    """Callbacks that say that they write are its own; others are called on each process."""
    assert (together / "written").read_text().split() == ["0", "1"]
    assert sorted((together / "notes").read_text().split()) == ["0"] * PROCESSES + ["1"] * PROCESSES
    assert len((together / "log.csv").read_text().splitlines()) == 3
