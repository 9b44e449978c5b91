"""Trainings that one process and a group of processes make alike, and what they report.

As a script it makes them in one process of a group: `group_trainings.py FOLDER NAME ...` writes
what each reports to FOLDER/NAME-RANK.json.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import group_counts
import numpy as np

from convdispatch import Model, Sequential, callbacks, keras1, layers
from convdispatch.errors import ConvDispatchError
from convdispatch.initializers import set_random_seed
from convdispatch.training.codes import Sequence

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


class Numbered(Sequence):
    """Batches by number."""

    def __getitem__(self, index: int) -> Any:
        x, y, _ = data()
        rows = slice(index * 7, index * 7 + 7)
        return x[rows], y[rows]

    def __len__(self) -> int:
        return 6


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


def predictions(folder: Path) -> Any:
    """Predict with models that nobody has trained, and whose weights are left to chance."""
    x = data()[0]
    model, batches = _of_chance(network()), [x[:12], x[12:25], x[25:26], x[26:]]
    return {
        "of arrays": model.predict(x, batch_size=BATCH).tolist(),
        "of a last batch of one": model.predict(x[:25], batch_size=BATCH).tolist(),
        "in one batch": model.predict(x, batch_size=100).tolist(),
        "of a generator": model.predict(iter(batches), steps=4).tolist(),
        "of a sequence": model.predict(Numbered()).tolist(),
        "evaluated": model.evaluate(x, data()[1], batch_size=BATCH, verbose=0),
    }


def predictions_briefly(folder: Path) -> Any:
    """Predict for two inputs, one of them with a mask, and two outputs; the last batch has 5."""
    numbers = np.random.default_rng(6).integers(0, 5, size=(29, 4))
    given = {"x": data()[0][:29], "numbers": numbers}
    one, other = _of_chance(_of_two()).predict(given, batch_size=BATCH)
    return {"one": one.tolist(), "other": other.tolist()}


def _of_chance(model: Any) -> Any:
    """Return the model as a script without a seed makes it: other weights on each process."""
    if rank() != "0":
        model.set_weights([weight + 1 for weight in model.get_weights()])
    return model


def _of_two() -> Any:
    set_random_seed(11)
    own: dict[str, Any] = {"dtype": "float64"}
    x = layers.Input((6, 6, 2), name="x", **own)
    numbers = layers.Input((4,), dtype="int32", name="numbers")
    masked = layers.Embedding(5, 3, mask_zero=True, **own)(numbers)
    steps = layers.SimpleRNN(3, **own)(masked)
    both = layers.Concatenate(**own)([layers.Flatten(**own)(x), steps])
    return Model([x, numbers], [layers.Dense(3, **own)(both), steps])


def predictions_of_a_loader(folder: Path) -> Any:
    """Predict for a loader whose sampler gives each process rows of its own, one of them twice."""
    import torch

    x, y, _ = data()
    pairs = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    sampler: Any = None
    if torch.distributed.is_initialized():
        sampler = torch.utils.data.distributed.DistributedSampler(pairs, shuffle=True)
    loader = torch.utils.data.DataLoader(pairs, 6, sampler=sampler)
    return {"predicted": network().predict(loader).tolist()}


def shares_of_predictions(folder: Path) -> Any:
    """Note of how many rows this process computes the outputs."""
    seen: list[int] = []

    def noting(x: Any) -> Any:
        seen.append(int(x.shape[0]))
        return x

    model = Sequential([layers.Flatten(input_shape=(6, 6, 2)), layers.Dense(3, activation=noting)])
    model.predict(data("float32")[0], batch_size=BATCH)
    return {"rows": seen}


def of_other_counts(folder: Path) -> Any:
    """Predict for other numbers of samples on each process, which is an error on all of them."""
    return network().predict(data()[0][: 20 + int(rank())]).tolist()


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


def with_noise_of_another_batch(folder: Path) -> Any:
    """Leave out numbers by the shape of one process's rows."""
    x, y, _ = data()
    own: dict[str, Any] = {"dtype": "float64"}
    noise = layers.Dropout(0.5, noise_shape=(6, 1, 6, 1), input_shape=(6, 6, 2), **own)
    model = Sequential([noise, layers.Flatten(**own), layers.Dense(1, **own)])
    model.compile("sgd", "mse")
    return trained(model, x[:24], y[:24], batch_size=BATCH)


def with_other_seeds(folder: Path) -> Any:
    """Begin with another seed on each process, which is an error on all of them."""
    x, y, _ = data()
    model = network()
    set_random_seed(int(rank()))
    return trained(model, x, y, batch_size=BATCH)


