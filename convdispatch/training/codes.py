"""Targets in the forms that losses take, and the base of numbered batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch.errors import InvalidArgument


def to_categorical(
    y: Any, num_classes: int | None = None, dtype: Any = "float32"
) -> npt.NDArray[Any]:
    """Return numbers of classes as rows with a 1 at the place of the class.

    >>> to_categorical([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    classes = np.asarray(y, dtype="int64")
    shape = classes.shape
    if len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    flat = classes.ravel()
    count = int(flat.max(initial=-1)) + 1 if not num_classes else int(num_classes)
    if flat.size and (flat.min() < 0 or flat.max() >= count):
        raise InvalidArgument(
            f"`y` must have classes from 0 to {count - 1}; received {flat.min()} to {flat.max()}."
        )
    codes = np.zeros((flat.size, count), dtype)
    codes[np.arange(flat.size), flat] = 1
    return codes.reshape((*shape, count))


def normalize(x: Any, axis: int = -1, order: int = 2) -> npt.NDArray[Any]:
    """Return the array with a norm of 1 along the axis, zeros as they are.

    >>> normalize([3.0, 4.0])
    array([[0.6, 0.8]])
    """
    norms = np.atleast_1d(np.linalg.norm(x, order, axis))
    norms[norms == 0] = 1
    return np.asarray(x / np.expand_dims(norms, axis))


class Sequence:
    """Batches by number, so that several threads may read them; a subclass defines both methods.

    `sequence[i]` is batch i, (x, y) or (x, y, sample weights), and `len(sequence)` how many there
    are. `on_epoch_end` is called after each epoch.
    """

    def __getitem__(self, index: int) -> Any:
        """Return batch `index`."""
        raise NotImplementedError

    def __len__(self) -> int:
        """Return how many batches there are."""
        raise NotImplementedError

    def on_epoch_end(self) -> None:
        """Do something after each epoch."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches for ever."""
        while True:
            for index in range(len(self)):
                yield self[index]
