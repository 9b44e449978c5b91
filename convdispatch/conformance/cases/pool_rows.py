"""Pooling of every kind from one set of fields, so that one table serves them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from convdispatch.conformance.cases.conv_rows import BATCH, Pads, pairs, placements, times
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Pool, Shape

# What is made of a window, and whether pads are among the cells that it is divided by.
KINDS = {
    "max": ("max", False),
    "sum": ("sum", False),
    "average": ("average", False),
    "counting-pads": ("average", True),
}
CHANNELS = 3


@dataclass(frozen=True)
class PoolRow:
    """An image's cells, and the windows over them."""

    cells: Shape
    size: Shape
    strides: Shape
    pads: Pads

    @property
    def id(self) -> str:
        """The fields, as ids spell them."""
        cells = times(self.cells)
        return f"{cells}-k{times(self.size)}-s{times(self.strides)}-p{pairs(self.pads)}"

    @property
    def is_legal(self) -> bool:
        """Whether there is a window, and each has a cell of the image."""
        ones = (1,) * len(self.cells)
        counts = placements(
            self.cells, self.size, strides=self.strides, pads=self.pads, dilation=ones
        )
        axes = zip(self.cells, self.size, self.strides, self.pads, counts, strict=True)
        return all(
            count > 0
            and n + min(low, 0) + min(high, 0) > 0
            and low < taps
            and stride * (count - 1) - low < n + min(high, 0)
            for n, taps, stride, (low, high), count in axes
        )

    def problem(self, kind: str, *, channels_last: bool, **numbers: Any) -> Problem:
        """Return the pooling of one of `KINDS`; `numbers` are fields of the problem."""
        word, counts_pads = KINDS[kind]
        op = Pool(
            kind=word,
            size=self.size,
            strides=self.strides,
            pads=self.pads,
            counts_pads=counts_pads,
            channels_last=channels_last,
        )
        cells, channels = self.cells, CHANNELS
        shape = (BATCH, *cells, channels) if channels_last else (BATCH, channels, *cells)
        return Problem(op=op, input_shape=shape, **numbers)

    def problems(self, *, channels_last: bool, **numbers: Any) -> Iterator[tuple[str, Problem]]:
        """Yield the pooling of each kind, with the end of an id."""
        for kind in KINDS:
            if kind != "counting-pads" or any(map(any, self.pads)):
                problem = self.problem(kind, channels_last=channels_last, **numbers)
                layout = "last" if channels_last else "first"
                slug = f"counting-pads-{self.id}" if kind == "counting-pads" else self.id
                yield f"{slug}-{layout}", problem


# In each, something is peculiar: overlapping windows, gaps between them, cells left over, windows
# as large as the image, pads that differ, crops, one-cell axes. Sizes differ from axis to axis.
CHOSEN = (
    PoolRow((7,), (3,), (2,), ((1, 1),)),
    PoolRow((9,), (2,), (4,), ((-1, 0),)),
    PoolRow((5,), (4,), (1,), ((3, 2),)),
    PoolRow((8,), (2,), (2,), ((0, 0),)),
    PoolRow((1,), (3,), (1,), ((1, 2),)),
    PoolRow((6, 5), (2, 2), (2, 2), ((0, 0), (0, 0))),
    PoolRow((6, 5), (3, 2), (1, 2), ((1, 1), (0, 1))),
    PoolRow((7, 8), (3, 3), (2, 2), ((0, 1), (1, 1))),
    PoolRow((5, 6), (2, 4), (3, 1), ((-1, 1), (2, -2))),
    PoolRow((4, 3), (4, 3), (1, 1), ((0, 0), (0, 0))),
    PoolRow((1, 4), (1, 2), (2, 3), ((0, 0), (1, 0))),
    PoolRow((4, 3, 5), (2, 2, 3), (2, 1, 2), ((0, 0), (1, 0), (1, 2))),
    PoolRow((3, 4, 4), (2, 2, 2), (1, 2, 2), ((0, 0), (0, 0), (0, 0))),
    PoolRow((5, 3, 4), (1, 3, 2), (2, 2, 3), ((0, -1), (1, 1), (-1, 1))),
)
