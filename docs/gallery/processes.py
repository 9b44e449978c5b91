"""Time by processes on each backend.

A step of training on a batch of 64 images, in one process and in two. Each process has one thread
and computes its rows of every batch; the framework's own engine adds the gradients up. The figures
are medians on the processors of the machine that built this page, while it did other work. With
two processes on two processors a step can take half as long at best. NumPy has no such engine.
:doc:`Many processes </scaling>` has measurements that are made with care.
"""

import os
import subprocess
import sys
from pathlib import Path

from matplotlib import pyplot

# What each process runs. `convdispatch run` starts them as the backend's engine does.
STEP = """
import os, statistics, time
from pathlib import Path
import numpy as np
import convdispatch
from convdispatch import layers

convdispatch.set_random_seed(0)
model = convdispatch.Sequential(
    [
        layers.Conv2D(16, 3, activation="relu", input_shape=(28, 28, 1)),
        layers.Conv2D(16, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile("sgd", "sparse_categorical_crossentropy")
random = np.random.default_rng(0)
x = random.normal(size=(64, 28, 28, 1)).astype("float32")
y = random.integers(0, 10, size=(64,))
seconds = []
for _ in range(12):
    begun = time.perf_counter()
    model.train_on_batch(x, y)
    seconds.append(time.perf_counter() - begun)
Path(f"{os.environ['WHERE']}-{os.getpid()}").write_text(str(statistics.median(seconds[2:])))
"""
RUNS = {"numpy": (1,), "torch": (1, 2), "tensorflow": (1, 2), "jax": (1, 2)}
BARS = {1: ("#0072b2", ""), 2: ("#e69f00", "//")}


def milliseconds(backend, processes):
    """Return the median time of a step, that of the slowest process."""
    where = Path(f"{backend}-{processes}")
    environ = {**os.environ, "WHERE": str(where), "NPROC": "1"}
    environ |= {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    environ |= {f"TF_NUM_{name}_THREADS": "1" for name in ("INTRAOP", "INTEROP")}
    command = ["run", "--backend", backend, "step.py"]
    if processes > 1:
        command[3:3] = ["--nproc", str(processes)]
    subprocess.run(
        [sys.executable, "-m", "convdispatch", *command],
        env=environ, check=True, capture_output=True,
    )  # fmt: skip
    return 1000 * max(float(path.read_text()) for path in Path().glob(f"{where}-*"))


Path("step.py").write_text(STEP)
figure, axes = pyplot.subplots(figsize=(9, 4))
told = []
for place, (backend, each) in enumerate(RUNS.items()):
    for processes in each:
        found = milliseconds(backend, processes)
        colour, hatch = BARS[processes]
        at = place + (processes - 1.5) * 0.4 * (len(each) > 1)
        bar = axes.bar(at, found, 0.4, color=colour, hatch=hatch, edgecolor="white")
        axes.bar_label(bar, fmt="%.3g")
        told.append(f"{backend} {found:.3g} in {processes}")
for processes, (colour, hatch) in BARS.items():
    name = f"{processes} process" + "es" * (processes > 1)
    axes.bar(0, 0, color=colour, hatch=hatch, edgecolor="white", label=name)
axes.set_xticks(range(len(RUNS)), RUNS)
axes.set(ylabel="milliseconds a step")
axes.margins(y=0.12)
axes.legend()
figure.set_label(f"Milliseconds a step by the number of processes: {', '.join(told)}.")
