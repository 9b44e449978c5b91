"""What a network looks at.

``convdispatch.gradients`` gives the gradients of any model's output for its input, by the same call
on every backend. The size of the gradient of the winning class says which pixels matter: below
each digit, the brighter a pixel, the more it changes the score.
"""

from pathlib import Path

import numpy as np
from matplotlib import pyplot

import convdispatch
from convdispatch import layers
from convdispatch.models import Sequential

with np.load(Path(__file__).resolve().parents[2] / "examples/digits.npz") as digits:
    x, y = digits["x"][..., np.newaxis].astype("float32") / 255, digits["y"].astype(int)
convdispatch.set_random_seed(1)
model = Sequential(
    [
        layers.Conv2D(8, 5, strides=2, activation="relu", input_shape=(28, 28, 1)),
        layers.Conv2D(12, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(10, name="scores"),
        layers.Activation("softmax"),
    ],
    backend="numpy",
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, batch_size=16, epochs=30, verbose=0)
print(f"accuracy on the digits that it has seen: {history.history['accuracy'][-1]:.0%}")

shown = x[:6]
scores = Sequential(model.layers[:-1], backend="numpy")
winners = np.asarray(model.predict(shown)).argmax(axis=1)
only = np.eye(10, dtype="float32")[winners]  # the gradient of the winner's score alone
saliency = np.abs(np.asarray(convdispatch.gradients(scores, shown, only).inputs))

figure, axes = pyplot.subplots(2, len(shown), figsize=(9, 3.2))
for digit, mattering, winner, column in zip(shown, saliency, winners, axes.T, strict=True):
    column[0].imshow(digit[..., 0], cmap="gray_r")
    column[0].set_title(f"taken for {winner}", fontsize=9)
    column[1].imshow(mattering[..., 0], cmap="cividis")
    for one in column:
        one.set_axis_off()
figure.tight_layout()
figure.set_label(
    "Six handwritten digits, and below each the pixels that change the score of its class: those "
    "on and around the strokes."
)
