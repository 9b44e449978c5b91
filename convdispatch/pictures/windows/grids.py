"""One side of a scene as grids of cells: one grid, or a slice for each plane of three axes.

Each kind of cell is one path, so that a drawing of a thousand cells stays small.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from convdispatch.pictures.windows.axes import DrawnAxis, Lane
from convdispatch.pictures.windows.panels import Panel, number
from convdispatch.pictures.windows.scene import Cell, Scene, mixed
from convdispatch.pictures.windows.signs import cells_of, dots_at, mark_of, stride_of
from convdispatch.pictures.windows.words import at, read

ONE_CELL = DrawnAxis(1, 0, 0, 1, 1, 1, 1)
_TICKS = 15.0  # room for the numbers of columns, and for those of rows with two signs
_SIGN = 5.5  # how much wider each further sign is
_MOST_TOLD = 200  # cells of a grid
_LEAST_PITCH = 15  # with numbers of rows and columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The padded side of a scene or the other one: how its cells are drawn.

    lanes: the cells of each axis, three of them.
    is_read: whether it is the side that is read.
    """

    scene: Scene
    axes: tuple[DrawnAxis, ...]
    lanes: tuple[Lane, ...]
    is_padded: bool
    is_read: bool
    pitch: int
    has_ticks: bool

    @property
    def has_ticks_below(self) -> bool:
        """Whether the numbers of columns stand below them: above are lines."""
        return self.scene.rank == 1 and not self.is_read and self.has_ticks

    def slices(self) -> Iterator[tuple[int | None, Panel]]:
        """Yield the grid of each plane, None for the planes that are left out."""
        planes = self.lanes[0]
        for place, plane in enumerate(planes):
            if place == planes.gap:
                dots = f'<path class="dots" d="{dots_at(6, self.pitch / 2)}"/>'
                yield None, Panel(12, self.pitch, dots)
            yield plane, self._grid(plane)

    def _grid(self, plane: int) -> Panel:
        _, rows, columns = self.lanes
        pitch = self.pitch
        found: dict[str, list[tuple[int, int]]] = {}
        for row, column in itertools.product(rows, columns):
            kind = self._kind((plane, row, column))
            found.setdefault(kind, []).append((row, column))
        places = {
            kind: [(columns.place(x) * pitch, rows.place(y) * pitch) for y, x in cells]
            for kind, cells in found.items()
        }
        has_numbers = self.scene.numbers is not None
        drawn = [
            cells_of(kind, places[kind], pitch, is_cornered=has_numbers)
            for kind in _KINDS
            if kind in places
        ]
        drawn += self._gaps()
        drawn += self._marks(plane)
        drawn += self._strides(plane)
        drawn += self._numbers(plane)
        drawn += self._told(plane)
        across, down = len(columns) * pitch - 1, len(rows) * pitch - 1
        markup = f'<g class="grid">{"".join(drawn)}</g>'
        if not self.has_ticks:
            return Panel(across, down, markup)
        ticks = "".join(self._ticks())
        top = 0.0 if self.has_ticks_below else _TICKS
        left = self._left
        whole = f'{ticks}<g transform="translate({number(left)} {number(top)})">{markup}</g>'
        return Panel(across + left, down + _TICKS, whole)

    def _kind(self, cell: Cell) -> str:
        if not self.is_padded:
            return "cell"
        kinds = [axis.kind(at) for axis, at in zip(self.axes, cell, strict=True)]
        if self.scene.is_transposed:  # what a convolution crops, its transpose leaves untouched
            kinds = ["cell" if kind == "crop" else kind for kind in kinds]
        kind = mixed(kinds)
        met = all(axis.is_met(at) for axis, at in zip(self.axes, cell, strict=True))
        return "unread" if kind == "cell" and not met else kind

    def _marks(self, plane: int) -> Iterator[str]:
        """Yield the marks of the cells that are shown, or of what they read."""
        _, rows, columns = self.lanes
        lanes: tuple[Iterable[int], ...] = ((plane,), rows, columns)
        missing = 3 - self.scene.rank
        for mark, written in self.scene.marked.items():
            cell = (0,) * missing + written
            wanted = [
                [at for at in lane if self._is_marked(at, one, axis)]
                for axis, (lane, one) in enumerate(zip(lanes, cell, strict=True))
            ]
            corners = [
                (columns.place(x) * self.pitch, rows.place(y) * self.pitch)
                for _, y, x in itertools.product(*wanted)
            ]
            if corners:
                yield mark_of(mark, corners, self.pitch)

    def _strides(self, plane: int) -> Iterator[str]:
        """Yield an arrow an axis, from where the window starts first to where it starts next."""
        if not self.is_padded or self.scene.is_unmarked or not self.scene.has_stride:
            return
        start = tuple(axis.start(0) for axis in self.axes)
        if start[0] != plane or any(
            at not in lane for at, lane in zip(start, self.lanes, strict=True)
        ):
            return
        lines = []
        for axis, is_across in ((2, True), (1, False)):
            if self.axes[axis].steps < 2 or axis < 3 - self.scene.rank:
                continue
            after = self.axes[axis].start(1)
            if after in self.lanes[axis]:
                far = (
                    self.lanes[axis].place(after) - self.lanes[axis].place(start[axis])
                ) * self.pitch
                lines.append(stride_of(self._corner(start), far, self.pitch, is_across=is_across))
        if lines:
            yield f'<path class="stride" d="{"".join(lines)}"/>'

    def middle(self, place: int) -> float:
        """Return how far from the left of the panel the middle of a column is."""
        return (place + 0.5) * self.pitch - 0.5 + (self._left if self.has_ticks else 0.0)

    @property
    def _left(self) -> float:
        """How much room the numbers of rows have."""
        longest = max(len(str(row)) for row in self.lanes[1])
        return _TICKS + _SIGN * max(longest - 2, 0)

    def _corner(self, cell: Cell) -> tuple[float, float]:
        """Return where the upper left corner of a cell is, across and down."""
        _, rows, columns = self.lanes
        return columns.place(cell[2]) * self.pitch, rows.place(cell[1]) * self.pitch

    def _is_marked(self, at: int, written: int, axis: int) -> bool:
        """Say whether a place on an axis is the one that is written, or one that it reads."""
        if not self.is_read:
            return at == written
        own = axis - (3 - self.scene.rank)
        return own < 0 or self.scene.tap_at(at, written, own) is not None

    def _numbers(self, plane: int) -> Iterator[str]:
        numbers = self.scene.numbers
        if numbers is None:
            return
        _, rows, columns = self.lanes
        values = numbers.input if self.is_read else numbers.output
        texts: dict[str, list[str]] = {"number": [], "number side": []}
        for row, column in itertools.product(rows, columns):
            cell = (plane, row, column)
            shown = values.get(cell[3 - self.scene.rank :])
            name = "number"
            if shown is None and self.is_read and self._kind(cell) == "pad":
                shown, name = numbers.pad, "number side"
            if shown is not None:
                x = (columns.place(column) + 0.5) * self.pitch - 0.5
                y = (rows.place(row) + 0.5) * self.pitch + 3.5
                shown = shown.replace("-", "\N{MINUS SIGN}")
                texts[name].append(f'<text x="{number(x)}" y="{number(y)}">{shown}</text>')
        for name, found in texts.items():
            if found:
                yield f'<g class="{name}">{"".join(found)}</g>'

    def _told(self, plane: int) -> Iterator[str]:
        """Yield what a pointer over a cell of the output shows: what it reads."""
        if self.is_read or not self.has_ticks or self.scene.is_unmarked:
            return
        _, rows, columns = self.lanes
        if len(rows) * len(columns) > _MOST_TOLD:
            return
        side = number(self.pitch - 1)
        for row, column in itertools.product(rows, columns):
            if self._kind((plane, row, column)) == "pad":
                continue
            cell = (plane, row, column)[3 - self.scene.rank :]
            x, y = self._corner((plane, row, column))
            told = f"{at(cell)} reads {read(self.scene, cell)}"
            yield (
                f'<path class="hit" d="M{number(x)} {number(y)}h{side}v{side}h-{side}z">'
                f"<title>{told}</title></path>"
            )

    def _ticks(self) -> Iterator[str]:
        """Yield the numbers of columns and rows: every one, or those that have room."""
        _, rows, columns = self.lanes
        every = max(1, -(-20 // self.pitch))
        found = []
        for lane, is_column in ((columns, True), (rows, False)):
            if not is_column and self.scene.rank == 1:
                continue
            for one in lane:
                if one % every:
                    continue
                along = (lane.place(one) + 0.5) * self.pitch
                above = self.pitch + 9 if self.has_ticks_below else _TICKS - 5
                beside = self._left / 2 - 0.5
                x, y = (self._left + along, above) if is_column else (beside, _TICKS + along + 3)
                label = str(one).replace("-", "\N{MINUS SIGN}")
                found.append(f'<text x="{number(x)}" y="{number(y)}">{label}</text>')
        yield f'<g class="tick">{"".join(found)}</g>'

    def _gaps(self) -> Iterator[str]:
        """Yield dots where cells are left out."""
        _, rows, columns = self.lanes
        middle = self.pitch / 2 - 0.5
        dots = []
        if columns.gap is not None:
            x = columns.gap * self.pitch + middle
            dots += [
                dots_at(x, place * self.pitch + middle)
                for place in range(len(rows))
                if place != rows.gap
            ]
        if rows.gap is not None:
            y = rows.gap * self.pitch + middle
            dots += [
                dots_at(place * self.pitch + middle, y, is_down=True)
                for place in range(len(columns))
                if place != columns.gap
            ]
        if dots:
            yield f'<path class="dots" d="{"".join(dots)}"/>'


_KINDS = ("cell", "unread", "pad", "crop")


def pitch_for(*, longest: int, room: float, has_numbers: bool, is_plain: bool) -> int:
    """Return how far apart cells are: as far as the widest grid allows, within reason."""
    least, most = (6, 18) if is_plain else (10, 24)
    if has_numbers:
        least = most = 32
    return max(least, min(most, int(room // longest)))


def has_room_for_ticks(pitch: int) -> bool:
    """Say whether rows and columns so far apart can have numbers."""
    return pitch >= _LEAST_PITCH
