"""Trainings that one process and a group with sharded weights make alike, and what they report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from group_models import BATCH, data, network

from convdispatch import Model, Sequential, callbacks, layers, load_model, optimizers
from convdispatch.initializers import set_random_seed

# Each rule once, with what looks at whole gradients and at shared numbers.
OPTIMIZERS: dict[str, Any] = {
    "sgd": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "sgd clipped": lambda: optimizers.SGD(0.1, clipnorm=0.05),
    "adam": lambda: optimizers.Adam(amsgrad=True, global_clipnorm=0.05),
    "adamw": lambda: optimizers.AdamW(weight_decay=0.01),
    "adamax": optimizers.Adamax,
    "nadam": optimizers.Nadam,
    "rmsprop": lambda: optimizers.RMSprop(momentum=0.5, centered=True),
    "adagrad": optimizers.Adagrad,
    "adadelta": optimizers.Adadelta,
}


def of_large_layers(folder: Path) -> Any:
    """Train layers that an engine gathers one by one, one of them twice, and a frozen one."""
    set_random_seed(7, portable=True)
    own: dict[str, Any] = {"dtype": "float64"}
    x, y, _ = data()
    twice = layers.Dense(512, activation="tanh", kernel_regularizer="l2", **own)
    model = Sequential(
        [
            layers.Flatten(input_shape=(6, 6, 2), **own),
            layers.Dense(512, trainable=False, **own),
            layers.Dense(512, activation="relu", activity_regularizer="l2", **own),
        ]
    )
    inputs = layers.Input((6, 6, 2), dtype="float64")
    deep = twice(twice(model(inputs)))
    outputs = layers.Dense(3, activation="softmax", **own)(layers.Dropout(0.3, **own)(deep))
    whole = Model(inputs, outputs)
    whole.compile(optimizers.SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = whole.fit(x, y, batch_size=BATCH, epochs=2, verbose=0)
    return {
        "history": history.history,
        "sums": [[float(abs(one).sum()), one.shape[0]] for one in whole.get_weights()],
        "evaluated": whole.evaluate(x, y, batch_size=8, verbose=0),
    }


def of_optimizers(folder: Path) -> Any:
    """Train by each optimizer with constraints; report losses, weights and the whole state."""
    found: dict[str, Any] = {}
    x, y, _ = data()
    own: dict[str, Any] = {"dtype": "float64"}
    for name, make in OPTIMIZERS.items():
        set_random_seed(7, portable=True)
        model = Sequential(
            [
                layers.Conv2D(4, 3, kernel_constraint="max_norm", input_shape=(6, 6, 2), **own),
                layers.BatchNormalization(**own),
                layers.Flatten(**own),
                layers.Dense(7, kernel_constraint="unit_norm", **own),
                layers.Dense(3, activation="softmax", kernel_regularizer="l2", **own),
            ]
        )
        model.compile(make(), "sparse_categorical_crossentropy")
        history = model.fit(x[:24], y[:24], batch_size=BATCH, verbose=0)
        found[name] = {
            "history": history.history,
            "weights": [one.tolist() for one in model.get_weights()],
            "state": [one.tolist() for one in model.optimizer.get_weights()],
        }
    return found


class Looking(callbacks.Callback):
    """Predicts and evaluates on every process, in the midst of training."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Compute by weights that are whole for it."""
        x, y, _ = data()
        self.seen += [self.model.predict(x[:3]).tolist(), self.model.evaluate(x, y, verbose=0)]


class ReadingAlone(callbacks.Callback):
    """Reads all weights after each step, in rank 0 alone."""

    writes = True

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Read them."""
        self.model.get_weights()


def with_readers(folder: Path) -> Any:
    """Train with checkpoints and readers; go on from the folder, and from a set weight."""
    x, y, _ = data()
    model, looking = network(), Looking()
    kept = folder / "state"
    listed = [callbacks.ModelCheckpoint(folder / "{epoch}.keras"), looking, ReadingAlone()]
    model.fit(x, y, batch_size=BATCH, epochs=2, verbose=0, callbacks=listed, resume=kept)
    loaded = load_model(folder / "2.keras")
    again = network()
    resumed = again.fit(x, y, batch_size=BATCH, epochs=4, verbose=0, resume=kept)
    steps = [again.train_on_batch(x[:12], y[:12])]
    again.set_weights(model.get_weights())
    steps += [again.train_on_batch(x[:12], y[:12]), again.test_on_batch(x, y)]
    return {
        "seen": looking.seen,
        "loaded": loaded.predict(x).tolist(),
        "resumed": resumed.history,
        "steps": steps,
        "weights": [one.tolist() for one in again.get_weights()],
    }


class Failing(callbacks.Callback):
    """Fails in rank 0 alone, as a full disk does."""

    writes = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Raise what Python raises."""
        raise OSError("no space left")


def that_fails_in_rank_0(folder: Path) -> Any:
    """Train until rank 0 cannot write a file."""
    x, y, _ = data()
    try:
        return network().fit(x, y, batch_size=BATCH, verbose=0, callbacks=[Failing()]).history
    except OSError as exc:
        return {"error": str(exc)}


NAMES = ("of_large_layers", "of_optimizers", "with_readers")
