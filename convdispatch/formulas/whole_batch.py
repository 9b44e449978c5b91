"""Numbers of a whole batch, where a group of processes or devices computes it in parts.

In such a step `whole(backend)` is a backend whose sums and means along the batch axis are those of
all parts; anywhere else it is the backend itself. The loss, the metrics, the statistics of a batch
and the penalties of outputs ask it, so they are the ones of one process, to rounding.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from convdispatch.kit import map_tree
from convdispatch.ops import Backend, Group, Part

# Of each thread: the `Whole` of the step that it computes. Empty nearly always, which a compiler
# that traces Python understands, as it does not what belongs to a thread.
_entered: dict[int, Whole] = {}


class Whole:
    """A backend as seen by what goes over the whole batch, in the step of one part."""

    def __init__(self, backend: Backend, group: Group, part: Part | None) -> None:
        self.plain, self.part, self._group = backend, part, group
        self.functions = self._over_parts(self.summed, self.averaged)
        self.terms = Terms(self)
        self._share: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)

    def summed(self, tree: Any) -> Any:
        """Return the sums over the parts."""
        return map_tree(self._group.sum, tree)

    def averaged(self, tensor: Any) -> Any:
        """Return the mean over the parts, each counted as often as it has rows."""
        return self._group.sum(tensor * self.share(tensor))

    def share(self, like: Any) -> Any:
        """Return which share of the batch's rows is here."""
        part = self.part
        if part is not None and part.total is not None:
            return (part.stop - part.start) / part.total
        if self._share is None:
            dtype = "float64" if self.describe(like)[1] == "float64" else "float32"
            rows = self.plain.asarray(np.asarray(self.rows), dtype)
            self._share = rows / self._group.sum(rows)
        return self.plain.cast(self._share, self.describe(like)[1])

    @property
    def rows(self) -> int:
        """How many rows are here."""
        assert self.part is not None
        return self.part.stop - self.part.start

    def fold_part(self, fold: Callable[..., Any], key: Any) -> Any:
        """Return a key of this part alone, which is its process's: see `Group.owns_rows`."""
        return fold(key, self._group.rank)

    def mean_of_parts(self, tensors: list[Any]) -> list[Any]:
        """Return the mean over the parts of each tensor, each part counted once."""
        return self._group.average(tensors)

    def _over_parts(
        self, summed: Callable[[Any], Any], averaged: Callable[[Any], Any]
    ) -> Mapping[str, Callable[..., Any]]:
        f = self.plain.functions
        return MappingProxyType(
            {**f, "sum": _reducing(f["sum"], summed), "mean": _reducing(f["mean"], averaged)}
        )


class Terms:
    """The same backend for what the parts' mean is taken of afterwards, in one go for all numbers.

    Its sums and means are this part's terms, times the number of parts. They may be added and
    multiplied by numbers of the whole batch; nothing else.
    """

    def __init__(self, of: Whole) -> None:
        self.plain, self.whole, parts = of.plain, of, of._group.parts

        def averaged(tensor: Any) -> Any:
            return tensor * (of.share(tensor) * parts)

        self.averaged = averaged
        self.functions = of._over_parts(lambda tensor: tensor * parts, averaged)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)


def _reducing(own: Any, join: Callable[[Any], Any]) -> Callable[..., Any]:
    def reduced(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        found = own(x, axis, keepdims=keepdims) if len(x.shape) else x
        return join(found) if _crosses(axis, len(x.shape)) else found

    return reduced


def _crosses(axis: Any, rank: int) -> bool:
    """Return whether a reduction goes along the batch axis."""
    if axis is None:
        return True
    axes = axis if isinstance(axis, Sequence) else (axis,)
    return any(one in (0, -rank) for one in axes)


@contextlib.contextmanager
def entered(backend: Backend, group: Group, part: Part | None) -> Iterator[Any]:
    """Compute a step of this part of a batch in the block; give the whole's backend."""
    thread = threading.get_ident()
    before = _entered.get(thread)
    _entered[thread] = made = Whole(backend, group, part)
    try:
        yield made
    finally:
        if before is None:
            del _entered[thread]
        else:
            _entered[thread] = before


def current() -> Whole | None:
    """Return the whole of the step that this thread computes, None where nothing is divided."""
    return _entered.get(threading.get_ident()) if _entered else None


def samples_of_all(here: Any) -> Any:
    """Return how many samples the whole batch has, of those that are here, None if nobody knows."""
    found = current()
    if found is None or here is None:
        return here
    part = found.part
    if part is None or part.total is None:
        return None
    return here * part.total // (part.stop - part.start)


def samples_of(here: Any, like: Any) -> Any:
    """Return the same for a number that is known, by the share of the part where nobody knows it.

    like: a tensor of the element type that the share is computed in.
    """
    found, known = current(), samples_of_all(here)
    return here / found.share(like) if found is not None and known is None else known


def whole(backend: Backend) -> Any:
    """Return the backend for what goes over the whole batch."""
    found = current()
    return backend if found is None or found.plain is not backend else found


def summed_parts(backend: Any, compute: Callable[[Any], Any]) -> Any:
    """Return sums over samples, which `compute` makes of a backend, for the whole batch."""
    if not isinstance(backend, Whole):
        return compute(backend)
    return backend.summed(compute(backend.plain))


def averaged_parts(backend: Any, number: Any) -> Any:
    """Return a mean over samples that a function of the user's made of each part."""
    return backend.averaged(number) if isinstance(backend, Whole | Terms) else number


def terms_of(backend: Any) -> Any:
    """Return the backend for terms, of which the mean over the parts is taken afterwards."""
    return backend.terms if isinstance(backend, Whole) else backend


def exact(backend: Any) -> Any:
    """Return the table of functions for a divisor: that of the whole batch, also among terms."""
    return (backend.whole if isinstance(backend, Terms) else backend).functions
