"""The numbers that batches report: they stay on the device until they are read."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from convdispatch.ops import Backend

# For each number, what makes it of the sums that a batch reports; None where it is one already.
# Empty where all are.
Values: TypeAlias = Sequence[Callable[[Any], Any] | None]

# Reports that wait on the device. They are a few numbers each; more would only fill the memory.
_WAITING = 256


class Totals:
    """The mean of each number over an epoch, each batch counted as often as it has samples.

    counted: the places of those numbers that count by weights, which a batch reports at its end.
    values: what makes numbers of sums, for those that are no means.

    The sums are Python's, in double precision, as those of Keras 1 and 2 are.
    """

    def __init__(
        self,
        names: Sequence[str],
        backend: Backend,
        counted: Sequence[int] = (),
        values: Values = (),
    ) -> None:
        self.names, self._backend, self._counted = list(names), backend, list(counted)
        self._values: Values = values or [None] * len(self.names)
        self._waiting: list[tuple[Sequence[Any], int]] = []
        self._sums: list[Any] = [0.0] * len(self.names)
        self._counts = [0.0] * len(self.names)
        self._batches = 0
        self.first_bad: int | None = None  # the batch whose loss was no finite number

    def add(self, reported: Sequence[Any], size: int) -> None:
        """Add the numbers of a batch, as native scalars."""
        self._waiting.append((reported, size))
        if len(self._waiting) >= _WAITING:
            self._read()

    def means(self) -> dict[str, Any]:
        """Return the means so far; it waits for the steps that are being computed."""
        self._read()
        found = zip(self.names, self._sums, self._counts, self._values, strict=True)
        return {
            name: total / (count or 1) if value is None else value(total)
            for name, total, count, value in found
        }

    def numbers(self, reported: Sequence[Any]) -> list[Any]:
        """Return what one batch reports under each name."""
        return numbers(reported[: len(self.names)], self._backend, self._values)

    def _read(self) -> None:
        for reported, size in self._waiting:
            values = [self._read_one(*one) for one in enumerate(reported)]
            self._batches += 1
            counts: list[float] = [size] * len(self.names)
            for place, count in zip(self._counted, values[len(self.names) :], strict=True):
                counts[place] = count
            for place, count in enumerate(counts):
                self._sums[place] += values[place] * (count if self._values[place] is None else 1)
                self._counts[place] += count
            if self.first_bad is None and not math.isfinite(values[0]):
                self.first_bad = self._batches - 1
        self._waiting = []

    def _read_one(self, place: int, reported: Any) -> Any:
        """Return one of the numbers of a batch, or its sums in double precision."""
        found = self._backend.to_numpy(reported)
        if place < len(self.names) and self._values[place] is not None:
            return np.asarray(found, np.float64)
        return float(found)


class BatchLogs(MutableMapping[str, Any]):
    """What one batch reported, by name: read from the device when it is looked up."""

    def __init__(
        self, place: int, size: int, reported: Sequence[Any] = (), *, totals: Totals
    ) -> None:
        self._known: dict[str, Any] = {"batch": place, "size": size}
        self._reported: Sequence[Any] | None = reported or None
        self._totals = totals

    def averages(self) -> Mapping[str, float]:
        """Return the means over the epoch so far."""
        return self._totals.means()

    def _all(self) -> dict[str, Any]:
        if self._reported is not None:
            names = self._totals.names
            self._known.update(zip(names, self._totals.numbers(self._reported), strict=True))
            self._reported = None
        return self._known

    def __getitem__(self, name: str) -> Any:
        return self._known[name] if name in self._known else self._all()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._all()[name] = value

    def __delitem__(self, name: str) -> None:
        del self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __bool__(self) -> bool:
        return True  # without a look at the device, which `logs or {}` would cause

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return repr(self._all())


def numbers(reported: Sequence[Any], backend: Backend, values: Values) -> list[Any]:
    """Return native scalars as Python's floats, and the values of sums."""
    if not values:
        return [float(backend.to_numpy(one)) for one in reported]
    return [
        float(backend.to_numpy(one)) if value is None else value(backend.to_numpy(one))
        for one, value in zip(reported, values, strict=True)
    ]
