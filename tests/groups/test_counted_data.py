"""Each sample counts once in an epoch, over all processes, and a smaller last batch by its size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from group_counts import COUNTS, OF_TENSORFLOW, OF_TORCH
from group_runs import reported, run_alone, run_processes

from conftest import BACKEND_NAMES

CASES = {
    "torch": COUNTS | OF_TORCH,
    "tensorflow": {"of_arrays": COUNTS["of_arrays"]} | OF_TENSORFLOW,
    "jax": {name: COUNTS[name] for name in ("of_arrays", "of_a_sequence")},
}


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the folders of what is counted: two processes of torch, two devices of the others."""
    pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")
    found = {}
    for engine in filter(BACKEND_NAMES.__contains__, CASES):
        folder = tmp_path_factory.mktemp(engine)
        names = [f"count_{name}" for name in CASES[engine]]
        if engine == "torch":
            found[engine] = run_processes(engine, folder, *names)
        elif engine == "jax":
            devices = {"JAX_NUM_CPU_DEVICES": "2", "GROUP_MESH_OF_TEST": "2"}
            found[engine] = run_alone(engine, folder, *names, **devices)
        else:
            found[engine] = run_alone(engine, folder, *names, GROUP_STRATEGY_OF_TEST="mirrored")
    return found


@pytest.mark.parametrize(
    ("engine", "name"), [(engine, name) for engine in CASES for name in CASES[engine]]
)
def test_each_sample_counts_once(counted: dict[str, Path], engine: str, name: str) -> None:
    """As one of the whole batch's samples, whoever has computed it; the order is everyone's."""
    if engine not in counted:
        pytest.skip("its engine is not installed")
    processes = 2 if engine == "torch" else 1
    for weights in reported(counted[engine], f"count_{name}", processes):
        np.testing.assert_allclose(weights, CASES[engine][name], rtol=1e-12)
