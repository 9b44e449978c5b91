"""The geometry of a convolution in a report: in words, and as the picture that layers have.

Colours are classes, for the page's style sheet to give.
"""

from __future__ import annotations

from convdispatch.conformance.geometry import Drawing
from convdispatch.pictures.windows.axes import DrawnAxis
from convdispatch.pictures.windows.scene import Scene
from convdispatch.pictures.windows.svg import plain
from convdispatch.pictures.windows.words import sizes

_MOST_CELLS = 2**31  # on an axis: no array has more, and a report may come from anybody


def caption(drawing: Drawing) -> str:
    """Return the geometry in words.

    >>> caption(Drawing(transposed=False, input=(6,), output=(2,), kernel=(3,), strides=(2,),
    ...                 pads=((0, 1),), dilation=(1,), groups=1, channels_last=True))
    'input 6, output 2, kernel 3, stride 2, pads (0, 1), dilation 1, 1 group, channels last'
    """
    pads = " ".join(f"({low}, {high})" for low, high in drawing.pads)
    return ", ".join(
        [
            f"input {sizes(drawing.input)}",
            f"output {sizes(drawing.output)}",
            f"kernel {sizes(drawing.kernel)}",
            f"stride {sizes(drawing.strides)}",
            f"pads {pads}" + (" of the convolution that is transposed" * drawing.transposed),
            f"dilation {sizes(drawing.dilation)}",
            f"{drawing.groups} group" + "s" * (drawing.groups != 1),
            f"channels {'last' if drawing.channels_last else 'first'}",
        ]
    )


def draw(drawing: Drawing) -> str:
    """Return the SVG of a geometry, or nothing where it is impossible."""
    axes = axes_of(drawing)
    if not axes:
        return ""
    return plain(Scene(axes=axes, is_transposed=drawing.transposed), caption(drawing))


def axes_of(drawing: Drawing) -> tuple[DrawnAxis, ...]:
    """Return the axes, or none where they cannot be drawn."""
    wide, narrow = drawing.input, drawing.output
    if drawing.transposed:
        wide, narrow = narrow, wide
    fields = (wide, drawing.pads, drawing.kernel, drawing.strides, drawing.dilation, narrow)
    rank = len(wide)
    if not 1 <= rank <= 3 or any(len(one) != rank for one in fields):
        return ()
    axes = tuple(
        DrawnAxis(size, low, high, taps, stride, dilation, steps)
        for size, (low, high), taps, stride, dilation, steps in zip(*fields, strict=True)
    )
    positive = (
        number
        for one in axes
        for number in (one.size, one.taps, one.steps, one.stride, one.dilation)
    )
    if min(positive) < 1 or max(max(one.extent, one.reach) for one in axes) > _MOST_CELLS:
        return ()
    return axes
