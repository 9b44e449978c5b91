"""The memory of a training with a part of each weight on each of two processes or devices.

`python asv_benches/sharded_memory.py` trains a model with weights of 200 MB by Adam, on each engine
in processes of its own, and prints what each of them needs: the bytes of its arrays between two
steps, and the most resident memory during a step, above that before the model was made. Devices of
one process share its resident memory, so that of a mesh is the bytes of each device alone.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

WIDTH, LAYERS, ROWS, STEPS = 2048, 12, 64, 3  # 12 * 2048**2 float32: 201 MB
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident(name: str) -> int:
    """Return the bytes of 'VmRSS' or, since the peak was reset, 'VmHWM'."""
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024


def measure(wanted: Path) -> None:
    """Train in this process, and write what it needs to the file."""
    from convdispatch import Sequential, layers, selection
    from convdispatch.initializers import set_random_seed

    devices = os.environ.get("SHARDED_MEMORY_MESH")
    if devices:
        import jax

        kind = jax.sharding.AxisType.Auto
        jax.set_mesh(jax.make_mesh((int(devices),), ("batch",), axis_types=(kind,)))
    set_random_seed(1)
    rows = np.random.default_rng(1).normal(size=(ROWS, WIDTH)).astype("float32")
    small = Sequential([layers.Dense(8, input_shape=(WIDTH,))])
    small.compile("adam", "mse")
    small.train_on_batch(rows, rows[:, :8])  # what the framework itself needs
    before = resident("VmRSS")
    model = Sequential([layers.Input((WIDTH,))])
    for _ in range(LAYERS):
        model.add(layers.Dense(WIDTH, activation="relu"))
    model.compile("adam", "mse")
    for _ in range(STEPS):
        model.train_on_batch(rows, rows)
        gc.collect()
        _CLEAR.write_text("5")  # the peak is that of the last step
    model.train_on_batch(rows, rows)
    found = {
        "arrays": _arrays(selection.backend()),
        "steady": resident("VmRSS") - before,
        "peak": resident("VmHWM") - before,
    }
    wanted.write_text(json.dumps(found))


def _arrays(backend: str) -> list[int]:
    """Return the bytes of all living arrays: on each device, or of this process."""
    if backend == "jax":
        import jax

        by_device: dict[Any, int] = {}
        for array in jax.live_arrays():
            for shard in array.addressable_shards:
                by_device[shard.device] = by_device.get(shard.device, 0) + shard.data.nbytes
        return list(by_device.values())
    import torch

    storages = {}
    for one in gc.get_objects():
        if issubclass(type(one), torch.Tensor):  # `isinstance` would ask modules that are lazy
            held = getattr(one, "_local_tensor", one).untyped_storage()
            storages[held.data_ptr()] = held.nbytes()
    return [sum(storages.values())]


def trained(backend: str, count: int, *, launcher: str, **more: str) -> list[dict[str, Any]]:
    """Return what each process measures."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / str(rank) for rank in range(count)]
        environ = {**os.environ, "CONVDISPATCH_BACKEND": backend, "OMP_NUM_THREADS": "1", **more}
        environ["MALLOC_MMAP_THRESHOLD_"] = "1048576"  # what is freed is the system's again
        command = [sys.executable, __file__, "--write"]
        if launcher == "torchrun":
            start = [sys.executable, "-m", "torch.distributed.run", f"--nproc_per_node={count}"]
            start += ["--rdzv-backend=c10d", "--rdzv-endpoint=localhost:0"]
            subprocess.run([*start, *command[1:], folder], env=environ, check=True)
        else:
            with socket.socket() as free:
                free.bind(("localhost", 0))
                address = f"localhost:{free.getsockname()[1]}"
            own: list[dict[str, str]] = [{"RANK": "0"}]
            if count > 1:
                own = [
                    {
                        "RANK": str(rank),
                        "JAX_COORDINATOR_ADDRESS": address,
                        "JAX_NUM_PROCESSES": str(count),
                        "JAX_PROCESS_ID": str(rank),
                    }
                    for rank in range(count)
                ]
            started = [subprocess.Popen([*command, folder], env=environ | one) for one in own]
            codes = [one.wait() for one in started]
            if any(codes):
                raise SystemExit("a process has failed")
        return [json.loads(file.read_text()) for file in files]


RUNS: dict[str, tuple[Any, ...]] = {
    "torch, 1 process": ("torch", 1, "none", {}),
    "torch, DistributedDataParallel, 2 processes": ("torch", 2, "torchrun", {}),
    "torch, FSDP2, 2 processes": ("torch", 2, "torchrun", {"CONVDISPATCH_SHARD_WEIGHTS": "1"}),
    "jax, 1 device": ("jax", 1, "none", {}),
    "jax, mesh of 2 devices, sharded": (
        "jax",
        1,
        "none",
        {
            "CONVDISPATCH_SHARD_WEIGHTS": "1",
            "JAX_NUM_CPU_DEVICES": "2",
            "SHARDED_MEMORY_MESH": "2",
        },
    ),
    "jax, 2 processes, sharded": ("jax", 2, "none", {"CONVDISPATCH_SHARD_WEIGHTS": "1"}),
}


def main() -> None:
    """Print a line for each engine: megabytes, and their ratios to those of one process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="measure in this process, into this folder")
    parser.add_argument("--only", default="", help="runs whose name begins so")
    arguments = parser.parse_args()
    if arguments.write is not None:
        measure(arguments.write / os.environ.get("RANK", "0"))
        return
    alone: dict[str, float] = {}
    for name, (backend, count, launcher, more) in RUNS.items():
        if not name.startswith(arguments.only):
            continue
        found = trained(backend, count, launcher=launcher, **more)
        most = {key: max(one[key] for one in found) for key in ("steady", "peak")}
        most["arrays"] = max(size for one in found for size in one["arrays"])
        alone = alone if "2" in name else most
        said = [f"{key} {most[key] / 1e6:.0f} MB ({most[key] / alone[key]:.2f})" for key in most]
        sys.stdout.write(f"{name}: {', '.join(said)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
