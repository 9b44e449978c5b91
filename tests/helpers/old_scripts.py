"""Old scripts of our own on every backend, by `convdispatch run`.

    python tests/helpers/old_scripts.py [--backend NAME]... [SCRIPT ...]

The scripts in tests/compat/scripts use the names that Keras's own examples use, in the same way,
with little data. Status 1: one of them fails.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from places import ROOT

FOLDER = ROOT / "tests" / "compat" / "scripts"
BACKENDS = ("numpy", "torch", "tensorflow", "jax")
SCRIPTS = {f"{path.parent.name}/{path.stem}": path for path in sorted(FOLDER.glob("*/*.py"))}
# By a script's name, its arguments; {pictures} is a folder with a.png, b.png and two masks.
ARGUMENTS = {
    "neural_style_transfer": "{pictures}/a.png {pictures}/b.png {pictures}/styled",
    "neural_doodle": (
        "--nlabels 2 --style-image {pictures}/a.png --content-image {pictures}/b.png "
        "--style-mask {pictures}/rows.png --target-mask {pictures}/columns.png "
        "--target-image-prefix {pictures}/drawn"
    ),
}
NEEDS_PICTURES = ("cifar10_cnn", "cifar10_resnet", "cifar10_cnn_capsule", *ARGUMENTS)


def arguments_of(name: str, pictures: Path) -> list[str]:
    """Return what a script is given on its command line."""
    words = ARGUMENTS.get(name.rpartition("/")[2], "").split()
    return [word.format(pictures=pictures) for word in words]


def write_data(folder: Path) -> None:
    """Write small stand-ins of the data sets into `datasets` of a folder."""
    datasets, drawn = folder / "datasets", np.random.default_rng(0)
    datasets.mkdir()
    with np.load(ROOT / "examples" / "digits.npz") as found:
        rows = drawn.integers(0, len(found["x"]), size=256)
        x, y = found["x"][rows], found["y"][rows]
    y[:160] = np.arange(160) % 10  # each class several times in both parts
    np.savez(
        datasets / "mnist.npz", x_train=x[:192], y_train=y[:192], x_test=x[96:160], y_test=y[96:160]
    )
    x, y = drawn.integers(0, 256, (80, 32, 32, 3), "uint8"), drawn.integers(0, 10, (80, 1))
    np.savez(datasets / "cifar10.npz", x_train=x[:64], y_train=y[:64], x_test=x[64:], y_test=y[64:])
    reviews = np.empty(96, object)
    reviews[:] = [drawn.integers(1, 900, drawn.integers(20, 60)).tolist() for _ in range(96)]
    y = drawn.integers(0, 2, 96)
    np.savez(
        datasets / "imdb.npz",
        x_train=reviews[:64], y_train=y[:64], x_test=reviews[64:], y_test=y[64:],
    )  # fmt: skip


def write_pictures(folder: Path) -> None:
    """Write two pictures and two masks of two regions into a folder."""
    from PIL import Image

    drawn, mask = np.random.default_rng(1), np.zeros((32, 32, 3), "uint8")
    mask[:16] = 255
    pictures = {
        "a": drawn.integers(0, 255, (32, 32, 3), "uint8"),
        "b": drawn.integers(0, 255, (32, 32, 3), "uint8"),
        "rows": mask,
        "columns": mask.transpose(1, 0, 2).copy(),
    }
    for name, picture in pictures.items():
        Image.fromarray(picture).save(folder / f"{name}.png")


def run(name: str, backend: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own, with the data in that folder."""
    script, api = SCRIPTS[name], name.partition("/")[0]
    command = [sys.executable, "-m", "convdispatch", "run", "--api", api, "--backend", backend]
    return subprocess.run(
        [*command, str(script), *arguments_of(name, folder)],
        env={**os.environ, "KERAS_HOME": str(folder), "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )


def main() -> int:
    """Run the scripts that are asked for, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--backend", action="append", choices=BACKENDS)
    parser.add_argument("scripts", nargs="*", metavar="SCRIPT")
    asked = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_data(folder)
        write_pictures(folder)
        for backend in asked.backend or BACKENDS:
            for name in asked.scripts or SCRIPTS:
                begun = time.perf_counter()
                done = run(name, backend, folder)
                took = time.perf_counter() - begun
                end = (done.stderr.strip().splitlines() or [""])[-1] if done.returncode else ""
                said = f"{backend} {name}: status {done.returncode}, {took:.1f} s {end}"
                sys.stdout.write(f"{said.rstrip()}\n")
                sys.stdout.flush()
                failed += done.returncode != 0
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
