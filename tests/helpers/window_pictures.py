"""What a picture of a window shows, read from its SVG: cells, marks and numbers at their places.

Only what is drawn is read: where squares are, and the numbers of rows and columns beside them.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import defaultdict
from dataclasses import dataclass, field

SVG = "{http://www.w3.org/2000/svg}"
Cell = tuple[int, ...]
_NUMBER = r"(-?[\d.]+)"
_START = re.compile(f"M{_NUMBER} {_NUMBER}")
_MOVE = re.compile(rf"translate\({_NUMBER} {_NUMBER}\)")


@dataclass
class Side:
    """The input or the output of a scene: the cells of each kind, and those with each mark."""

    sizes: Cell
    cells: dict[str, set[Cell]] = field(default_factory=lambda: defaultdict(set))
    numbers: dict[Cell, str] = field(default_factory=dict)


@dataclass
class Shown:
    """One scene of a picture."""

    input: Side
    output: Side
    heading: str = ""
    kernel: dict[Cell, str] = field(default_factory=dict)


def read(svg: str) -> list[Shown]:
    """Return the scenes of a picture whose axes are drawn as a whole."""
    root = ET.fromstring(svg)
    found: list[Shown] = []
    heading, side, plane = "", None, 0
    for element, x, y in _walked(root, 0.0, 0.0):
        text = element.text or ""
        name = element.get("class") or ""
        if element.tag == f"{SVG}text":
            word, _, rest = text.partition(" ")
            if name == "heading":
                heading = text
            elif word in ("input", "output") and rest[:1].isdigit() and name == "":
                side = Side(tuple(map(int, rest.split(" \N{MULTIPLICATION SIGN} "))))
                plane = 0
                if word == "input":
                    found.append(Shown(side, side, heading))
                else:
                    found[-1].output = side
            elif word == "kernel" and name == "":
                side = Side(tuple(map(int, rest.split(" \N{MULTIPLICATION SIGN} "))))
                found[-1].kernel = side.numbers
            elif word == "plane":
                plane = _number(rest)
        elif name == "tick":
            ticks = _ticks(element, x, y)
        elif name == "grid":
            assert side is not None
            is_kernel = found[-1].kernel is side.numbers
            _read_grid(element, (x, y), side, plane, None if is_kernel else ticks)
    return found


def _walked(element: ET.Element, x: float, y: float):
    """Yield each element in order with the place of its group; what is in a grid comes with it."""
    move = _MOVE.match(element.get("transform") or "")
    if move:
        x, y = x + float(move[1]), y + float(move[2])
    yield element, x, y
    if element.get("class") not in ("grid", "tick"):
        for child in element:
            yield from _walked(child, x, y)


def _number(text: str) -> int:
    return int(text.replace("\N{MINUS SIGN}", "-"))


def _ticks(element: ET.Element, x: float, y: float) -> tuple[dict[int, float], dict[int, float]]:
    """Return where the numbered columns and rows are: their middles across and down."""
    columns, rows = {}, {}
    texts = [(float(one.get("x")), float(one.get("y")), one.text) for one in element]
    for across, down, text in texts:
        if across > 10:
            columns[_number(text)] = x + across
        else:
            rows[_number(text)] = y + down - 3
    return columns, rows


def _read_grid(grid, at, side, plane, ticks) -> None:
    squares = [one for one in grid if one.get("class") in ("cell", "pad", "crop", "unread")]
    pitch = 1 + max(float(re.search(r"h([\d.]+)", one.get("d"))[1]) for one in squares)
    first_row = first_column = 0
    if ticks is not None:
        columns, rows = ticks
        column, across = next(iter(columns.items()))
        first_column = column - int((across - at[0]) // pitch)
        if rows:
            row, down = next(iter(rows.items()))
            first_row = row - int((down - at[1]) // pitch)
    rank = len(side.sizes)

    def cell(x: float, y: float) -> Cell:
        place = (plane, int(y // pitch) + first_row, int(x // pitch) + first_column)
        return place[3 - rank :]

    for path in grid.iter(f"{SVG}path"):
        name = path.get("class")
        if name in ("cell", "pad", "crop", "unread", "first", "chosen", "last"):
            starts = [(float(x), float(y)) for x, y in _START.findall(path.get("d"))]
            side.cells[name] |= {cell(x, y) for x, y in starts}
    for group in grid.findall(f"{SVG}g"):
        if (group.get("class") or "").startswith("number"):
            for text in group:
                place = cell(float(text.get("x")), float(text.get("y")) - 4)
                side.numbers[place] = (text.text or "").replace("\N{MINUS SIGN}", "-")
