"""Pieces of a drawing, each with its size, and how they stand side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from convdispatch.pictures.lettering import escaped, width_of

LABEL = 18.0  # height of a line of text
TEXT = 11.0
BETWEEN = 44.0  # two grids side by side, and the arrow
APART = 14.0  # two slices


@dataclass(frozen=True, slots=True)
class Panel:
    """A piece of drawing and its size."""

    width: float
    height: float
    markup: str


def joined(left: Panel, right: Panel, *, widest: float, label: str = "") -> Panel:
    """Return two panels with an arrow between them: side by side, or else one below the other."""
    between = max(BETWEEN, width_of(label, TEXT) + 12)
    width = left.width + between + right.width
    if width <= widest:
        at = left.width + between / 2
        arrow = _arrow(at, LABEL + 22, "h8l-4 -4m4 4l-4 4") + _middle(label, at, LABEL + 12)
        markup = left.markup + arrow + moved(right, left.width + between, 0)
        return Panel(width, max(left.height, right.height), markup)
    below = left.height + 34
    arrow = _arrow(12, left.height + 12, "v8l-4 -4m4 4l4 -4")
    words = f'<text x="24" y="{number(left.height + 21)}">{escaped(label)}</text>' if label else ""
    markup = left.markup + arrow + words + moved(right, 0, below)
    return Panel(max(left.width, right.width), below + right.height, markup)


def rows_of(panels: Iterable[Panel], *, widest: float, apart: float = APART) -> Panel:
    """Return panels beside each other, in as many rows as they need."""
    placed, x, y, wide, high = [], 0.0, 0.0, 0.0, 0.0
    for panel in panels:
        if x and x + panel.width > widest:
            x, y = 0.0, y + high + apart
            high = 0.0
        placed.append(moved(panel, x, y))
        wide, high = max(wide, x + panel.width), max(high, panel.height)
        x += panel.width + apart
    return Panel(wide, y + high, "".join(placed))


def stacked(panels: Iterable[Panel], *, apart: float = APART) -> Panel:
    """Return panels below each other."""
    placed, y, wide = [], 0.0, 0.0
    for panel in panels:
        placed.append(moved(panel, 0, y))
        y, wide = y + panel.height + apart, max(wide, panel.width)
    return Panel(wide, max(y - apart, 0.0), "".join(placed))


def titled(title: str, panel: Panel, name: str = "") -> Panel:
    """Return a panel with a line of text above it; `name` is the text's class."""
    kind = f' class="{name}"' if name else ""
    markup = f'<text{kind} x="0" y="11">{escaped(title)}</text>{moved(panel, 0, LABEL)}'
    wide = width_of(title, TEXT, is_bold=bool(name))
    return Panel(max(panel.width, wide), panel.height + LABEL, markup)


def titled_below(title: str, panel: Panel) -> Panel:
    """Return a panel with a line of text below it."""
    markup = f'<text x="0" y="{number(panel.height + 13)}">{escaped(title)}</text>{panel.markup}'
    return Panel(max(panel.width, width_of(title, TEXT)), panel.height + LABEL, markup)


def moved(panel: Panel, x: float, y: float) -> str:
    """Return the markup of a panel at a place."""
    if not x and not y:
        return f"<g>{panel.markup}</g>"
    return f'<g transform="translate({number(x)} {number(y)})">{panel.markup}</g>'


def number(value: float) -> str:
    """Return a length as it is written."""
    return f"{round(value, 1):g}"


def _arrow(x: float, y: float, path: str) -> str:
    return f'<path class="arrow" d="M{number(x - 4)} {number(y)}{path}"/>'


def _middle(text: str, x: float, y: float) -> str:
    if not text:
        return ""
    return f'<text class="mid" x="{number(x)}" y="{number(y)}">{escaped(text)}</text>'
