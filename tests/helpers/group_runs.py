"""Start the processes of a group, and compare what they report."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import group_predictions
import group_trainings
import numpy as np
import pytest
from places import HELPERS, ROOT

# Two, or as many processes and devices as `CONVDISPATCH_TEST_PROCESSES=4` says.
PROCESSES = int(os.environ.get("CONVDISPATCH_TEST_PROCESSES", "2"))
SECONDS = 300
TRAININGS = (*group_trainings.ALIKE, *group_predictions.ALIKE)
# What engines make that compile each shape for seconds: all with `CONVDISPATCH_TEST_GROUPS=full`,
# or those that it names, as in `briefly,in_float32`.
_ASKED = os.environ.get("CONVDISPATCH_TEST_GROUPS", "briefly,predictions_briefly")
IS_FULL = _ASKED == "full"
COMPILED = TRAININGS if IS_FULL else tuple(_ASKED.split(","))
# What gives one process as many devices, of each engine that divides a batch among them.
DEVICES = {
    "jax": {"JAX_NUM_CPU_DEVICES": str(PROCESSES), "GROUP_MESH_OF_TEST": str(PROCESSES)},
    "tensorflow": {"GROUP_STRATEGY_OF_TEST": str(PROCESSES)},
}


def environment(backend: str, **more: str) -> dict[str, str]:
    """Return the variables of a process that trains on a backend."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "backends"), str(HELPERS)])
    own = {"CONVDISPATCH_BACKEND": backend, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths}
    return os.environ | own | {"JAX_ENABLE_X64": "1"} | more


def reports(start: Callable[..., None], backend: str, *names: str, **more: str) -> Any:
    """Return a fixture: the folder with what processes report that are started so.

    start: `by_torchrun`, `in_processes` or `alone`; more: variables of their environment.
    """

    @pytest.fixture(scope="module")
    def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
        made = tmp_path_factory.mktemp(backend)
        start(backend, made, *names, **more)
        return made

    return folder


def by_torchrun(backend: str, folder: Path, *names: str, **more: str) -> None:
    """Make the trainings in processes of torchrun."""
    command = [sys.executable, "-m", "torch.distributed.run", f"--nproc_per_node={PROCESSES}"]
    command += ["--rdzv-backend=c10d", "--rdzv-endpoint=localhost:0"]
    run([[*command, *_script(folder, *names)]], [environment(backend, **more)])


def in_processes(backend: str, folder: Path, *names: str, **more: str) -> None:
    """Make the trainings in processes that know each other by their environment."""
    command = [sys.executable, *_script(folder, *names)]
    run([command] * PROCESSES, [one | more for one in environments(backend, PROCESSES)])


def alone(backend: str, folder: Path, *names: str, **more: str) -> None:
    """Make the trainings in one process."""
    run([[sys.executable, *_script(folder, *names)]], [environment(backend, **more)])


def _script(folder: Path, *names: str) -> list[str]:
    return [str(HELPERS / "group_script.py"), str(folder), *names]


def environments(backend: str, count: int = 2) -> list[dict[str, str]]:
    """Return the variables of each process of a group, as its engine's launcher sets them."""
    ports = free_ports(count)
    address, own = f"localhost:{ports[0]}", list[dict[str, str]]()
    for rank in range(count):
        task = {"type": "worker", "index": rank}
        workers = {"worker": [f"localhost:{port}" for port in ports]}
        own.append(
            {
                "torch": {
                    "RANK": str(rank),
                    "WORLD_SIZE": str(count),
                    "MASTER_ADDR": "localhost",
                    "MASTER_PORT": str(ports[0]),
                },
                "jax": {
                    "JAX_COORDINATOR_ADDRESS": address,
                    "JAX_NUM_PROCESSES": str(count),
                    "JAX_PROCESS_ID": str(rank),
                },
                "tensorflow": {
                    "TF_CONFIG": json.dumps({"cluster": workers, "task": task}),
                    "GROUP_STRATEGY_OF_TEST": "workers",
                },
            }[backend]
        )
    return [
        environment(backend, GROUP_RANK_OF_TEST=str(rank), **one) for rank, one in enumerate(own)
    ]


def run(commands: Sequence[Sequence[str]], environs: Sequence[Mapping[str, str]]) -> None:
    """Run commands at the same time; fail with what the first one to fail prints."""
    started = [
        subprocess.Popen(
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for command, environ in zip(commands, environs, strict=True)
    ]
    try:
        printed = [one.communicate(timeout=SECONDS)[0] for one in started]
    finally:
        for one in started:
            one.kill()
    for one, text in zip(started, printed, strict=True):
        assert one.returncode == 0, text


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("localhost", 0))
        return [one.getsockname()[1] for one in sockets]


def tolerance(name: str) -> float:
    """Return how far the numbers of a training may be from those of one process."""
    return 1e-5 if name == "in_float32" else 1e-9


def reported(folder: Path, name: str, count: int = PROCESSES) -> list[Any]:
    """Return what each process reports of a training."""
    return [json.loads((folder / f"{name}-{rank}.json").read_text()) for rank in range(count)]


def require_alike(name: str, together: Path, alone: Path, count: int = PROCESSES) -> None:
    """Require that each process of a group reports what one process reports alone.

    It prints the largest difference, for `-rP`.
    """
    (wanted,) = reported(alone, name, 1)
    largest = [
        assert_alike(one, wanted, tolerance(name)) for one in reported(together, name, count)
    ]
    print(f"{name}: {max(largest):.0e}")  # noqa: T201 - a figure of docs/scaling.md


def assert_alike(found: Any, wanted: Any, tolerance: float) -> float:
    """Compare numbers in dictionaries and lists; return the largest difference."""
    if isinstance(wanted, dict):
        assert found.keys() == wanted.keys(), found
        pairs = [(found[key], value) for key, value in wanted.items()]
        return max(assert_alike(*pair, tolerance) for pair in pairs)
    largest = [0.0]
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
        largest.append(float(np.max(np.abs(np.subtract(one, other)), initial=0.0)))
    return max(largest)
