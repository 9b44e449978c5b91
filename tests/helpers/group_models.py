"""The data and the model that groups of processes train, and what a training reports."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdispatch import Sequential, layers
from convdispatch.initializers import set_random_seed
from convdispatch.training import codes

SAMPLES, BATCH, EPOCHS = 41, 12, 2  # the last batch has 5


def data(dtype: str = "float64") -> tuple[Any, Any, Any]:
    """Return images, classes and weights of samples."""
    drawn = np.random.default_rng(5)
    x = drawn.normal(size=(SAMPLES, 6, 6, 2)).astype(dtype)
    return x, drawn.integers(0, 3, size=SAMPLES), drawn.uniform(0, 2, size=SAMPLES)


def network(dtype: str = "float64", *, plain: bool = False) -> Any:
    """Return a compiled model, with statistics of the batch and random masks unless `plain`."""
    set_random_seed(7, portable=True)
    own: dict[str, Any] = {"dtype": dtype}
    between = (
        []
        if plain
        else [
            layers.BatchNormalization(momentum=0.5, **own),
            layers.Dropout(0.4, **own),
            layers.GaussianNoise(0.1, **own),
        ]
    )
    model = Sequential(
        [
            layers.Conv2D(4, 3, activation="relu", input_shape=(6, 6, 2), **own),
            *between,
            layers.Flatten(**own),
            layers.Dense(
                3,
                activation="softmax",
                kernel_regularizer="l2",
                activity_regularizer=None if plain else "l1",
                **own,
            ),
        ]
    )
    loss, metrics = "sparse_categorical_crossentropy", ["accuracy"]
    model.compile("adam" if dtype == "float64" else "sgd", loss, metrics=metrics)
    return model


def trained(model: Any, *given: Any, **arguments: Any) -> dict[str, Any]:
    """Return what epochs report, the weights afterwards, and what the model then says."""
    x, y, _ = data(model.layers[0].dtype)
    history = model.fit(*given, epochs=EPOCHS, verbose=0, **arguments)
    return {
        "history": history.history,
        "weights": [weight.tolist() for weight in model.get_weights()],
        "evaluated": model.evaluate(x, y, batch_size=8, verbose=0),
        "predicted": model.predict(x, batch_size=10).tolist(),
    }


class Numbered(codes.Sequence):
    """Batches by number."""

    def __getitem__(self, index: int) -> Any:
        x, y, _ = data()
        rows = slice(index * 7, index * 7 + 7)
        return x[rows], y[rows]

    def __len__(self) -> int:
        return 6
