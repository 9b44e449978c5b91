"""A diagram as rectangles and curves on a page, in pixels.

Ranks follow each other along the page, and the nodes of a rank lie across it. A curve turns only
between ranks, where no box is; through a rank it goes straight.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from convdispatch.pictures.diagram import Diagram
from convdispatch.pictures.order import Rows, ordered
from convdispatch.pictures.places import Places
from convdispatch.pictures.ports import Ports
from convdispatch.pictures.ranks import Ranked, ranked

_GAP, _WIDEST_GAP = 32.0, 84.0  # between ranks: more where curves go far across
_FLATNESS = 12.0  # how far across for a pixel more
_MARGIN = 12.0

Size = tuple[float, float]


class Point(NamedTuple):
    """A place on the page."""

    x: float
    y: float


class Rectangle(NamedTuple):
    """The upper left corner of a box, and its size."""

    x: float
    y: float
    width: float
    height: float


class Curve(NamedTuple):
    """A piece of links: four points, with straight lines outside and a curve in the middle.

    has_head: whether it ends at a box, with the head of an arrow.
    """

    points: tuple[Point, ...]
    has_head: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where everything is: the boxes in the diagram's order, the curves of each output together."""

    width: float
    height: float
    boxes: tuple[Rectangle, ...]
    curves: tuple[tuple[Curve, ...], ...]


def laid_out(diagram: Diagram, sizes: Sequence[Size]) -> Layout:
    """Return the layout of a diagram whose boxes have these widths and heights."""
    graph = ranked(len(diagram.boxes), diagram.links)
    rows = ordered(graph)
    is_upright = diagram.direction in ("TB", "BT")
    across = [width if is_upright else height for width, height in sizes]
    along = [height if is_upright else width for width, height in sizes]
    breadth = max(across, default=0.0)
    places = Places(graph, rows, breadth).settle()
    ranks = _Ranks(graph, rows, places, along)
    page = _Page(diagram.direction, places, breadth, ranks.length)
    boxes = [
        page.rectangle(places[box], across[box], ranks.spans[box])
        for box in range(len(diagram.boxes))
    ]
    return Layout(
        width=page.width,
        height=page.height,
        boxes=tuple(boxes),
        curves=_curves(graph, Ports(graph, places, across), ranks, page),
    )


class _Ranks:
    """Where ranks and nodes begin and end along the page."""

    def __init__(
        self, graph: Ranked, rows: Rows, places: Mapping[int, float], along: Sequence[float]
    ) -> None:
        # How far across the curves below a node go.
        turns: dict[int, float] = defaultdict(float)
        for step in graph.steps:
            turn = abs(places[step.source] - places[step.target])
            turns[step.source] = max(turns[step.source], turn)
        self.bands: dict[int, tuple[float, float]] = {}  # of the node's rank
        self.spans: dict[int, tuple[float, float]] = {}  # of the node itself
        start = end = 0.0
        for row in rows:
            depths = [0.0 if graph.is_bend(node) else along[node] for node in row]
            end = start + max(depths)
            for node, depth in zip(row, depths, strict=True):
                middle = (start + end) / 2
                self.bands[node] = (start, end)
                is_bend = graph.is_bend(node)
                own = (middle - depth / 2, middle + depth / 2)
                self.spans[node] = (start, end) if is_bend else own
            turn = max(turns[node] for node in row)
            start = end + min(_GAP + turn / _FLATNESS, _WIDEST_GAP)
        self.length = end


class _Page:
    """From places across and along the page to its pixels."""

    def __init__(
        self, direction: str, places: Mapping[int, float], breadth: float, length: float
    ) -> None:
        self._is_upright = direction in ("TB", "BT")
        self._is_backwards = direction in ("BT", "RL")
        self._length = length
        low, high = min(places.values(), default=0.0), max(places.values(), default=0.0)
        self._first = low - breadth / 2
        size = (high - low + breadth + 2 * _MARGIN, length + 2 * _MARGIN)
        self.width, self.height = size if self._is_upright else size[::-1]

    def point(self, across: float, along: float) -> Point:
        """Return a place in pixels."""
        side = across - self._first + _MARGIN
        way = (self._length - along if self._is_backwards else along) + _MARGIN
        return Point(side, way) if self._is_upright else Point(way, side)

    def rectangle(self, middle: float, breadth: float, span: tuple[float, float]) -> Rectangle:
        """Return a box in pixels, by its middle across and its ends along."""
        one = self.point(middle - breadth / 2, span[0])
        other = self.point(middle + breadth / 2, span[1])
        x, y = min(one.x, other.x), min(one.y, other.y)
        return Rectangle(x, y, abs(one.x - other.x), abs(one.y - other.y))


def _curves(
    graph: Ranked, ports: Ports, ranks: _Ranks, page: _Page
) -> tuple[tuple[Curve, ...], ...]:
    curves = defaultdict(list)
    for number, step in enumerate(graph.steps):
        out, into = ports.exits[number], ports.entries[number]
        has_head = not graph.is_bend(step.target)
        points = (
            page.point(out, ranks.spans[step.source][1]),
            page.point(out, ranks.bands[step.source][1]),
            page.point(into, ranks.bands[step.target][0]),
            page.point(into, ranks.spans[step.target][0 if has_head else 1]),
        )
        curves[step.origin].append(Curve(points, has_head))
    return tuple(map(tuple, curves.values()))