def of_other_widths(folder: Path) -> Any:
    """Begin with another architecture on each process."""
    x, y, _ = data()
    model = Sequential([layers.Flatten(input_shape=(6, 6, 2)), layers.Dense(3 + int(rank()))])
    model.compile("sgd", "mse")
    return trained(model, x, y, batch_size=BATCH)


def of_odd_batches(folder: Path) -> Any:
    """Begin with batches that two processes cannot divide."""
    x, y, _ = data()
    return trained(network(), x, y, batch_size=13)


def of_other_lengths(folder: Path) -> Any:
    """Begin with other numbers of samples on each process."""
    x, y, _ = data()
    count = 24 + int(rank())
    return trained(network(), x[:count], y[:count], batch_size=BATCH)


def into_a_file(folder: Path) -> Any:
    """Keep the state where rank 0 alone finds a file in the folder's place."""
    x, y, _ = data()
    place = folder / f"run-{rank()}"
    if rank() == "0":
        place.write_text("a file")
    return trained(network(), x, y, batch_size=BATCH, resume=place)


class Filling(Writing):
    """Fails as on a full disk, in the second epoch."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Fail."""
        if epoch:
            raise OSError(28, "No space left on device", str(self.path))


def onto_a_full_disk(folder: Path) -> Any:
    """Write by a callback of rank 0 that fails, with others that compute with all processes."""
    x, y, _ = data()
    model = network()
    again = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: model.evaluate(x, y, batch_size=BATCH, verbose=0)
    )
    return trained(model, x, y, batch_size=BATCH, callbacks=[Filling(folder / "full"), again])


def with_one_that_stops(folder: Path) -> Any:
    """Train until one process wants to stop."""
    x, y, _ = data()
    model = network()

    def stop(epoch: int, logs: Any) -> None:
        model.stop_training = rank() == "1"

    stopping = callbacks.LambdaCallback(on_epoch_end=stop)
    return {"epochs": model.fit(x, y, BATCH, 4, 0, callbacks=[stopping]).epoch}


def rank() -> str:
    """Return the number of this process."""
    return os.environ.get("RANK") or os.environ.get("GROUP_RANK_OF_TEST", "0")


# What each of them says, on every process.
FAULTS = {
    "with_other_seeds": "must have the same seed",
    "of_other_widths": "must have the same shapes of weights",
    "of_odd_batches": "`batch_size` is that of the whole batch",
    "of_other_lengths": "must have the same number of steps and samples",
    "with_noise_of_another_batch": "received (6, 1, 6, 1) for an input of shape (12, 6, 6, 2)",
    "into_a_file": "run-0",
    "onto_a_full_disk": "[Errno 28] No space left on device",
    "of_other_counts": "must have the same number of samples",
}
TRAININGS = {
    function.__name__: function
    for function in (
        briefly,
        of_arrays,
        in_float32,
        plainly,
        with_a_tiny_last_batch,
        of_a_sequence,
        of_a_file,
        of_keras1,
        of_steps,
        with_callbacks,
        predictions,
        predictions_briefly,
        with_noise_of_a_batch,
    )
}


def main(folder: Path, names: list[str]) -> None:
    """Make the trainings and write what they report."""
    devices = os.environ.get("GROUP_MESH_OF_TEST")
    if devices is not None:
        import jax

        kind = jax.sharding.AxisType.Auto
        jax.set_mesh(jax.make_mesh((int(devices),), ("batch",), axis_types=(kind,)))
    with strategy():
        report(folder, names)


def strategy() -> Any:
    """Return the scope of a strategy where one is asked for."""
    kind = os.environ.get("GROUP_STRATEGY_OF_TEST")
    if kind is None:
        return contextlib.nullcontext()
    import tensorflow as tf

    if kind == "workers":
        return tf.distribute.MultiWorkerMirroredStrategy().scope()
    (cpu,) = tf.config.list_physical_devices("CPU")
    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, two)
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope()


def report(folder: Path, names: list[str]) -> None:
    """Make the trainings and write what they report."""
    for name in names:
        try:
            if name.startswith("count_"):
                found = group_counts.counted(name.removeprefix("count_"), folder, rank())
            else:
                found = globals()[name](folder)
        except (ConvDispatchError, OSError) as exc:
            found = {"error": f"{type(exc).__name__}: {exc}"}
        (folder / f"{name}-{rank()}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
