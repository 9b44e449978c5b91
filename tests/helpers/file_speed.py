"""How long a large file takes, beside h5py: `python tests/helpers/file_speed.py [MEGABYTES]`.

Each kind of file is read in turn by h5py (from a zip, by zip and h5py) and here, several times, in
a process of its own each; the smallest time counts. Memory is the process's peak above the arrays.
Imports do not count on either side: each process reads a small file of the kind before.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

LAYERS = 50
ROUNDS = 7


def write(folder: Path, megabytes: int) -> dict[str, Path]:
    """Write a model's file of each kind, of so many megabytes of float32."""
    import h5py

    side = int((megabytes * 1e6 / 4 / LAYERS) ** 0.5)
    numbers = np.random.default_rng(0).standard_normal((side, side), "f4")

    config = _config(side)

    def keras2(file: Any) -> None:
        file.attrs["keras_version"], file.attrs["backend"] = "2.2.4", "tensorflow"
        file.attrs["model_config"] = config
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = np.array([f"d{n}".encode() for n in range(LAYERS)])
        for n in range(LAYERS):
            layer = group.create_group(f"d{n}")
            layer.attrs["weight_names"] = np.array([f"d{n}/kernel:0".encode()])
            layer[f"d{n}/kernel:0"] = numbers

    def keras3(file: Any) -> None:
        for n in range(LAYERS):
            group = file.create_group(f"layers/dense_{n}/vars" if n else "layers/dense/vars")
            group.attrs["name"] = f"d{n}"
            group["0"] = numbers

    paths = {
        "h5": folder / "a.h5",
        "weights.h5": folder / "a.weights.h5",
        "keras": folder / "a.keras",
    }
    for path, fill in ((paths["h5"], keras2), (paths["weights.h5"], keras3)):
        with h5py.File(path, "w", libver=("earliest", "v108")) as file:
            fill(file)
    with zipfile.ZipFile(paths["keras"], "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.15.1"}')
        archive.writestr("config.json", config)
        archive.write(paths["weights.h5"], "model.weights.h5")
    return paths


def _config(side: int) -> str:
    first = {"batch_input_shape": [None, side], "dtype": "float32", "name": "i"}
    dense = [{"name": f"d{n}", "units": side, "use_bias": False} for n in range(LAYERS)]
    entries = [{"class_name": "InputLayer", "config": first}]
    entries += [{"class_name": "Dense", "config": one} for one in dense]
    config = {"name": "m", "layers": entries}
    return json.dumps({"class_name": "Sequential", "config": config})


def by_h5py(path: Path) -> Iterator[Any]:
    """Yield every array of a file, as h5py reads it; from a zip, read into memory before."""
    import h5py

    found: list[Any] = []
    given: Any = path
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            given = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(given, "r") as file:
        file.visititems(lambda _, one: found.append(one[()]) if hasattr(one, "shape") else None)
    yield from found


def by_us(path: Path) -> Iterator[Any]:
    """Yield every array of a file, as convdispatch reads it."""
    from convdispatch.saving.recognising import read_checkpoint

    for layer in read_checkpoint(path).layers:
        for array in layer.arrays:
            yield array.read()


def shapes(path: Path) -> Iterator[Any]:
    """Recognise the file, and yield the arrays without reading them."""
    from convdispatch.saving.recognising import read_checkpoint

    for layer in read_checkpoint(path).layers:
        yield from layer.arrays


def as_a_model(path: Path) -> Iterator[Any]:
    """Yield the model that the file holds."""
    from convdispatch.models import load_model

    if not path.name.endswith(".weights.h5"):
        yield load_model(path, backend="numpy")


READERS: dict[str, Callable[[Path], Iterator[Any]]] = {
    "h5py": by_h5py,
    "us": by_us,
    "shapes": shapes,
    "model": as_a_model,
}


def measured(reader: str, path: Path, small: Path) -> dict[str, float]:
    """Return the seconds and the peak of memory of a reader, in this process."""
    from fuzzing.memory import Peak

    list(READERS[reader](small))  # which imports what the reader needs

    memory, started = Peak(), time.perf_counter()
    found = list(READERS[reader](path))
    seconds = time.perf_counter() - started
    peak = memory.above()
    arrays = [one for model in found for one in model.get_weights()] if reader == "model" else found
    held = sum(one.nbytes for one in arrays) if reader != "shapes" else 0
    return {"seconds": seconds, "beside": (peak - held) / 1e6, "arrays": len(arrays)}


def compare(path: Path, small: Path, rounds: int = ROUNDS) -> dict[str, dict[str, float]]:
    """Return the best of each reader, measured in turn in processes of their own."""
    runs: dict[str, list[dict[str, float]]] = {reader: [] for reader in READERS}
    for _ in range(rounds):
        for reader, found in runs.items():
            command = [sys.executable, __file__, "--measure", reader, str(path), str(small)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found.append(json.loads(done.stdout))
    return {reader: min(found, key=lambda one: one["seconds"]) for reader, found in runs.items()}


def main(megabytes: int) -> None:
    """Print a line for each kind of file."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        small = write(Path(other), 1)
        for kind, path in write(Path(folder), megabytes).items():
            best = compare(path, small[kind])
            theirs = best["h5py"]["seconds"]
            ratios = {name: round(one["seconds"] / theirs, 2) for name, one in best.items()}
            sys.stdout.write(f"{kind} {json.dumps(ratios)} {json.dumps(best)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        sys.stdout.write(json.dumps(measured(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 500)
