"""A part of an array in an HDF5 file, which is read batch by batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from convdispatch.errors import MissingPackage


class HDF5Matrix:
    """The rows from `start` to `end` of a data set of an HDF5 file, as `fit` takes them.

    datapath: the file's path. dataset: its name there. normalizer: a function of what is read.
    """

    refs: ClassVar[dict[str, Any]] = {}  # the files, each opened once

    def __init__(
        self,
        datapath: Any,
        dataset: str,
        start: int = 0,
        end: int | None = None,
        normalizer: Callable[[Any], Any] | None = None,
    ) -> None:
        try:
            import h5py
        except ImportError as exc:
            raise MissingPackage(
                f"HDF5Matrix needs the package h5py: {exc}. Try `pip install h5py`."
            ) from exc
        if datapath not in self.refs:
            self.refs[datapath] = h5py.File(datapath, "r")
        self.data = self.refs[datapath][dataset]
        self.start = start
        self.end = self.data.shape[0] if end is None else end
        self.normalizer = normalizer

    def __len__(self) -> int:
        """Return how many rows there are."""
        return int(self.end - self.start)

    def __getitem__(self, key: Any) -> Any:
        """Return rows: a slice of them, one, or those of a list of numbers."""
        if isinstance(key, slice):
            first, last, step = key.indices(len(self))
            found = self.data[self.start + first : self.start + last : step]
        elif isinstance(key, int | np.integer):
            place = int(key) + (len(self) if key < 0 else 0)
            if not 0 <= place < len(self):  # which ends a loop over the rows
                raise IndexError(f"row {int(key)} of a matrix of {len(self)} rows")
            found = self.data[self.start + place]
        else:
            rows = np.asarray(key)
            # A file gives rows in its own order, and each once.
            unique, places = np.unique(rows, return_inverse=True)
            found = self.data[list(self.start + unique)][places]
        return found if self.normalizer is None else self.normalizer(found)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many rows there are, and the shape of one."""
        return (len(self), *self.data.shape[1:])

    @property
    def dtype(self) -> Any:
        """The element type."""
        return self.data.dtype

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many cells there are."""
        return int(np.prod(self.shape))
