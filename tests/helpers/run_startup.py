"""What `convdispatch run` costs before the first batch of a script, above its framework.

    python tests/helpers/run_startup.py [--rounds N] [BACKEND ...]

It starts a convolutional network for digits, in the manner of Keras's `mnist_cnn`, up to the moment
when the first batch begins, and beside it Python with the framework's import and a reading of the
data, by turns. Processor time is compared, which other work on the machine changes little. Status
1: the middle difference is more than a second.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ALLOWED = 1.0  # seconds
BACKENDS = ("numpy", "torch", "jax", "tensorflow")  # each is a module's name, too
SCRIPT = """\
import os
import keras
from keras.callbacks import Callback
from keras.datasets import mnist
from keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from keras.models import Sequential

(x_train, y_train), _ = mnist.load_data()
x_train = x_train.reshape(-1, 28, 28, 1).astype("float32") / 255
model = Sequential()
model.add(Conv2D(32, kernel_size=(3, 3), activation="relu", input_shape=(28, 28, 1)))
model.add(Conv2D(64, (3, 3), activation="relu"))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Dropout(0.25))
model.add(Flatten())
model.add(Dense(128, activation="relu"))
model.add(Dropout(0.5))
model.add(Dense(10, activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer="adadelta", metrics=["accuracy"])


class Started(Callback):
    def on_batch_begin(self, batch, logs=None):
        os._exit(7)


y_train = keras.utils.to_categorical(y_train, 10)
model.fit(x_train, y_train, batch_size=128, epochs=1, verbose=0, callbacks=[Started()])
"""
ALONE = """\
import os, numpy, {framework}
for one in numpy.load({data!r}).values(): one.sum()
os._exit(7)
"""


def seconds(command: list[str], home: Path) -> tuple[float, float]:
    """Return a process's processor time and the time that passed, up to its end by status 7."""
    began = time.perf_counter()
    # The first round writes the modules' bytecode, as an installation does.
    quiet = {"KERAS_HOME": str(home), "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONDONTWRITEBYTECODE": ""}
    environ = os.environ | quiet
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=environ, stdout=said, stderr=said)
        _, ended, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(ended)
        if process.returncode != 7:
            said.seek(0)
            raise SystemExit(f"{command} did not come so far: {said.read().decode()}")
    return used.ru_utime + used.ru_stime, time.perf_counter() - began


def above(backend: str, rounds: int, home: Path) -> tuple[float, float]:
    """Return the middle differences of both times between the script and the framework alone."""
    script, data = home / "first_batch.py", home / "datasets" / "mnist.npz"
    run = [sys.executable, "-m", "convdispatch", "run", "--backend", backend, str(script)]
    alone = [sys.executable, "-c", ALONE.format(framework=backend, data=str(data))]
    found = []
    for _ in range(rounds + 1):
        own, other = seconds(run, home), seconds(alone, home)
        found.append((own[0] - other[0], own[1] - other[1]))
    used, passed = zip(*found[1:], strict=True)  # the first round fills caches of files
    return statistics.median(used), statistics.median(passed)


def main() -> int:
    """Print a row for each backend."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("backends", nargs="*", metavar="BACKEND", default=BACKENDS)
    given = parser.parse_args()
    worst, write = 0.0, sys.stdout.write
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "first_batch.py").write_text(SCRIPT, encoding="utf-8")
        (home / "datasets").mkdir()
        pictures = np.zeros((1400, 28, 28), "uint8")
        numbers = np.arange(1400) % 10
        np.savez(
            home / "datasets" / "mnist.npz",
            x_train=pictures, y_train=numbers, x_test=pictures[:300], y_test=numbers[:300],
        )  # fmt: skip
        write("before the first batch, above the framework (s)  processor  passed\n")
        for backend in given.backends:
            used, passed = above(backend, given.rounds, home)
            worst = max(worst, used)
            write(f"{backend:47}  {used:9.2f}  {passed:6.2f}\n")
            sys.stdout.flush()
    return int(worst > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
