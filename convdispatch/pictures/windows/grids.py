"""One side of a scene as grids of cells: one grid, or a slice for each plane of three axes.

Each kind of cell is one path, so that a drawing of a thousand cells stays small. The marks of the
first, the chosen and the last cell of the output differ in shape and in place, so that a cell may
have all three, and nobody needs colours to tell them apart.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from convdispatch.pictures.windows.axes import DrawnAxis, Lane
from convdispatch.pictures.windows.panels import Panel, number
from convdispatch.pictures.windows.scene import CHOSEN, FIRST, LAST, Cell, Scene, mixed

ONE_CELL = DrawnAxis(1, 0, 0, 1, 1, 1, 1)
_TICKS = 15.0  # room for the numbers of rows and columns
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

    def slices(self) -> Iterator[tuple[int | None, Panel]]:
        """Yield the grid of each plane, None for the planes that are left out."""
        planes = self.lanes[0]
        for place, plane in enumerate(planes):
            if place == planes.gap:
                yield None, Panel(12, self.pitch, _gap(6, self.pitch / 2))
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
        drawn = [cells_of(kind, places[kind], pitch) for kind in _KINDS if kind in places]
        drawn += self._gaps()
        drawn += self._marks(plane)
        drawn += self._numbers(plane)
        across, down = len(columns) * pitch - 1, len(rows) * pitch - 1
        markup = f'<g class="grid">{"".join(drawn)}</g>'
        if not self.has_ticks:
            return Panel(across, down, markup)
        ticks = "".join(self._ticks())
        whole = f'{ticks}<g transform="translate({number(_TICKS)} {number(_TICKS)})">{markup}</g>'
        return Panel(across + _TICKS, down + _TICKS, whole)

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

    def _ticks(self) -> Iterator[str]:
        """Yield the numbers of columns and rows: every one, or those that have room."""
        _, rows, columns = self.lanes
        every = max(1, -(-20 // self.pitch))
        found = []
        for lane, is_column in ((columns, True), (rows, False)):
            if not is_column and self.scene.rank == 1:
                continue
            for at in lane:
                if at % every:
                    continue
                along = _TICKS + (lane.place(at) + 0.5) * self.pitch
                x, y = (along, _TICKS - 5) if is_column else (_TICKS - 8, along + 3)
                label = str(at).replace("-", "\N{MINUS SIGN}")
                found.append(f'<text x="{number(x)}" y="{number(y)}">{label}</text>')
        yield f'<g class="tick">{"".join(found)}</g>'

    def _gaps(self) -> Iterator[str]:
        _, rows, columns = self.lanes
        middle = self.pitch / 2 - 0.5
        if columns.gap is not None:
            for place in range(len(rows)):
                if place != rows.gap:
                    yield _gap(columns.gap * self.pitch + middle, place * self.pitch + middle)
        if rows.gap is not None:
            for place in range(len(columns)):
                if place != columns.gap:
                    x, y = place * self.pitch + middle, rows.gap * self.pitch + middle
                    yield _gap(x, y, is_down=True)


_KINDS = ("cell", "unread", "pad", "crop")


def cells_of(kind: str, corners: Sequence[tuple[float, float]], pitch: int) -> str:
    """Return squares at these corners, with the sign of their kind."""
    side = number(pitch - 1)
    squares = "".join(f"M{number(x)} {number(y)}h{side}v{side}h-{side}z" for x, y in corners)
    drawn = f'<path class="{kind}" d="{squares}"/>'
    inner, far = pitch * 0.2, pitch - 1 - pitch * 0.2
    if kind == "unread":  # struck through
        lines = "".join(
            f"M{number(x + inner)} {number(y + far)}L{number(x + far)} {number(y + inner)}"
            for x, y in corners
        )
        drawn += f'<path class="strike" d="{lines}"/>'
    if kind == "crop":  # crossed out
        lines = "".join(
            f"M{number(x + inner)} {number(y + inner)}L{number(x + far)} {number(y + far)}"
            f"M{number(x + inner)} {number(y + far)}L{number(x + far)} {number(y + inner)}"
            for x, y in corners
        )
        drawn += f'<path class="cross" d="{lines}"/>'
    return drawn


def mark_of(mark: str, corners: Sequence[tuple[float, float]], pitch: int) -> str:
    """Return a mark in each of the cells: a square, a ring or a diamond."""
    shapes = {FIRST: _square, CHOSEN: _ring, LAST: _diamond}
    drawn = "".join(shapes[mark](x, y, float(pitch - 1)) for x, y in corners)
    return f'<path class="{mark}" d="{drawn}"/>'


def _square(x: float, y: float, side: float) -> str:
    """Return a square in the upper left corner of a cell."""
    edge = number(max(0.26 * side, 2))
    return f"M{number(x + 0.08 * side)} {number(y + 0.08 * side)}h{edge}v{edge}h-{edge}z"


def _ring(x: float, y: float, side: float) -> str:
    """Return a circle in the middle of a cell."""
    radius = 0.36 * side
    r, d = number(radius), number(2 * radius)
    start = f"M{number(x + side / 2 - radius)} {number(y + side / 2)}"
    return f"{start}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0z"


def _diamond(x: float, y: float, side: float) -> str:
    """Return a square on its tip in the lower right corner of a cell."""
    half = max(0.19 * side, 1.5)
    at = number(half)
    top = f"M{number(x + 0.96 * side - half)} {number(y + 0.96 * side - 2 * half)}"
    return f"{top}l{at} {at}l-{at} {at}l-{at} -{at}z"


def _gap(x: float, y: float, *, is_down: bool = False) -> str:
    """Return three dots."""
    step = (0.0, 4.0) if is_down else (4.0, 0.0)
    dots = "".join(
        f"M{number(x + by * step[0])} {number(y + by * step[1])}h.01" for by in (-1, 0, 1)
    )
    return f'<path class="dots" d="{dots}"/>'


def pitch_for(*, longest: int, room: float, has_numbers: bool, is_plain: bool) -> int:
    """Return how far apart cells are: as far as the widest grid allows, within reason."""
    least, most = (6, 18) if is_plain else (10, 24)
    if has_numbers:
        least = most = 30
    return max(least, min(most, int(room // longest)))


def has_room_for_ticks(pitch: int) -> bool:
    """Say whether rows and columns so far apart can have numbers."""
    return pitch >= _LEAST_PITCH
