"""Hand-made geometries: each convolution and its adjoint, in both layouts.

The id says what is special about a row. Every case is computed twice: of numbers whose sums and
products are exact, where nothing but the right answer will do, and of ordinary ones.
"""

from __future__ import annotations

from collections.abc import Iterator

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.conv_rows import ConvRow, problems
from convdispatch.conformance.cases.values import forward_case

# One row a geometry, wrapped as late as possible, reads as the table that it is.
# fmt: off
GEOMETRIES = (
    ConvRow("1d-plain", (6,), (3,)),
    ConvRow("1d-even-kernel", (6,), (2,), pads=((0, 1),), bias=True),
    ConvRow("1d-pads-1-1", (5,), (3,), pads=((1, 1),), activation="relu"),
    ConvRow("1d-stride-2-pads-low", (4,), (3,), strides=(2,), pads=((1, 0),)),
    ConvRow("1d-stride-2-pads-high", (4,), (3,), strides=(2,), pads=((0, 1),)),
    ConvRow("1d-stride-3-leaves-cells-unread", (9,), (2,), strides=(3,), bias=True),
    ConvRow("1d-stride-over-kernel", (6,), (1,), strides=(3,)),
    ConvRow("1d-stride-over-input", (2,), (2,), strides=(3,), activation="sigmoid"),
    ConvRow("1d-kernel-is-input", (4,), (4,), activation="tanh"),
    ConvRow("1d-causal-dilated", (6,), (3,), pads=((4, 0),), dilation=(2,)),
    ConvRow("1d-strided-dilated", (8,), (3,), (2,), ((1, 2),), (2,), bias=True),
    ConvRow("1d-strided-dilated-even", (8,), (2,), (2,), ((1, 0),), (3,)),
    ConvRow("1d-crop-low", (7,), (3,), (2,), ((-2, 0),)),
    ConvRow("1d-crop-high", (7,), (2,), (1,), ((0, -3),), bias=True),
    ConvRow("1d-pad-and-crop", (6,), (2,), (1,), ((3, -2),), (2,)),
    ConvRow("1d-crop-and-pad-strided", (6,), (3,), (3,), ((-1, 2),)),
    ConvRow("1d-reads-pads-alone", (1,), (1,), (3,), ((2, 0),), bias=True),
    ConvRow("1d-full", (3,), (4,), pads=((3, 3),)),
    ConvRow("1d-groups", (5,), (2,), groups=2, channels=(4, 6), bias=True),
    ConvRow("1d-groups-dilated", (7,), (2,), (1,), ((1, 0),), (3,), 2, (2, 4)),
    ConvRow("1d-depthwise", (6,), (3,), (2,), groups=3, channels=(3, 6)),
    ConvRow("1d-one-cell", (1,), (1,), channels=(1, 1), bias=True, activation="sigmoid"),
    ConvRow("2d-plain", (5, 4), (3, 2), bias=True, activation="relu"),
    ConvRow("2d-pointwise", (3, 2), (1, 1), channels=(5, 4)),
    ConvRow("2d-pointwise-strided", (5, 4), (1, 1), (2, 3), bias=True),
    ConvRow("2d-mixed-strides", (6, 5), (3, 2), (2, 1), ((0, 1), (1, 0))),
    ConvRow("2d-strides-over-kernel", (5, 7), (1, 2), (2, 3), bias=True, activation="sigmoid"),
    ConvRow("2d-mixed-dilation", (6, 5), (2, 3), dilation=(1, 2)),
    ConvRow("2d-strided-dilated", (8, 7), (3, 2), (2, 3), ((1, 2), (0, 1)), (2, 1), bias=True),
    ConvRow("2d-kernel-is-input", (3, 4), (3, 4), activation="tanh"),
    ConvRow("2d-crop-and-pad", (5, 6), (2, 2), (1, 1), ((-1, 0), (1, -2))),
    ConvRow("2d-reads-pads-alone", (1, 2), (1, 2), (4, 1), ((3, 0), (0, 1)), bias=True),
    ConvRow("2d-groups", (4, 5), (2, 3), (1, 1), ((1, 0), (1, 1)), (1, 1), 2, (4, 6), True),
    ConvRow("2d-depthwise-strided", (6, 6), (3, 3), (2, 2), ((0, 1), (1, 1)), (1, 1), 3, (3, 6)),
    ConvRow("2d-depthwise-mixed-strides", (6, 5), (3, 2), (1, 2), groups=3, channels=(3, 3)),
    ConvRow("2d-depthwise-dilated", (6, 7), (2, 2), dilation=(2, 3), groups=4, channels=(4, 4)),
    ConvRow("2d-groups-strided-dilated", (7, 6), (2, 3), (3, 2), ((2, 1), (1, 1)), (2, 1), 2,
             (2, 4), True, "relu"),
    ConvRow("3d-plain", (3, 4, 3), (2, 3, 1), bias=True),
    ConvRow("3d-kernel-is-input", (2, 3, 2), (2, 3, 2), channels=(1, 2), activation="relu"),
    ConvRow("3d-strides-over-kernel", (6, 4, 3), (1, 1, 2), (3, 2, 1)),
    ConvRow("3d-strides-over-one-tap", (6, 4, 5), (1, 1, 1), (3, 2, 4)),  # 'same' is no pads
    ConvRow("3d-mixed-pads", (3, 4, 2), (2, 2, 3), (1, 2, 1), ((0, 1), (-1, 0), (1, 1)),
             bias=True),
    ConvRow("3d-dilated", (3, 4, 5), (2, 2, 2), dilation=(1, 2, 2), channels=(2, 2)),
    ConvRow("3d-strided-dilated", (5, 3, 4), (2, 2, 1), (2, 1, 3), (), (3, 1, 1), bias=True),
    ConvRow("3d-groups", (3, 3, 4), (2, 1, 2), (1, 1, 2), (), (), 2, (4, 2), True),
    ConvRow("3d-depthwise", (4, 3, 5), (2, 2, 2), (2, 1, 2), ((1, 0), (0, 1), (1, 1)), (1, 2, 1),
             2, (2, 4)),
)
# fmt: on


def cases(seed: int) -> Iterator[Case]:
    """Yield the forward cases of every geometry."""
    for geometry in GEOMETRIES:
        for values in ("eighths", "normal"):
            for problem in problems(geometry, values=values, seed=seed):
                layout = "last" if problem.channels_last else "first"
                yield forward_case("core", f"{geometry.id}-{layout}-{values}", problem)
