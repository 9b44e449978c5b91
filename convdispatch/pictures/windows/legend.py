"""What the signs of a picture mean: those that it has."""

from __future__ import annotations

from collections.abc import Sequence

from convdispatch.pictures.lettering import width_of
from convdispatch.pictures.windows.panels import TEXT, Panel, rows_of
from convdispatch.pictures.windows.scene import CHOSEN, FIRST, LAST, Scene
from convdispatch.pictures.windows.signs import cells_of, mark_of, stride_of
from convdispatch.pictures.windows.words import at

_SIDE = 14


def legend(scenes: Sequence[Scene], *, widest: float) -> Panel:
    """Return the signs of these scenes with words beside them."""
    transposed = any(scene.is_transposed for scene in scenes)
    kinds = {kind for scene in scenes for kind in scene.kinds}
    words = {
        "pad": "pad, taken away" if transposed else "pad",
        "crop": "cropped",
        "unread": "reached by no tap" if transposed else "read by no tap",
    }
    signs = [_sign(cells_of(kind, [(0, 0)], _SIDE), words[kind]) for kind in words if kind in kinds]
    marked = scenes[0].marked
    names = {FIRST: "the first output and what it reads", LAST: "the last", CHOSEN: "output"}
    for mark, cell in marked.items():
        label = f"{names[mark]} {at(cell)}" if mark == CHOSEN else names[mark]
        drawn = cells_of("cell", [(0, 0)], _SIDE) + mark_of(mark, [(0, 0)], _SIDE)
        signs.append(_sign(drawn, label))
    if any(scene.has_stride for scene in scenes):
        arrow = stride_of((0.0, 4.0), _SIDE, _SIDE, is_across=True)
        signs.append(_sign(f'<path class="stride" d="{arrow}"/>', "stride"))
    return rows_of(signs, widest=widest, apart=12)


def _sign(drawn: str, label: str) -> Panel:
    start = _SIDE + 6
    text = f'<text class="side" x="{start}" y="11">{label}</text>'
    return Panel(start + width_of(label, TEXT), _SIDE, drawn + text)
