"""A scene as an SVG image without scripts, which is complete in itself.

Colours are classes. A picture of its own brings its style, with paper below it, so it is readable
on a page of any colour; where the viewer prefers dark it is dark. A plain one, for a page with
styles of its own, is smaller.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from convdispatch.pictures.lettering import clean, escaped
from convdispatch.pictures.windows import words
from convdispatch.pictures.windows.axes import DrawnAxis, Lane
from convdispatch.pictures.windows.grids import ONE_CELL, Side, has_room_for_ticks, pitch_for
from convdispatch.pictures.windows.legend import legend
from convdispatch.pictures.windows.lines import crossed
from convdispatch.pictures.windows.panels import (
    Panel,
    joined,
    moved,
    number,
    rows_of,
    stacked,
    titled,
    titled_below,
)
from convdispatch.pictures.windows.picture import Picture
from convdispatch.pictures.windows.scene import Numbers, Scene
from convdispatch.pictures.windows.style import CLASS, STYLE

_WIDEST, _WIDEST_PLAIN = 980.0, 372.0
_MARGIN = 12.0
# By the number of axes: how many cells of one are drawn, and of a longer one how many at each end.
_MOST_ON_AXIS = {1: (34, 12), 2: (24, 8), 3: (12, 4)}
_MOST_PLANES = (7, 2)


def drawn(scenes: Sequence[Scene], name: str = "") -> Picture:
    """Return the picture of scenes side by side; `name` is that of the layer."""
    scenes = [replace(one, notes=(*one.notes, *_left_out(one))) for one in scenes]
    panels = [_headed(scene) for scene in scenes]
    shown = rows_of(panels, widest=_WIDEST, apart=30)
    keys = legend(scenes, widest=max(shown.width, 330.0))
    whole = stacked([shown, keys], apart=12)
    width, height = number(whole.width + 2 * _MARGIN), number(whole.height + 2 * _MARGIN)
    title = clean(words.title(scenes[0], name))
    told = clean(words.told(scenes))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{CLASS}" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{escaped(title)}">\n'
        f"<title>{escaped(title)}</title>\n<desc>{escaped(told)}</desc>\n<style>\n{STYLE}</style>\n"
        f'<rect class="paper" width="{width}" height="{height}" rx="8"/>\n'
        f"{moved(whole, _MARGIN, _MARGIN)}\n</svg>\n"
    )
    return Picture(svg, title, told)


@lru_cache(maxsize=1024)  # one geometry has many cases: layouts, element types, backends
def plain(scene: Scene, label: str) -> str:
    """Return the picture of a scene for a page that has styles for it and says `label` in words."""
    whole = _body(scene, widest=_WIDEST_PLAIN, is_plain=True)
    width, height = round(whole.width + 2), round(whole.height + 2)
    return (
        f'<svg class="drawing" viewBox="-1 -1 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{escaped(label)}">{whole.markup}</svg>'
    )


def _headed(scene: Scene) -> Panel:
    """Return one scene with its heading, what it does in words, and its notes."""
    body = titled(words.summary(scene), _body(scene, widest=_WIDEST, is_plain=False), "side")
    notes = [titled(note, Panel(0, 0, ""), "side") for note in scene.notes]
    whole = stacked([body, *notes], apart=6)
    return titled(scene.heading, whole, "heading") if scene.heading else whole


def _body(scene: Scene, *, widest: float, is_plain: bool) -> Panel:
    """Return the two sides with an arrow from what is read to what is written."""
    axes = (ONE_CELL,) * (3 - scene.rank) + scene.axes
    padded = _lanes([axis.positions for axis in axes], scene.rank)
    stepped = _lanes([range(axis.steps) for axis in axes], scene.rank)
    longest = max(len(lane) for lane in (*padded[1:], *stepped[1:]))
    has_numbers = scene.numbers is not None
    room = 250.0 if is_plain else (620.0 if scene.rank == 1 else 420.0)
    pitch = pitch_for(longest=longest, room=room, has_numbers=has_numbers, is_plain=is_plain)
    read, written = (stepped, padded) if scene.is_transposed else (padded, stepped)
    sides, panels = [], []
    for lanes, is_read in ((read, True), (written, False)):
        side = Side(
            scene=scene,
            axes=axes,
            lanes=lanes,
            is_padded=lanes is padded,
            is_read=is_read,
            pitch=pitch,
            has_ticks=not is_plain and has_room_for_ticks(pitch),
        )
        sizes = scene.input if is_read else scene.output
        title = f"{'input' if is_read else 'output'} {words.sizes(sizes)}"
        sides.append(side)
        put = titled_below if scene.rank == 1 and not is_read else titled
        panels.append(put(title, _slices(side, widest)))
    kernel = None
    if scene.numbers is not None and scene.numbers.kernel:
        kernel = _kernel(scene, pitch)
    if scene.rank == 1:
        return crossed(scene, (sides[0], panels[0]), (sides[1], panels[1]), kernel)
    if kernel is not None:
        panels[0] = rows_of([panels[0], kernel], widest=widest, apart=24)
    return joined(*panels, widest=widest)


def _left_out(scene: Scene) -> Iterator[str]:
    """Yield a sentence on each axis of which a part is drawn."""
    for axis, name in enumerate(words.AXES[scene.rank - 1]):
        is_plane = scene.rank == 3 and axis == 0
        most, end = _MOST_PLANES if is_plane else _MOST_ON_AXIS[scene.rank]
        cells, steps = scene.axes[axis].extent, scene.axes[axis].steps
        if max(cells, steps) > most:
            yield f"Of the {name} the first {end} and the last {end} are drawn."


def _lanes(cells: Sequence[range], rank: int) -> tuple[Lane, ...]:
    planes, others = _MOST_PLANES, _MOST_ON_AXIS[rank]
    return tuple(Lane(one, *(others if axis else planes)) for axis, one in enumerate(cells))


def _slices(side: Side, widest: float) -> Panel:
    """Return the planes beside each other, numbered where there are several axes of them."""
    if side.scene.rank < 3:
        ((_, panel),) = side.slices()
        return panel
    found = []
    for plane, panel in side.slices():
        label = "" if plane is None else f"plane {plane}".replace("-", words.MINUS)
        found.append(titled(label, panel))
    return rows_of(found, widest=widest)


def _kernel(scene: Scene, pitch: int) -> Panel:
    """Return the kernel's numbers as a grid."""
    kernel = scene.numbers.kernel if scene.numbers else {}
    taps = tuple(axis.taps for axis in scene.axes)
    axes = tuple(DrawnAxis(count, 0, 0, 1, 1, 1, count) for count in taps)
    shown = Scene(
        axes=axes, numbers=Numbers(input=kernel, kernel={}, output={}, pad=""), is_unmarked=True
    )
    side = Side(
        scene=shown,
        axes=(ONE_CELL,) * (3 - scene.rank) + axes,
        lanes=_lanes([range(1)] * (3 - scene.rank) + [range(count) for count in taps], scene.rank),
        is_padded=False,
        is_read=True,
        pitch=pitch,
        has_ticks=False,
    )
    panel = _slices(side, _WIDEST)
    top = 0.0 if not has_room_for_ticks(pitch) else 15.0
    return titled(
        f"kernel {words.sizes(taps)}", Panel(panel.width, panel.height + top, moved(panel, 0, top))
    )
