"""One axis over which a window steps, and which of its cells are drawn.

Integers alone. Sizes may be as large as integers are: nothing here counts cell by cell, but for
those that are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class DrawnAxis:
    """One axis of the padded side, and of the other, which has `steps` cells.

    A convolution and a pooling read the padded side and write the steps. A transposed convolution
    reads the steps and writes the padded side.
    """

    size: int
    low: int
    high: int
    taps: int
    stride: int
    dilation: int
    steps: int

    @property
    def extent(self) -> int:
        """How many cells the padded side has, pads included and cropped ones too."""
        return self.size + max(self.low, 0) + max(self.high, 0)

    @property
    def positions(self) -> range:
        """The cells of the padded side, counted from the first that is not a pad."""
        start = -max(self.low, 0)
        return range(start, start + self.extent)

    @property
    def reach(self) -> int:
        """How many cells the window spans."""
        return (self.taps - 1) * self.dilation + 1

    @property
    def fitted(self) -> DrawnAxis:
        """The axis with the pads, or the crops, with which no cell stays unread at the end."""
        return replace(
            self, high=(self.steps - 1) * self.stride + self.reach - self.size - self.low
        )

    def kind(self, position: int) -> str:
        """Say what lies at a position: 'cell', 'pad' or, by a negative pad, 'crop'."""
        if not 0 <= position < self.size:
            return "pad"
        return "cell" if -self.low <= position < self.size + self.high else "crop"

    def start(self, step: int) -> int:
        """Return the position of the first tap at a step."""
        return step * self.stride - self.low

    def placement(self, step: int) -> list[int]:
        """Return the positions of the taps, for the last step where there are fewer."""
        start = self.start(min(step, self.steps - 1))
        return [start + self.dilation * tap for tap in range(self.taps)]

    def tap_at(self, position: int, step: int) -> int | None:
        """Return the tap that lies at a position at a step, None for none."""
        tap, between = divmod(position - self.start(step), self.dilation)
        return tap if not between and 0 <= tap < self.taps else None

    def is_met(self, position: int) -> bool:
        """Whether any tap lies at that position at any step."""
        common = math.gcd(self.dilation, self.stride)
        ahead, between = divmod(position + self.low, common)
        if between:
            return False
        # The taps that meet this position lie `period` apart, and begin with `first`.
        period = self.stride // common
        first = ahead * pow(self.dilation // common, -1, period) % period if period > 1 else 0
        farthest = (self.steps - 1) * self.stride
        least = max(-((farthest - position - self.low) // self.dilation), 0)
        most = min((position + self.low) // self.dilation, self.taps - 1)
        return least + (first - least) % period <= most


class Lane:
    """The cells of an axis in the order in which they are drawn, with a gap where it is long."""

    def __init__(self, cells: range, most: int, end: int) -> None:
        """Take the cells: all of them where there are no more than `most`, else two ends."""
        self.cells = cells
        self.is_whole = cells.stop - cells.start <= most
        head, tail = (cells, range(0)) if self.is_whole else (cells[:end], cells[-end:])
        self._head, self._tail = head, tail

    def __iter__(self) -> Iterator[int]:
        yield from self._head
        yield from self._tail

    def __len__(self) -> int:
        """Return how many places there are, the gap's counted as one."""
        return len(self._head) + len(self._tail) + (not self.is_whole)

    def __contains__(self, cell: int) -> bool:
        return cell in self._head or cell in self._tail

    def place(self, cell: int) -> int:
        """Return the place of a cell that is drawn."""
        if cell in self._head:
            return self._head.index(cell)
        return len(self._head) + 1 + self._tail.index(cell)

    @property
    def gap(self) -> int | None:
        """The place of the gap, None where there is none."""
        return None if self.is_whole else len(self._head)
