"""The signs of a picture as paths: kinds of cells, marks, arrows, gaps.

The marks of the first, the chosen and the last cell of the output differ in shape and in place, so
that a cell may have all three, and nobody needs colours to tell them apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from convdispatch.pictures.windows.panels import number
from convdispatch.pictures.windows.scene import CHOSEN, FIRST, LAST


def cells_of(
    kind: str, corners: Sequence[tuple[float, float]], pitch: int, *, is_cornered: bool = False
) -> str:
    """Return squares at these corners, with the sign of their kind."""
    side = number(pitch - 1)
    squares = "".join(f"M{number(x)} {number(y)}h{side}v{side}h-{side}z" for x, y in corners)
    drawn = f'<path class="{kind}" d="{squares}"/>'
    inner, far = pitch * 0.2, pitch - 1 - pitch * 0.2
    if kind == "unread":  # struck through, or in its free corner
        least, most = (2, pitch * 0.27) if is_cornered else (inner, far - inner)
        lines = "".join(
            f"M{number(x + least)} {number(y + pitch - 1 - least)}l{number(most)} -{number(most)}"
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


def stride_of(corner: tuple[float, float], far: float, pitch: int, *, is_across: bool) -> str:
    """Return an arrow from one square mark to where the next would be."""
    x, y = (at + 0.21 * (pitch - 1) for at in corner)
    near, head, half = 0.13 * (pitch - 1), 3.0, 2.2
    tip = far - near
    if is_across:
        return (
            f"M{number(x + near)} {number(y)}h{number(tip - near)}"
            f"l-{head:g} -{half:g}m{head:g} {half:g}l-{head:g} {half:g}"
        )
    return (
        f"M{number(x)} {number(y + near)}v{number(tip - near)}"
        f"l-{half:g} -{head:g}m{half:g} {head:g}l{half:g} -{head:g}"
    )


def _square(x: float, y: float, side: float) -> str:
    """Return a square in the upper left corner of a cell."""
    edge = number(min(max(0.26 * side, 2), 7))
    return f"M{number(x + 0.08 * side)} {number(y + 0.08 * side)}h{edge}v{edge}h-{edge}z"


def _ring(x: float, y: float, side: float) -> str:
    """Return a circle in the middle of a cell."""
    radius = 0.36 * side
    r = number(radius)
    d = number(2 * float(r))  # of what is written: two arcs of half a circle
    start = f"M{number(x + side / 2 - radius)} {number(y + side / 2)}"
    return f"{start}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0z"


def _diamond(x: float, y: float, side: float) -> str:
    """Return a square on its tip in the lower right corner of a cell."""
    half = min(max(0.19 * side, 1.5), 4.5)  # where there are numbers, it leaves them room
    at = number(half)
    top = f"M{number(x + 0.96 * side - half)} {number(y + 0.96 * side - 2 * half)}"
    return f"{top}l{at} {at}l-{at} {at}l-{at} -{at}z"


def dots_at(x: float, y: float, *, is_down: bool = False) -> str:
    """Return three dots."""
    across, down = (0.0, 4.0) if is_down else (4.0, 0.0)
    return "".join(f"M{number(x + by * across)} {number(y + by * down)}h.01" for by in (-1, 0, 1))
