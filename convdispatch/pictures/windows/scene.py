"""What a picture of a window shows: the axes, three cells of the output, and who reads what."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from convdispatch.pictures.windows.axes import DrawnAxis, Lane

Cell: TypeAlias = tuple[int, ...]
MOST_CELLS = 40  # of an axis that are drawn, at most
FIRST, CHOSEN, LAST = "first", "chosen", "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Whole numbers by cell: of the input, of the kernel, of the output."""

    input: dict[Cell, str]
    kernel: dict[Cell, str]
    output: dict[Cell, str]
    pad: str  # what a pad counts as


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A window over one, two or three axes.

    kind: in words, 'convolution', say.
    window: what the taps are called: a 'kernel' has a number for each, a 'window' of a pooling has
        none, the 'factor' of a repetition says how often a cell is written, and '' is for cells
        that keep their numbers and move.
    is_transposed: whether the padded side is the one that is written.
    has_pads: whether a pad is a number; pooling leaves pads out.
    chosen: a cell of the output that is drawn beside the first and the last one; None takes one.
    heading: stands over this one of several scenes.
    notes: sentences below it.
    """

    axes: tuple[DrawnAxis, ...]
    kind: str = "convolution"
    window: str = "kernel"
    is_transposed: bool = False
    has_pads: bool = True
    chosen: Cell | None = None
    heading: str = ""
    notes: tuple[str, ...] = ()
    numbers: Numbers | None = field(default=None, compare=False)
    is_unmarked: bool = False

    @property
    def rank(self) -> int:
        """How many axes there are."""
        return len(self.axes)

    @property
    def padded(self) -> Cell:
        """The cells of the padded side, pads left out."""
        return tuple(axis.size for axis in self.axes)

    @property
    def stepped(self) -> Cell:
        """The cells of the other side: one for each step of the window."""
        return tuple(axis.steps for axis in self.axes)

    @property
    def input(self) -> Cell:
        """The sizes of the side that is read."""
        return self.stepped if self.is_transposed else self.padded

    @property
    def output(self) -> Cell:
        """The sizes of the side that is written."""
        return self.padded if self.is_transposed else self.stepped

    @property
    def marked(self) -> dict[str, Cell]:
        """The cells of the output that are drawn with what they read: each under its name."""
        if self.is_unmarked:
            return {}
        first, last = (0,) * self.rank, tuple(size - 1 for size in self.output)
        # One stride on, so that the picture shows how far that is.
        chosen = self.chosen or tuple(min(1, size - 1) for size in self.output)
        found = {FIRST: first}
        if self.chosen is not None or chosen not in (first, last):
            found[CHOSEN] = chosen
        if last != first:
            found[LAST] = last
        return found

    @property
    def has_stride(self) -> bool:
        """Whether a window steps over cells, more than once."""
        steps = self.window in ("kernel", "window")
        return steps and any(axis.steps > 1 for axis in self.axes)

    @property
    def kinds(self) -> set[str]:
        """The kinds of cells that are not just read: 'pad', 'crop', 'unread'."""
        found = set()
        for axis in self.axes:
            has_pads = max(axis.low, axis.high) > 0
            is_cropped = min(axis.low, axis.high) < 0
            if has_pads:
                found.add("pad")
            if is_cropped and not self.is_transposed:
                found.add("crop")
            if is_cropped and self.is_transposed:
                found.add("unread")
            inner = range(max(-axis.low, 0), axis.size + min(axis.high, 0))
            ends = Lane(inner, 2 * MOST_CELLS, MOST_CELLS)
            if not all(axis.is_met(at) for at in ends):
                found.add("unread")
        return found

    def reads(self, cell: int, axis: int) -> Iterator[tuple[int, int]]:
        """Yield each cell, or pad, of the other side that a cell reads on an axis, with the tap."""
        one = self.axes[axis]
        if not self.is_transposed:
            yield from zip(one.placement(cell), range(one.taps), strict=True)
            return
        for step in range(one.steps):
            tap = one.tap_at(cell, step)
            if tap is not None:
                yield step, tap

    def all_reads(self, cell: Cell) -> Iterator[tuple[Cell, Cell]]:
        """Yield what a cell of the output reads: (cell of the other side, tap)."""
        each = [list(self.reads(one, axis)) for axis, one in enumerate(cell)]
        for pairs in itertools.product(*each):
            yield tuple(cell for cell, _ in pairs), tuple(tap for _, tap in pairs)

    def tap_at(self, read: int, written: int, axis: int) -> int | None:
        """Return the tap by which a cell of the output reads one of the other side, or None."""
        one = self.axes[axis]
        return one.tap_at(written, read) if self.is_transposed else one.tap_at(read, written)


def mixed(kinds: Sequence[str]) -> str:
    """Return what a cell is, given what it is on each axis: a cropped pad is nothing at all."""
    found = set(kinds)
    if found == {"cell"}:
        return "cell"
    return "" if {"pad", "crop"} <= found else (found - {"cell"}).pop()
