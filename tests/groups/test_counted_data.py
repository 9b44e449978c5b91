"""Each sample counts once in an epoch, over all processes, and a smaller last batch by its size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from group_counts import COUNTS, OF_TENSORFLOW, OF_TORCH
from group_runs import DEVICES, IS_FULL, PROCESSES, alone, in_processes, reported

from conftest import BACKEND_NAMES

# What engines count that compile each shape for seconds: with `CONVDISPATCH_TEST_GROUPS=full` all.
SOME = {"tensorflow": ("of_arrays",), "jax": ("of_arrays", "of_a_sequence")}
CASES = {
    "torch": COUNTS | OF_TORCH,
    "tensorflow": {name: COUNTS[name] for name in COUNTS if IS_FULL or name in SOME["tensorflow"]}
    | OF_TENSORFLOW,
    "jax": {name: COUNTS[name] for name in COUNTS if IS_FULL or name in SOME["jax"]},
}


def has_devices(engine: str) -> bool:
    """Return whether the devices of one process count, in place of processes."""
    return engine in DEVICES and not IS_FULL


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the folders of what is counted: processes, or devices."""
    pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")
    found = {}
    for engine in filter(BACKEND_NAMES.__contains__, CASES):
        folder = tmp_path_factory.mktemp(engine)
        names = [f"count_{name}" for name in CASES[engine]]
        if has_devices(engine):
            alone(engine, folder, *names, **DEVICES[engine])
        else:
            in_processes(engine, folder, *names)
        found[engine] = folder
    return found


@pytest.mark.parametrize(
    ("engine", "name"), [(engine, name) for engine in CASES for name in CASES[engine]]
)
def test_each_sample_counts_once(counted: dict[str, Path], engine: str, name: str) -> None:
    """As one of the whole batch's samples, whoever has computed it; the order is everyone's."""
    if engine not in counted:
        pytest.skip("its engine is not installed")
    processes = 1 if has_devices(engine) else PROCESSES
    for weights in reported(counted[engine], f"count_{name}", processes):
        np.testing.assert_allclose(weights, CASES[engine][name], rtol=1e-12)
