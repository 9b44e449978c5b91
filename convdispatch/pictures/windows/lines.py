"""One axis with a line from each cell of the output to each cell that it reads."""

from __future__ import annotations

from collections import defaultdict

from convdispatch.pictures.windows.grids import Side
from convdispatch.pictures.windows.panels import Panel, moved, number, rows_of
from convdispatch.pictures.windows.scene import Scene

_DEEP = 44.0  # the lines
_MOST_LINES = 400


def crossed(
    scene: Scene, read: tuple[Side, Panel], written: tuple[Side, Panel], kernel: Panel | None
) -> Panel:
    """Return what is read above what is written, with lines between."""
    (above, over), (below, under) = read, written
    apart = over.width - under.width
    left, right = max(-apart / 2, 0.0), max(apart / 2, 0.0)
    top = over.height
    lines = _lines(scene, above, below, left, right, top + 2, top + _DEEP - 2)
    markup = moved(over, left, 0) + lines + moved(under, right, top + _DEEP)
    whole = Panel(max(over.width, under.width), top + _DEEP + under.height, markup)
    return whole if kernel is None else rows_of([whole, kernel], widest=1e9, apart=24)


def _lines(
    scene: Scene, above: Side, below: Side, left: float, right: float, start: float, stop: float
) -> str:
    """Return a path for the lines of each mark, and one for all others."""
    names = {cell[0]: mark for mark, cell in scene.marked.items()}
    found: dict[str, list[str]] = defaultdict(list)
    reads, writes = above.lanes[2], below.lanes[2]
    for cell in writes:
        bottom = right + below.middle(writes.place(cell))
        for at in reads:
            if scene.tap_at(at, cell, 0) is not None:
                top = left + above.middle(reads.place(at))
                line = f"M{number(top)} {number(start)}L{number(bottom)} {number(stop)}"
                found[names.get(cell, "")].append(line)
    if sum(map(len, found.values())) > _MOST_LINES:
        found.pop("", None)
    order = sorted(found.items(), key=lambda one: one[0] != "")  # the marked ones on top
    return "".join(
        f'<path class="link{f" of-{mark}" * bool(mark)}" d="{"".join(lines)}"/>'
        for mark, lines in order
    )
