"""The geometry of a convolution as a drawing for a terminal: each axis on lines of its own.

Below the cells of an axis stand the kernel's taps, at its first position and one step further.
"""

from __future__ import annotations

from collections.abc import Iterator

from convdispatch.conformance.geometry import Drawing
from convdispatch.conformance.report.drawing import axes_of, caption
from convdispatch.pictures.windows.axes import DrawnAxis

_SIGNS = {"cell": "o", "pad": ".", "crop": "x"}
LEGEND = "o a cell, . a pad, x a cropped cell, ^ a tap"
_WIDEST = 24  # cells of an axis that are drawn


def draw_lines(drawing: Drawing) -> Iterator[str]:
    r"""Yield the geometry in words, and a drawing of each axis that is not too long.

    >>> print(*draw_lines(Drawing(transposed=False, input=(5,), output=(3,), kernel=(2,),
    ...     strides=(2,), pads=((1, 0),), dilation=(2,), groups=1, channels_last=True)), sep="\n")
    input 5, output 3, kernel 2, stride 2, pads (1, 0), dilation 2, 1 group, channels last
    axis 1    . o o o o o
      first   ^   ^
      second      ^   ^
    o a cell, . a pad, x a cropped cell, ^ a tap
    """
    yield caption(drawing)
    axes = axes_of(drawing)
    drawn = [(n, axis) for n, axis in enumerate(axes, 1) if axis.extent <= _WIDEST]
    for number, axis in drawn:
        yield from _axis(number, axis)
    if drawn:
        yield LEGEND


def _axis(number: int, axis: DrawnAxis) -> Iterator[str]:
    yield _line(f"axis {number}", [_SIGNS[axis.kind(position)] for position in axis.positions])
    steps = ("first", "second") if axis.steps > 1 else ("first",)
    for step, name in enumerate(steps):
        taps = set(axis.placement(step))
        signs = ["^" if position in taps else " " for position in axis.positions]
        yield _line(f"  {name}", signs)


def _line(title: str, signs: list[str]) -> str:
    return f"{title:10}{' '.join(signs)}".rstrip()
