"""The geometry of a convolution, as a report holds and draws it."""

from __future__ import annotations

from dataclasses import dataclass

from convdispatch.conformance.cases.conv_rows import placements
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Conv, ConvTranspose, Shape, known_sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The geometry of a convolution: spatial axes alone, sizes in cells."""

    transposed: bool
    input: Shape
    output: Shape
    kernel: Shape
    strides: Shape
    pads: tuple[tuple[int, int], ...]
    dilation: Shape
    groups: int
    channels_last: bool


def drawing_of(problem: Problem) -> Drawing | None:
    """Return the geometry of a problem whose op is a convolution or its adjoint."""
    op = problem.op
    if not isinstance(op, Conv | ConvTranspose):
        return None
    read = problem.input_shape[1:-1] if op.channels_last else problem.input_shape[2:]
    kernel = problem.weight_shapes[0][:-2]
    if isinstance(op, ConvTranspose):
        written = known_sizes(op.output_size)
    else:
        written = _written(op, read, kernel)
    return Drawing(
        transposed=isinstance(op, ConvTranspose),
        input=read,
        output=written,
        kernel=kernel,
        strides=op.strides,
        pads=op.pads,
        dilation=op.dilation,
        groups=op.groups,
        channels_last=op.channels_last,
    )


def _written(op: Conv, read: Shape, kernel: Shape) -> Shape:
    """Return the cells of the result, counted: computing it took most of a run's time here."""
    return placements(read, kernel, strides=op.strides, pads=op.pads, dilation=op.dilation)
