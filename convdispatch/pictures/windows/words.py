"""A scene in words: the title of its picture, and what somebody is told who cannot see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from convdispatch.pictures.windows.axes import DrawnAxis
from convdispatch.pictures.windows.scene import Cell, Scene

TIMES = " \N{MULTIPLICATION SIGN} "
MINUS = "\N{MINUS SIGN}"
AXES = (("steps",), ("rows", "columns"), ("planes", "rows", "columns"))
_ONE = {"steps": "step", "rows": "row", "columns": "column", "planes": "plane"}
_LONGEST = 9  # places that are listed


def sizes(given: Iterable[int]) -> str:
    """Return sizes as they stand in a picture.

    >>> sizes((9, 4))
    '9 × 4'
    """  # noqa: RUF002 - a multiplication sign is meant
    return TIMES.join(map(str, given))


def summary(scene: Scene) -> str:
    """Return what the window does in one line."""
    axes = scene.axes
    if not scene.window:
        return _shifts(scene)
    taps = sizes(axis.taps for axis in axes)
    if scene.window == "factor":
        return f"each cell {taps} times"
    parts = [f"{scene.window} {taps}"]
    if scene.has_stride:
        parts.append(f"stride {_short(axis.stride for axis in axes)}")
    if any(axis.dilation > 1 for axis in axes):
        parts.append(f"dilation {_short(axis.dilation for axis in axes)}")
    parts.append(_pads(scene))
    return ", ".join(parts)


def _pads(scene: Scene) -> str:
    pads = [(axis.low, axis.high) for axis in scene.axes]
    if not any(pad for pair in pads for pad in pair):
        return "no pads"
    return "pads " + _pairs(pads)


def _shifts(scene: Scene) -> str:
    """Return the pads and the crops of a scene without a window: positive numbers."""
    pads = [(max(axis.low, 0), max(axis.high, 0)) for axis in scene.axes]
    crops = [(max(-axis.low, 0), max(-axis.high, 0)) for axis in scene.axes]
    found = (("pads", pads), ("crops", crops))
    said = [f"{name} {_pairs(ends)}" for name, ends in found if any(map(any, ends))]
    return ", ".join(said) or "no pads"


def _pairs(pairs: Sequence[tuple[int, int]]) -> str:
    shown = pairs[:1] if len(set(pairs)) == 1 else pairs
    return TIMES.join(f"({low}, {high})" for low, high in shown).replace("-", MINUS)


def title(scene: Scene, name: str = "") -> str:
    """Return the title of a picture."""
    what = name or scene.kind
    return f"{what}: {sizes(scene.input)} cells become {sizes(scene.output)}"


def told(scenes: Sequence[Scene]) -> str:
    """Return all scenes in sentences."""
    return " ".join(
        f"{one.heading}: {description(one)}" if one.heading else description(one) for one in scenes
    )


def description(scene: Scene) -> str:
    """Return the geometry in sentences."""
    names = AXES[scene.rank - 1]
    article = "An" if scene.kind[0] in "aeiou" else "A"
    told = [f"{article} {scene.kind}: {summary(scene)}."]
    for name, axis in zip(names, scene.axes, strict=True):
        told += _of_axis(name, axis, scene)
    for mark, cell in scene.marked.items():
        told.append(f"The {mark} cell of the output, {at(cell)}, reads {read(scene, cell)}.")
    return " ".join((*told, *scene.notes))


def read(scene: Scene, cell: Cell) -> str:
    """Return what a cell of the output reads, in words."""
    names = AXES[scene.rank - 1]
    parts = []
    for axis, (name, one) in enumerate(zip(names, cell, strict=True)):
        found = _read_on(scene, one, axis)
        if not found:
            return "nothing"
        parts.append(f"{_ONE[name] if len(found) == 1 else name} {_listed(found)}")
    return ", ".join(parts)


def at(cell: Cell) -> str:
    """Return a cell's place as it is written: (2, 3), and 2 on one axis.

    >>> at((2, 3)), at((2,))
    ('(2, 3)', '2')
    """
    return str(cell[0]) if len(cell) == 1 else f"({', '.join(map(str, cell))})"


def _read_on(scene: Scene, cell: int, axis: int) -> Sequence[int]:
    """Return the places that a cell of the output reads on an axis, without listing them."""
    one = scene.axes[axis]
    if not scene.is_transposed:
        start = one.start(cell)
        return range(start, start + one.reach, one.dilation)
    if one.steps > 10**4:
        near = range(max((cell + one.low - one.reach) // one.stride, 0), one.steps)[: one.reach + 1]
        return [step for step in near if one.tap_at(cell, step) is not None]
    return [step for step, _ in scene.reads(cell, axis)]


def _of_axis(name: str, axis: DrawnAxis, scene: Scene) -> Iterable[str]:
    pads = [(max(axis.low, 0), "before"), (max(axis.high, 0), "after")]
    crops = [(max(-axis.low, 0), "before"), (max(-axis.high, 0), "after")]
    of = name.capitalize()
    for found, one, many in ((pads, "pad", "pads"), (crops, "cropped cell", "cropped cells")):
        if any(count for count, _ in found):
            counts = " and ".join(
                f"{count} {one if count == 1 else many} {where}" for count, where in found if count
            )
            cut = " that the transposed convolution takes away" if scene.is_transposed else ""
            yield f"{of}: {counts}{cut if found is pads else ''}."
    if axis.size > 10**4:
        return
    places = range(axis.size)
    unread = [at for at in places if axis.kind(at) == "cell" and not axis.is_met(at)]
    if unread:
        noun = _ONE[name].capitalize() if len(unread) == 1 else of
        verb = "is reached" if scene.is_transposed else "is read"
        are = verb if len(unread) == 1 else verb.replace("is", "are")
        yield f"{noun} {_listed(unread)} {are} by no tap."


def _listed(places: Sequence[int]) -> str:
    shown = [str(place).replace("-", MINUS) for place in places[:_LONGEST]]
    if len(places) > _LONGEST:
        return f"{', '.join(shown[:-2])}, ..., {str(places[-1]).replace('-', MINUS)}"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _short(given: Iterable[int]) -> str:
    numbers = tuple(given)
    return str(numbers[0]) if len(set(numbers)) == 1 else sizes(numbers)
