"""Start the processes of a group, and compare what they report."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from group_trainings import TRAININGS
from places import HELPERS, ROOT

PROCESSES = int(os.environ.get("CONVDISPATCH_TEST_PROCESSES", "2"))
SECONDS = 300
# What engines make that compile each shape for seconds: with this variable all trainings.
IS_FULL = os.environ.get("CONVDISPATCH_TEST_GROUPS") == "full"
COMPILED = tuple(TRAININGS) if IS_FULL else ("briefly", "predictions_briefly")


def environment(backend: str, **more: str) -> dict[str, str]:
    """Return the variables of a process that trains on a backend."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "backends"), str(HELPERS)])
    own = {"CONVDISPATCH_BACKEND": backend, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths}
    return os.environ | own | {"JAX_ENABLE_X64": "1"} | more


def script(folder: Path, *names: str, file: str = "group_trainings.py") -> list[str]:
    """Return the arguments of Python for these trainings."""
    return [str(HELPERS / file), str(folder), *names]


def run_by_torchrun(
    folder: Path, *names: str, file: str = "group_trainings.py", **more: str
) -> None:
    """Make the trainings in processes of torchrun, with more variables of the environment."""
    command = [sys.executable, "-m", "torch.distributed.run", f"--nproc_per_node={PROCESSES}"]
    command += ["--rdzv-backend=c10d", "--rdzv-endpoint=localhost:0"]
    run([[*command, *script(folder, *names, file=file)]], [environment("torch", **more)])


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


def run_processes(backend: str, folder: Path, *names: str) -> Path:
    """Make the trainings in two processes; return the folder of what they report."""
    command = [sys.executable, *script(folder, *names)]
    run([command] * 2, environments(backend))
    return folder


def run_alone(backend: str, folder: Path, *names: str, **more: str) -> Path:
    """Make the trainings in one process, with more variables of the environment."""
    run([[sys.executable, *script(folder, *names)]], [environment(backend, **more)])
    return folder


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


def assert_alike(found: Any, wanted: Any, tolerance: float) -> None:
    """Compare numbers in dictionaries and lists."""
    if isinstance(wanted, dict):
        assert found.keys() == wanted.keys(), found
        for key, value in wanted.items():
            assert_alike(found[key], value, tolerance)
        return
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
