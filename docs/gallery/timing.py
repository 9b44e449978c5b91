"""Time by batch on each backend.

The forward pass of a small network, compiled, for batches of 1 to 256: the shortest of several
rounds, on the processors of the machine that built this page, which did other work, too. So the
shape of the curves says more than the figures. A small batch costs what a call costs, a large one
what the arithmetic costs.
:doc:`Performance </performance>` has measurements that are made with care.
"""

import time

import numpy as np
from matplotlib import pyplot

import convdispatch
from convdispatch import layers
from convdispatch.models import Sequential

BACKENDS = ("numpy", "torch", "tensorflow", "jax")
STYLES = (("#0072b2", "o-"), ("#c2500a", "s--"), ("#00795a", "^-."), ("#111111", "d:"))
BATCHES = (1, 4, 16, 64, 256)
ROUNDS, SECONDS = 9, 0.2  # of each batch, at least

figure, axes = pyplot.subplots(figsize=(9, 4))
for name, (colour, line) in zip(BACKENDS, STYLES, strict=True):
    convdispatch.set_random_seed(0)
    model = Sequential(
        [
            layers.Conv2D(16, 3, activation="relu", input_shape=(28, 28, 1)),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, activation="softmax"),
        ],
        backend=name,
    )
    forward = model.compile_forward()
    best = []
    for batch in BATCHES:
        x = np.random.default_rng(0).normal(size=(batch, 28, 28, 1)).astype("float32")
        forward(x)
        seconds = []
        while len(seconds) < ROUNDS or sum(seconds) < SECONDS:
            begun = time.perf_counter()
            np.asarray(forward(x))
            seconds.append(time.perf_counter() - begun)
        best.append(1000 * min(seconds))
    axes.loglog(BATCHES, best, line, color=colour, label=name)
axes.set(xlabel="batch", ylabel="milliseconds", xticks=BATCHES, xticklabels=BATCHES)
axes.minorticks_off()
axes.legend()
figure.set_label("Milliseconds of a forward pass by batch, for four backends.")
