"""Start the processes of a group, and compare what they report."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from places import HELPERS, ROOT

PROCESSES = int(os.environ.get("CONVDISPATCH_TEST_PROCESSES", "2"))
SECONDS = 300


def environment(backend: str, **more: str) -> dict[str, str]:
    """Return the variables of a process that trains on a backend."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "backends"), str(HELPERS)])
    own = {"CONVDISPATCH_BACKEND": backend, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths}
    return os.environ | own | {"JAX_ENABLE_X64": "1"} | more


def script(folder: Path, *names: str) -> list[str]:
    """Return the arguments of Python for these trainings."""
    return [str(HELPERS / "group_trainings.py"), str(folder), *names]


def run_by_torchrun(folder: Path, *names: str) -> None:
    """Make the trainings in processes of torchrun."""
    command = [sys.executable, "-m", "torch.distributed.run", f"--nproc_per_node={PROCESSES}"]
    command += ["--rdzv-backend=c10d", "--rdzv-endpoint=localhost:0", *script(folder, *names)]
    run([command], [environment("torch")])


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


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("localhost", 0))
        port: int = one.getsockname()[1]
        return port


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
