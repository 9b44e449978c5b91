"""Trainings that count how often each sample is seen, by the weights that they leave.

The input of sample n is 1 at place n and 0 elsewhere, the loss is the output itself, and the rate
is 1: a step subtracts from weight n how much sample n counts in its batch, as one of so many.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from convdispatch import Sequential, layers
from convdispatch.initializers import set_random_seed
from convdispatch.training import codes

SAMPLES, BATCH, EPOCHS = 29, 12, 2  # the last batch has 5
X, Y = np.eye(SAMPLES), np.zeros((SAMPLES, 1))


def output_itself(wanted: Any, output: Any) -> Any:
    """Return a loss that is the output."""
    return output[:, 0]


def weights_after(*given: Any, samples: int = SAMPLES, **arguments: Any) -> list[float]:
    """Return what the weights are after training."""
    set_random_seed(1)
    own = {"use_bias": False, "kernel_initializer": "zeros", "dtype": "float64"}
    model = Sequential([layers.Dense(1, input_shape=(SAMPLES,), **own)])
    model.compile(_descending(), output_itself)
    model.fit(*given, epochs=EPOCHS, verbose=0, **arguments)
    found: list[float] = model.get_weights()[0][:samples, 0].tolist()
    return found


def _descending() -> Any:
    from convdispatch.optimizers import SGD

    return SGD(learning_rate=1.0)


def in_order() -> list[float]:
    """Return the weights where the last batch is that of the last samples."""
    last = SAMPLES % BATCH
    return [-EPOCHS / BATCH] * (SAMPLES - last) + [-EPOCHS / last] * last


def of_arrays(folder: Path, rank: str) -> list[float]:
    """Count over arrays as they are."""
    return weights_after(X, Y, BATCH, shuffle=False)


def of_shuffled_arrays(folder: Path, rank: str) -> list[float]:
    """Count over arrays in an order that is drawn, whose batches are all of one size."""
    return weights_after(X[:24], Y[:24], BATCH, samples=24)


def of_a_mapped_file(folder: Path, rank: str) -> list[float]:
    """Count over an array that lies in a file of NumPy's."""
    path = folder / f"x-{rank}.npy"
    np.save(path, X)
    return weights_after(np.load(path, mmap_mode="r"), Y, BATCH, shuffle=False)


def of_h5(folder: Path, rank: str) -> list[float]:
    """Count over a dataset of an HDF5 file."""
    import h5py

    path = folder / f"x-{rank}.h5"
    with h5py.File(path, "w") as file:
        file["x"] = X
    with h5py.File(path) as file:
        return weights_after(file["x"], Y, BATCH, shuffle=False)


class Numbered(codes.Sequence):
    """Batches by number."""

    def __getitem__(self, index: int) -> Any:
        rows = slice(index * BATCH, (index + 1) * BATCH)
        return X[rows], Y[rows]

    def __len__(self) -> int:
        return -(-SAMPLES // BATCH)


def of_a_sequence(folder: Path, rank: str) -> list[float]:
    """Count over numbered batches, in an order that is drawn."""
    return weights_after(Numbered())


def batches() -> Iterator[Any]:
    """Yield batches for ever."""
    while True:
        yield from (Numbered()[index] for index in range(len(Numbered())))


def of_a_generator(folder: Path, rank: str) -> list[float]:
    """Count over what a generator yields to every process."""
    return weights_after(batches(), steps_per_epoch=3)


def of_a_plain_loader(folder: Path, rank: str) -> list[float]:
    """Count over a loader of torch's without a sampler of its own."""
    import torch

    pairs = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    return weights_after(torch.utils.data.DataLoader(pairs, BATCH))


def of_a_sampler(folder: Path, rank: str) -> list[float]:
    """Count over a loader whose sampler gives each process some samples, in a drawn order."""
    import torch

    pairs = torch.utils.data.TensorDataset(torch.from_numpy(X[:24]), torch.from_numpy(Y[:24]))
    count = torch.distributed.get_world_size()
    sampler: Any = torch.utils.data.distributed.DistributedSampler(pairs, seed=3)
    loader = torch.utils.data.DataLoader(pairs, BATCH // count, sampler=sampler)
    return weights_after(loader, samples=24)


def of_uneven_shares(folder: Path, rank: str) -> list[float]:
    """Count over batches that are larger on rank 0 than on the others."""
    import torch

    count, place = torch.distributed.get_world_size(), int(rank)
    own = range(2 * place - 2, 2 * place) if place else range(2 * count - 2, 12)

    class Sharing(torch.utils.data.Sampler[int]):
        """Says its rank, as samplers of torch's do."""

        def __init__(self) -> None:
            self.num_replicas, self.rank = count, place

        def __iter__(self) -> Iterator[int]:
            return iter(own)

        def __len__(self) -> int:
            return len(own)

    pairs = torch.utils.data.TensorDataset(torch.from_numpy(X[:12]), torch.from_numpy(Y[:12]))
    loader = torch.utils.data.DataLoader(pairs, 12, sampler=Sharing())
    return weights_after(loader, samples=12)


def of_a_data_set(folder: Path, rank: str) -> list[float]:
    """Count over a data set of TensorFlow's."""
    import tensorflow as tf

    return weights_after(tf.data.Dataset.from_tensor_slices((X, Y)).batch(BATCH))


# Of each, how much each sample has counted.
EVENLY = [-EPOCHS / BATCH] * 24
COUNTS: dict[str, list[float]] = {
    "of_arrays": in_order(),
    "of_shuffled_arrays": EVENLY,
    "of_a_mapped_file": in_order(),
    "of_h5": in_order(),
    "of_a_sequence": in_order(),
    "of_a_generator": in_order(),
}
OF_TORCH = {
    "of_a_plain_loader": in_order(),
    "of_a_sampler": EVENLY,
    "of_uneven_shares": [-EPOCHS / 12] * 12,
}
OF_TENSORFLOW = {"of_a_data_set": in_order()}


def counted(name: str, folder: Path, rank: str) -> list[float]:
    """Make the training of that name."""
    found: list[float] = globals()[name](folder, rank)
    return found
