"""Where the batches of an epoch come from.

A stream is asked for one epoch after the other and yields batches of rows; it reads a batch when it
is asked for it, not before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.formulas import random
from convdispatch.ops import Backend
from convdispatch.training.batches import Raw
from convdispatch.training.groups import Together
from convdispatch.training.passes import Passes
from convdispatch.training.reading import Rows, read


class Stream(Protocol):
    """The batches of each epoch."""

    @property
    def steps(self) -> int | None:
        """How many batches an epoch has, None if only its end shows that."""

    @property
    def samples(self) -> int | None:
        """How many samples an epoch has, None if only its end shows that."""

    def epoch(self) -> Iterator[Raw]:
        """Yield the batches of the next epoch."""

    def divide(self, together: Together | None) -> None:
        """Read this process's rows of each batch, where a group of processes computes them."""

    def own_rows(self) -> Sequence[int] | None:
        """Return the numbers of the rows that this process alone reads; None for whole batches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """In which order samples come: 'as they are', 'batches' of neighbours, or 'samples' singly.

    is_global: whether NumPy's own generator decides, as in Keras 1 and 2, which
        `numpy.random.seed` restarts; else it is the one that `set_random_seed` restarts.
    agreed: returns the order that all processes of a group take, for that of this one.
    """

    of: str = "as they are"
    is_global: bool = False
    agreed: Callable[[Any], Any] | None = None

    def batches(self, samples: int, size: int) -> list[Rows]:
        """Return the rows of each batch of one epoch."""
        starts = np.arange(0, samples, size)
        if self.of == "samples":
            order = np.arange(samples)
            self._shuffle(order)
            return [order[start : start + size] for start in starts]
        if self.of == "batches":
            whole = starts[: samples // size]  # a smaller batch stays the last one
            self._shuffle(whole)
        return [slice(int(start), min(int(start) + size, samples)) for start in starts]

    def _shuffle(self, numbers: Any) -> None:
        if self.is_global:
            np.random.shuffle(numbers)
        else:
            random.generator().shuffle(numbers)
        if self.agreed is not None:
            numbers[:] = self.agreed(numbers)


AS_THEY_ARE = Order()


def order_of(shuffle: object, *, is_global: bool) -> Order:
    """Return the order that the argument `shuffle` of `fit` asks for."""
    if isinstance(shuffle, str):
        if shuffle != "batch":
            raise InvalidArgument(
                f"`shuffle` must be True, False or 'batch'; received {shuffle!r}."
            )
        return Order(of="batches", is_global=is_global)
    return Order(of="samples" if shuffle else "as they are", is_global=is_global)


class Arrays:
    """Batches of the rows of arrays; `start` and `stop` say which of all rows."""

    def __init__(
        self, raw: Raw, size: int, backend: Backend, *, order: Order, span: slice | None = None
    ) -> None:
        whole = int(raw.x[0].shape[0])
        self._first, stop, _ = (span or slice(None)).indices(whole)
        self.samples: int | None = max(stop - self._first, 0)
        if not self.samples:
            raise InvalidShape("`x` must have at least one sample; received none.")
        self._raw, self._size, self._order, self._backend = raw, size, order, backend
        self._count = self.samples
        self.steps = -(-self._count // size)
        self._passes: Passes | None = None
        self._together: Together | None = None

    def divide(self, together: Together | None) -> None:
        """Read only this process's rows of each batch, where a group of them trains the model."""
        self._together = together
        if together is not None:
            self._order = replace(self._order, agreed=together.of_rank_0)

    def own_rows(self) -> None:
        """Say that the batches' rows are told by their part."""

    def limit(self, steps: int, *, restarts: bool) -> None:
        """Make each epoch so many batches, beginning with the first one if it `restarts`."""
        self._passes = Passes(begin=self._pass, steps=steps, restarts=restarts)
        self.steps, self.samples = steps, None

    def repeat(self, steps: int) -> None:
        """Make each epoch so many batches of all samples, as in Keras 2."""
        self._size, self._order = self._count, Order()
        self._passes = Passes(begin=self._pass, steps=steps, repeats=True)
        self.steps, self.samples = steps, None

    def epoch(self) -> Iterator[Raw]:
        """Yield the batches, the last one of the samples smaller if need be."""
        rows = self._pass() if self._passes is None else self._passes.epoch()
        for one in rows:
            yield self._own(_moved(one, self._first))

    def targets(self) -> list[Any]:
        """Return the targets of all samples, as slices of what was given."""
        rows = slice(self._first, self._first + self._count)
        return [one[rows] for one in self._raw.y]

    def whole(self) -> list[Any]:
        """Return all rows, as callbacks of Keras 1 and 2 find them: of x, of y, and weights."""
        raw = self._at(slice(self._first, self._first + self._count))
        weights = [np.ones(self._count) if one is None else one for one in raw.weights]
        return [*raw.x, *raw.y, *weights]

    def _pass(self) -> Iterator[Rows]:
        return iter(self._order.batches(self._count, self._size))

    def _own(self, rows: Rows) -> Raw:
        if self._together is None:
            return self._at(rows)
        own, part = self._together.rows(rows)
        return replace(self._at(own), part=part)

    def _at(self, rows: Rows) -> Raw:
        def part(source: Any) -> Any:
            return None if source is None else read(source, rows, self._backend)

        raw = self._raw
        return Raw(
            x=[part(one) for one in raw.x],
            y=[part(one) for one in raw.y],
            weights=[part(one) for one in raw.weights],
        )


def _moved(rows: Rows, by: int) -> Rows:
    if isinstance(rows, slice):
        return slice(rows.start + by, rows.stop + by)
    return rows + by


def close(stream: Stream | None) -> None:
    """Stop reading."""
    end = getattr(stream, "close", None)
    if end is not None:
        end()


def sizes(stream: Stream, validation: Stream | None, names: list[str]) -> dict[str, Any]:
    """Return what callbacks learn about the data, by the names of Keras 1 and 2."""
    watched = [f"val_{name}" for name in names] if validation is not None else []
    are_arrays = isinstance(stream, Arrays) and isinstance(validation, Arrays)
    return {
        "steps": stream.steps,
        "samples": stream.samples,
        "nb_sample": stream.samples,
        "val_samples": validation.samples if validation is not None and are_arrays else None,
        "do_validation": validation is not None,
        "metrics": [*names, *watched],
    }


def divide(
    together: Together | None, *streams: Stream | None, training_size: int | None = None
) -> None:
    """Let each process of a group read its own rows of each batch, none without a group.

    training_size: that of the batches of arrays to train on.
    """
    if together is None:
        return
    if training_size is not None and isinstance(streams[0], Arrays):
        together.require_divisible(training_size)
    for stream in streams:
        if stream is not None:
            stream.divide(together)
    lengths = [None if one is None else (one.steps, one.samples) for one in streams]
    together.agree({"number of steps and samples": lengths})
