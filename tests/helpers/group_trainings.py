"""Trainings that one process and a group of processes make alike, and what they report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from group_models import BATCH, EPOCHS, Numbered, data, network, trained
from group_scopes import rank

from convdispatch import Model, Sequential, callbacks, keras1, layers
from convdispatch.initializers import set_random_seed


def of_arrays(folder: Path) -> Any:
    """Train on arrays with weights of samples, and validate."""
    x, y, weights = data()
    return trained(
        network(), x, y, batch_size=BATCH, sample_weight=weights, validation_data=(x[:9], y[:9])
    )


def briefly(folder: Path) -> Any:
    """Train on few arrays and do nothing else, where each shape is compiled for seconds."""
    x, y, _ = data()
    model = network()
    history = model.fit(x[:29], y[:29], batch_size=BATCH, epochs=EPOCHS, verbose=0)
    return {"history": history.history, "weights": [one.tolist() for one in model.get_weights()]}


def in_float32(folder: Path) -> Any:
    """Train in float32."""
    x, y, _ = data("float32")
    return trained(network("float32"), x, y, batch_size=BATCH)


def plainly(folder: Path) -> Any:
    """Train without statistics of a batch and without random masks."""
    x, y, _ = data()
    return trained(network(plain=True), x, y, batch_size=BATCH)


def with_a_tiny_last_batch(folder: Path) -> Any:
    """Train on batches the last of which has a single sample."""
    x, y, _ = data()
    return trained(network(), x[:25], y[:25], batch_size=BATCH)


def of_a_sequence(folder: Path) -> Any:
    """Train on numbered batches."""
    return trained(network(), Numbered())


def of_a_loader(folder: Path) -> Any:
    """Train on a loader whose sampler gives each process its own rows of the same batches."""
    import torch

    x, y, _ = data()
    pairs = torch.utils.data.TensorDataset(torch.from_numpy(x[:40]), torch.from_numpy(y[:40]))
    count = torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1
    sampler: Any = None
    if count > 1:
        sampler = torch.utils.data.distributed.DistributedSampler(pairs, shuffle=False)
    loader = torch.utils.data.DataLoader(pairs, BATCH // count, sampler=sampler)
    return trained(network(plain=True), loader)


def of_a_file(folder: Path) -> Any:
    """Train on arrays that lie in files, each process on its rows of a batch."""
    x, y, _ = data()
    path = folder / f"x-{rank()}.npy"
    np.save(path, x)
    return trained(network(), np.load(path, mmap_mode="r"), y, batch_size=BATCH)


def of_keras1(folder: Path) -> Any:
    """Train by the words and rules of Keras 1, whose means leave out weights of zero."""
    x, y, weights = data()
    np.random.seed(3)
    set_random_seed(7, portable=True)
    own = keras1.layers
    model = keras1.models.Sequential(
        [
            own.Flatten(input_shape=(6, 6, 2), dtype="float64"),
            own.BatchNormalization(dtype="float64"),
            own.Dense(3, activation="softmax", dtype="float64"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        x, y, batch_size=BATCH, nb_epoch=2, verbose=0, sample_weight=(weights > 0.5) * weights
    )
    return {"history": history.history, "weights": [w.tolist() for w in model.get_weights()]}


def of_steps(folder: Path) -> Any:
    """Make single steps, of a model of two outputs and a metric that is no mean."""
    set_random_seed(7)
    x, y, _ = data()
    inputs = layers.Input((6, 6, 2), dtype="float64")
    flat = layers.Flatten(dtype="float64")(inputs)
    one = layers.Dense(3, activation="softmax", dtype="float64", name="one")(flat)
    other = layers.Dense(1, activation="sigmoid", dtype="float64", name="other")(flat)
    model = Model(inputs, [one, other])
    model.compile(
        "rmsprop",
        ["sparse_categorical_crossentropy", "binary_crossentropy"],
        metrics={"other": ["AUC"]},
        loss_weights=[1.0, 0.5],
    )
    targets = [y, (y > 1).astype("float64")]
    steps = [model.train_on_batch(x[:11], [one[:11] for one in targets]) for _ in range(3)]
    return {"steps": [*steps, model.test_on_batch(x, targets)]}


class Noting(callbacks.Callback):
    """Notes what it is told, and writes a file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the number of the epoch."""
        with self.path.open("a") as file:
            file.write(f"{epoch}\n")


class Writing(Noting):
    """The same, by a callback that says that it writes."""

    writes = True


def with_callbacks(folder: Path) -> Any:
    """Train with callbacks that write files."""
    x, y, _ = data()
    notes, written = folder / "notes", folder / "written"
    listed = [
        callbacks.ModelCheckpoint(folder / "{epoch}.keras"),
        callbacks.CSVLogger(folder / "log.csv"),
        Noting(notes),
        Writing(written),
    ]
    found = trained(network(), x, y, batch_size=BATCH, callbacks=listed)
    return found | {"history": found["history"]}


def with_noise_of_a_batch(folder: Path) -> Any:
    """Leave out numbers by a shape that has the size of the whole batch in it."""
    set_random_seed(7, portable=True)
    x, y, _ = data()
    own: dict[str, Any] = {"dtype": "float64"}
    model = Sequential(
        [
            layers.Dropout(0.5, noise_shape=(BATCH, 1, 6, 1), input_shape=(6, 6, 2), **own),
            layers.Flatten(**own),
            layers.Dense(3, activation="softmax", **own),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return trained(model, x[:24], y[:24], batch_size=BATCH)


def with_one_that_stops(folder: Path) -> Any:
    """Train until one process wants to stop."""
    x, y, _ = data()
    model = network()

    def stop(epoch: int, logs: Any) -> None:
        model.stop_training = rank() == "1"

    stopping = callbacks.LambdaCallback(on_epoch_end=stop)
    return {"epochs": model.fit(x, y, BATCH, 4, 0, callbacks=[stopping]).epoch}


# What every engine makes.
ALIKE = (
    "briefly",
    "of_arrays",
    "in_float32",
    "plainly",
    "with_a_tiny_last_batch",
    "of_a_sequence",
    "of_a_file",
    "of_keras1",
    "of_steps",
    "with_callbacks",
    "with_noise_of_a_batch",
)
