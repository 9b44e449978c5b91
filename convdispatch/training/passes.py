"""Epochs of a stated number of batches, over data that have another number of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from convdispatch.support.warnings import warn

_END = object()


@dataclass(slots=True, kw_only=True)
class Passes:
    """Takes `steps` items an epoch from passes over the data; an epoch goes on where one stopped.

    begin: begins a pass.
    repeats: whether an epoch goes on with the next pass where one ends in its midst, as in Keras 2.
        Else it is shorter, with a warning, as in Keras 3.
    restarts: whether each epoch begins a pass, as validation does in Keras 3.
    """

    begin: Callable[[], Iterator[Any]]
    steps: int
    repeats: bool = False
    restarts: bool = False
    _going: Iterator[Any] | None = None

    def epoch(self) -> Iterator[Any]:
        """Yield the items of the next epoch."""
        if self.restarts:
            self.close()
        count, is_new = 0, False
        while count < self.steps:
            if self._going is None:
                self._going, is_new = self.begin(), True
            item = next(self._going, _END)
            if item is not _END:
                count, is_new = count + 1, False
                yield item
                continue
            self._going = None
            if is_new:  # there are no data at all
                return
            if count and not self.repeats:
                warn(
                    f"the data ended after {count} of the {self.steps} batches that were asked "
                    "for. Another epoch begins at the first one. Give fewer steps, or more data."
                )
                return

    def close(self) -> None:
        """End the pass that is going on."""
        close = getattr(self._going, "close", None)
        if close is not None:
            close()
        self._going = None


def first(starts: range, steps: int | None) -> range:
    """Return the first `steps` of a pass over arrays, all for None; warn where there are fewer."""
    if steps is not None and steps > len(starts):
        warn(
            f"the data ended after {len(starts)} of the {steps} batches that were asked for. Give "
            "fewer steps, or more data."
        )
    return starts if steps is None else starts[:steps]
