"""A diagram as an SVG image, which is complete in itself.

Boxes have a colour of their own below their text, and lines one between light and dark, so the
picture is readable on a page of any colour. Where the viewer prefers dark, boxes are dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from convdispatch.pictures.diagram import Box, Diagram, Line
from convdispatch.pictures.layout import Curve, Point, Rectangle, Size, laid_out
from convdispatch.pictures.lettering import clean, cut, escaped, width_of

# The colour of the stripe on a box's left.
FAMILIES = {
    "input": "#6b7684",
    "convolution": "#3d7fc7",
    "pooling": "#c8643c",
    "normalization": "#8a63c9",
    "activation": "#c79a1e",
    "dense": "#2f9e6e",
    "merging": "#16969c",
    "recurrent": "#c2478f",
    "embedding": "#7a8f2a",
    "shaping": "#7d8fa6",
    "noise": "#a58a76",
    "wrapper": "#5566b0",
    "model": "#48566a",
    "other": "#8392a5",
}
CLASS = "convdispatch-picture"
_STYLE = """\
.{0}{{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}}
.{0} .link{{fill:none;stroke:#8392a5;stroke-width:1.4}}
.{0} .head{{fill:#8392a5}}
.{0} .box{{fill:#fff;stroke:#c3ccd6}}
.{0} text{{fill:#1c2733}}
.{0} .title{{font-size:13px;font-weight:600}}
.{0} .side{{fill:#5b6878;font-weight:400}}
@media (prefers-color-scheme:dark){{
.{0} .box{{fill:#202832;stroke:#465364}}
.{0} text{{fill:#e8edf3}}
.{0} .side{{fill:#a3b0bf}}
}}
"""
STYLE = _STYLE.format(CLASS)
_TITLE, _TEXT = 13.0, 12.0
_LINE, _ABOVE, _BELOW = 17.0, 20.0, 9.0  # between lines, above the first and below the last one
_LEFT, _RIGHT, _APART, _STRIPE = 14.0, 11.0, 16.0, 6
_TINY = 0.01  # sums of widths are rounded
_NARROWEST, _WIDEST = 120.0, 270.0
_PILE = 4  # how far the second edge of a pile is off
_HEAD, _HALF = 6.0, 3.4  # an arrow head's length, and half of its width
_WAYS = {"TB": Point(0, 1), "BT": Point(0, -1), "LR": Point(1, 0), "RL": Point(-1, 0)}


def drawn(diagram: Diagram) -> str:
    """Return the picture of a diagram."""
    boxes = [_cleaned(box) for box in diagram.boxes]
    width = min(max(map(_width, boxes), default=0.0), _WIDEST)
    width = max(width, _NARROWEST)
    rows = [_rows(box, width) for box in boxes]
    sizes: list[Size] = [(width, _ABOVE + _LINE * (len(own) - 1) + _BELOW) for own in rows]
    layout = laid_out(diagram, sizes)
    wide, high = _number(layout.width), _number(layout.height)
    about = escaped(clean(diagram.about))
    way = _WAYS[diagram.direction]
    ways = [_links(curves, way) for curves in layout.curves]
    heads = [_heads(curves, way) for curves in layout.curves]
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{CLASS}" width="{wide}" '
            f'height="{high}" viewBox="0 0 {wide} {high}" role="img" aria-label="{about}">\n',
            f"<style>\n{STYLE}</style>\n",
            *ways,
            *map(_box, boxes, rows, layout.boxes),
            *heads,
            "</svg>\n",
        ]
    )


def _cleaned(box: Box) -> Box:
    return Box(
        title=Line(*map(clean, box.title)),
        lines=tuple(Line(*map(clean, line)) for line in box.lines),
        family=box.family,
        about="\n".join(map(clean, box.about.splitlines())),
        is_pile=box.is_pile,
    )


class _Row(NamedTuple):
    """A line of text with the place that it needs."""

    line: Line
    is_title: bool

    @property
    def left_width(self) -> float:
        """How wide the text on the left is."""
        return width_of(self.line.left, self.size, is_bold=self.is_title)

    @property
    def width(self) -> float:
        """How wide the whole line is."""
        right = width_of(self.line.right, _TEXT)
        return self.left_width + right + (_APART if self.line.left and right else 0.0)

    @property
    def size(self) -> float:
        """That of the font on the left."""
        return _TITLE if self.is_title else _TEXT


def _width(box: Box) -> float:
    """Return how wide the box would be with all of its text."""
    rows = [_Row(box.title, True), *(_Row(line, False) for line in box.lines)]
    return max(row.width for row in rows) + _LEFT + _RIGHT


def _rows(box: Box, width: float) -> list[_Row]:
    """Return the lines of a box of that width: what does not fit on the right moves down."""
    room = width - _LEFT - _RIGHT + _TINY
    rows = []
    waiting: list[str] = []  # for a place on the right
    for place, line in enumerate((box.title, *box.lines)):
        waiting += [line.right] if line.right else []
        row = _Row(Line(line.left, waiting[0] if waiting else ""), place == 0)
        if row.width <= room:
            rows.append(row)
            waiting = waiting[1:]
        else:
            rows.append(_Row(Line(line.left), place == 0))
    return rows + [_Row(Line("", right), False) for right in waiting]


def _links(curves: Sequence[Curve], way: Point) -> str:
    """Return the lines from one output; links point this way."""
    lines = "".join(_line_of(curve, way) for curve in curves)
    return f'<path class="link" d="{lines}"/>\n'


def _heads(curves: Sequence[Curve], way: Point) -> str:
    heads = "".join(_head(curve.points[-1], way) for curve in curves if curve.has_head)
    return f'<path class="head" d="{heads}"/>\n'


def _line_of(curve: Curve, way: Point) -> str:
    """Return a line, a curve that begins and ends in the links' direction, and a line."""
    a, b, c, d = curve.points
    if curve.has_head:  # the line ends inside of the head
        d = Point(d.x - way.x * (_HEAD - 1), d.y - way.y * (_HEAD - 1))
    if (b.x == c.x) if way.y else (b.y == c.y):
        return f"M{_at(a)}L{_at(d)}"
    x, y = (b.x + c.x) / 2, (b.y + c.y) / 2
    one, other = (Point(b.x, y), Point(c.x, y)) if way.y else (Point(x, b.y), Point(x, c.y))
    return f"M{_at(a)}L{_at(b)}C{_at(one)} {_at(other)} {_at(c)}L{_at(d)}"


def _head(tip: Point, way: Point) -> str:
    back = Point(tip.x - way.x * _HEAD, tip.y - way.y * _HEAD)
    one = Point(back.x + way.y * _HALF, back.y + way.x * _HALF)
    other = Point(back.x - way.y * _HALF, back.y - way.x * _HALF)
    return f"M{_at(tip)}L{_at(one)} {_at(other)}Z"


def _box(box: Box, rows: Sequence[_Row], place: Rectangle) -> str:
    x, y, width, height = place
    about = f"<title>{escaped(box.about)}</title>" if box.about else ""
    pile = _rectangle("box", x + _PILE, y + _PILE, width, height) if box.is_pile else ""
    colour = FAMILIES.get(box.family, FAMILIES["other"])
    stripe = (
        f'<path fill="{colour}" d="M{_at(Point(x + 4, y))}h{_STRIPE - 4}'
        f'v{_number(height)}h{4 - _STRIPE}q-4 0 -4 -4v{_number(8 - height)}q0 -4 4 -4z"/>'
    )
    texts = "".join(_text(row, place, number) for number, row in enumerate(rows))
    return f"<g>{about}{pile}{_rectangle('box', x, y, width, height)}{stripe}{texts}</g>\n"


def _rectangle(name: str, x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect class="{name}" x="{_number(x)}" y="{_number(y)}" width="{_number(width)}" '
        f'height="{_number(height)}" rx="4"/>'
    )


def _text(row: _Row, place: Rectangle, number: int) -> str:
    """Return a line's texts, cut where they are wider than the box."""
    room = place.width - _LEFT - _RIGHT + _TINY
    y = _number(place.y + _ABOVE + _LINE * number)
    start, end = _number(place.x + _LEFT), _number(place.x + place.width - _RIGHT)
    left = escaped(cut(row.line.left, room, row.size, is_bold=row.is_title))
    right = escaped(cut(row.line.right, room, _TEXT))
    name = ' class="title"' if row.is_title else ""
    text = f'<text{name} x="{start}" y="{y}">{left}</text>' if left else ""
    side = f'<text class="side" x="{end}" y="{y}" text-anchor="end">{right}</text>'
    return text + (side if right else "")


def _at(point: Point) -> str:
    return f"{_number(point.x)} {_number(point.y)}"


def _number(value: float) -> str:
    return f"{round(value, 1):g}" if abs(value) < 1e5 else f"{value:.0f}"
