"""One network trained on four backends.

The same seed draws the same weights for every backend, and an optimizer is one formula over the
backend's functions. So four trainings in float64 are one training: the curves lie over each other,
and the second plot has what is between them, where 1e-17 stands for no difference at all.
"""

import os
from pathlib import Path

import numpy as np
from matplotlib import pyplot

import convdispatch
from convdispatch import layers
from convdispatch.models import Sequential

os.environ["JAX_ENABLE_X64"] = "1"  # else JAX refuses float64

BACKENDS = ("numpy", "torch", "tensorflow", "jax")
STYLES = (
    ("#0072b2", "-", 5),
    ("#c2500a", "--", 3.6),
    ("#00795a", "-.", 2.4),
    ("#111111", ":", 1.4),
)

with np.load(Path(__file__).resolve().parents[2] / "examples/digits.npz") as digits:
    x, y = digits["x"][..., np.newaxis].astype("float32") / 255, digits["y"].astype(int)


def trained(backend):
    """Return the loss of each epoch."""
    convdispatch.set_random_seed(7)
    model = Sequential(
        [
            layers.Conv2D(6, 5, strides=2, activation="relu", input_shape=(28, 28, 1)),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ],
        backend=backend,
    ).to(backend, dtype="float64")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=16, epochs=20, shuffle=False, verbose=0)
    return np.array(history.history["loss"])


losses = {name: trained(name) for name in BACKENDS}
figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.4))
for (name, loss), (colour, line, width) in zip(losses.items(), STYLES, strict=True):
    left.plot(loss, color=colour, linestyle=line, linewidth=width, label=name)
    apart = np.abs(loss - losses["numpy"])
    right.semilogy(np.maximum(apart, 1e-17), color=colour, linestyle=line, label=name)
    print(f"{name:10}  last loss {loss[-1]:.12f}  apart from numpy's {apart.max():.1e}")
    assert apart.max() < 1e-9
left.set(xlabel="epoch", ylabel="loss", title="the loss")
right.set(xlabel="epoch", title="how far it is from numpy's")
left.legend()
figure.tight_layout()
figure.set_label(
    "Left: the loss of twenty epochs on four backends, four curves over each other. Right: their "
    "distance from numpy's, below 1e-9 throughout."
)
