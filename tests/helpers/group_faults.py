"""Trainings that a group of processes cannot make, and what every process says then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from group_models import BATCH, data, network, trained
from group_scopes import rank
from group_trainings import Writing

from convdispatch import Sequential, callbacks, layers
from convdispatch.initializers import set_random_seed


def of_other_counts(folder: Path) -> Any:
    """Predict for other numbers of samples on each process, which is an error on all of them."""
    return network().predict(data()[0][: 20 + int(rank())]).tolist()


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
