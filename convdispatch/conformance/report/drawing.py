"""The geometry of a convolution as a drawing in SVG.

One side of a convolution is padded and stepped over by the kernel; the other has one cell for each
step. For the adjoint they change places: the padded side is the one that is written. Both are
drawn as grids of cells; three axes as slices. The taps are drawn where they lie at the first
placement, and again one step further on every axis that has another placement.

Colours are classes, for the page's style sheet to give; everything written here is a number.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from convdispatch.conformance.report.records import Drawing

_MOST_CELLS = 1500  # of the padded side: a drawing of more is unreadable
_WIDEST = 372  # of the whole drawing, in pixels
_LABEL = 18  # height of a line of text
_BETWEEN = 44  # two grids side by side, and the arrow
_APART = 14  # two slices
_TEXT_WIDTH = 6.2  # of one character, at most


@dataclass(frozen=True, slots=True)
class DrawnAxis:
    """One axis of the padded side, and of the other, which has `steps` cells."""

    size: int
    low: int
    high: int
    taps: int
    stride: int
    dilation: int
    steps: int

    @property
    def extent(self) -> int:
        """How many cells are drawn, pads included."""
        return self.size + max(self.low, 0) + max(self.high, 0)

    @property
    def positions(self) -> range:
        """The cells that are drawn, counted from the first cell that is not a pad."""
        start = -max(self.low, 0)
        return range(start, start + self.extent)

    def kind(self, position: int) -> str:
        """Say what lies at a position: 'cell', 'pad' or, by a negative pad, 'crop'."""
        if not 0 <= position < self.size:
            return "pad"
        return "cell" if -self.low <= position < self.size + self.high else "crop"

    def placement(self, step: int) -> list[int]:
        """Return the positions of the taps, for the last step where there are fewer."""
        start = min(step, self.steps - 1) * self.stride - self.low
        return [start + self.dilation * tap for tap in range(self.taps)]


@dataclass(frozen=True, slots=True)
class _Panel:
    """A piece of drawing and its size."""

    width: float
    height: float
    markup: str


def caption(drawing: Drawing) -> str:
    """Return the geometry in words.

    >>> caption(Drawing(transposed=False, input=(6,), output=(2,), kernel=(3,), strides=(2,),
    ...                 pads=((0, 1),), dilation=(1,), groups=1, channels_last=True))
    'input 6, output 2, kernel 3, stride 2, pads (0, 1), dilation 1, 1 group, channels last'
    """
    pads = " ".join(f"({low}, {high})" for low, high in drawing.pads)
    return ", ".join(
        [
            f"input {_sizes(drawing.input)}",
            f"output {_sizes(drawing.output)}",
            f"kernel {_sizes(drawing.kernel)}",
            f"stride {_sizes(drawing.strides)}",
            f"pads {pads}" + (" of the convolution that is transposed" * drawing.transposed),
            f"dilation {_sizes(drawing.dilation)}",
            f"{drawing.groups} group" + "s" * (drawing.groups != 1),
            f"channels {'last' if drawing.channels_last else 'first'}",
        ]
    )


@lru_cache(maxsize=1024)  # one geometry has many cases: layouts, element types, backends
def draw(drawing: Drawing) -> str:
    """Return the SVG of a geometry, or nothing where it is too large to be seen or impossible."""
    axes = axes_of(drawing)
    if not axes:
        return ""
    pitch = _pitch(axes)
    padded = _titled(
        f"{'output' if drawing.transposed else 'input'} {_size_of(drawing, padded=True)}",
        _slices(_padded_slices(axes, pitch), "slice"),
    )
    stepped = _titled(
        f"{'input' if drawing.transposed else 'output'} {_size_of(drawing, padded=False)}",
        _slices(_stepped_slices(axes, pitch), "slice"),
    )
    whole = _joined(stepped, padded) if drawing.transposed else _joined(padded, stepped)
    width, height = round(whole.width + 2), round(whole.height + 2)
    return (
        f'<svg class="drawing" viewBox="-1 -1 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{caption(drawing)}">{whole.markup}</svg>'
    )


def axes_of(drawing: Drawing) -> list[DrawnAxis]:
    """Return three axes, those that are missing put first, or none where it cannot be drawn."""
    wide, narrow = drawing.input, drawing.output
    if drawing.transposed:
        wide, narrow = narrow, wide
    fields = (wide, drawing.pads, drawing.kernel, drawing.strides, drawing.dilation, narrow)
    rank = len(wide)
    if not 1 <= rank <= 3 or any(len(one) != rank for one in fields):
        return []
    axes = [
        DrawnAxis(size, low, high, taps, stride, dilation, steps)
        for size, (low, high), taps, stride, dilation, steps in zip(*fields, strict=True)
    ]
    if any(min(axis.size, axis.taps, axis.steps) < 1 for axis in axes):
        return []
    if max(prod(axis.extent for axis in axes), prod(narrow), prod(drawing.kernel)) > _MOST_CELLS:
        return []
    return [DrawnAxis(1, 0, 0, 1, 1, 1, 1)] * (3 - rank) + axes


def _pitch(axes: list[DrawnAxis]) -> int:
    """Return how far apart cells are: as far as the widest grid allows, within reason."""
    longest = max(axis.extent for axis in axes[1:])
    return max(6, min(18, 250 // longest))


def _padded_slices(axes: list[DrawnAxis], pitch: int) -> Iterator[_Panel]:
    depth, rows, columns = axes
    first, following = ([axis.placement(step) for axis in axes] for step in (0, 1))
    has_next = any(axis.steps > 1 for axis in axes)
    for at in depth.positions:
        cells = {
            (y, x): {depth.kind(at), rows.kind(y), columns.kind(x)}
            for y, x in itertools.product(rows.positions, columns.positions)
        }
        marks = {
            kind: [place for place, kinds in cells.items() if _mixed(kinds) == kind]
            for kind in ("cell", "pad", "crop")
        }
        if at in first[0]:
            marks["tap"] = list(itertools.product(first[1], first[2]))
        if at in following[0] and has_next:
            marks["next"] = list(itertools.product(following[1], following[2]))
        yield _grid(marks, rows.positions, columns.positions, pitch)


def _mixed(kinds: set[str]) -> str:
    """Return what a cell is, given what it is on each axis: a cropped pad is nothing at all."""
    if kinds == {"cell"}:
        return "cell"
    return "" if {"pad", "crop"} <= kinds else (kinds - {"cell"}).pop()


def _stepped_slices(axes: list[DrawnAxis], pitch: int) -> Iterator[_Panel]:
    depth, rows, columns = axes
    following = [min(1, axis.steps - 1) for axis in axes]
    for at in range(depth.steps):
        marks = {"cell": list(itertools.product(range(rows.steps), range(columns.steps)))}
        if at == 0:
            marks["tap"] = [(0, 0)]
        if at == following[0] and any(following):
            marks["next"] = [(following[1], following[2])]
        yield _grid(marks, range(rows.steps), range(columns.steps), pitch)


def _grid(
    marks: dict[str, list[tuple[int, int]]], rows: range, columns: range, pitch: int
) -> _Panel:
    """Return a panel with a square for each mark: cells fill their place, taps lie within it."""
    inset = {"tap": 0.22 * pitch, "next": 0.06 * pitch}
    paths = []
    for kind, places in marks.items():
        margin = inset.get(kind, 0.0)
        side = f"{pitch - 1 - 2 * margin:.4g}"
        squares = (
            f"M{(x - columns.start) * pitch + margin:.4g} "
            f"{(y - rows.start) * pitch + margin:.4g}h{side}v{side}h-{side}z"
            for y, x in places
        )
        if places:
            paths.append(f'<path class="{kind}" d="{"".join(squares)}"/>')
    return _Panel(len(columns) * pitch - 1, len(rows) * pitch - 1, "".join(paths))


def _slices(panels: Iterable[_Panel], name: str) -> _Panel:
    """Return the panels in rows, numbered where there are several."""
    all_panels = list(panels)
    if len(all_panels) == 1:
        return all_panels[0]
    placed, x, y, widest = [], 0.0, 0.0, 0.0
    for number, panel in enumerate(all_panels, 1):
        titled = _titled(f"{name} {number}" if number == 1 else str(number), panel)
        if x and x + titled.width > _WIDEST:
            x, y = 0.0, y + titled.height + _APART
        placed.append(_moved(titled, x, y))
        widest = max(widest, x + titled.width)
        x += titled.width + _APART
    return _Panel(widest, y + titled.height, "".join(placed))


def _joined(left: _Panel, right: _Panel) -> _Panel:
    """Return two panels with an arrow between them: side by side, or else one below the other."""
    width = left.width + _BETWEEN + right.width
    if width <= _WIDEST:
        arrow = _arrow(left.width + _BETWEEN / 2, _LABEL + 10, "h8l-4 -4m4 4l-4 4")
        markup = left.markup + arrow + _moved(right, left.width + _BETWEEN, 0)
        return _Panel(width, max(left.height, right.height), markup)
    below = left.height + 30
    arrow = _arrow(12, left.height + 10, "v8l-4 -4m4 4l4 -4")
    markup = left.markup + arrow + _moved(right, 0, below)
    return _Panel(max(left.width, right.width), below + right.height, markup)


def _arrow(x: float, y: float, path: str) -> str:
    return f'<path class="arrow" d="M{x - 4:g} {y:g}{path}"/>'


def _titled(title: str, panel: _Panel) -> _Panel:
    markup = f'<text x="0" y="10">{title}</text>{_moved(panel, 0, _LABEL)}'
    return _Panel(max(panel.width, len(title) * _TEXT_WIDTH), panel.height + _LABEL, markup)


def _moved(panel: _Panel, x: float, y: float) -> str:
    return f'<g transform="translate({x:g} {y:g})">{panel.markup}</g>'


def _size_of(drawing: Drawing, *, padded: bool) -> str:
    return _sizes(drawing.input if padded is not drawing.transposed else drawing.output)


def _sizes(sizes: Iterable[int]) -> str:
    return " × ".join(map(str, sizes))  # noqa: RUF001 - a multiplication sign is meant
