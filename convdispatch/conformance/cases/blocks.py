"""Sizes beyond those that fast kernels compute at once: of images, kernels, channels and batches.

A kernel works in blocks of 4, 8, 16, 32 or 64 numbers and has other code for what is left over.
All other cases are smaller than a block. Each size here is a few more than a multiple.
"""

from __future__ import annotations

from collections.abc import Iterator

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.computing import alternating
from convdispatch.conformance.cases.conv_rows import ConvRow
from convdispatch.conformance.cases.values import forward_case
from convdispatch.numerics.problem import with_batch

# fmt: off
_GEOMETRIES = (
    ConvRow("1d-many-cells", (131,), (3,), pads=((1, 1),), bias=True),
    ConvRow("1d-many-cells-strided", (135,), (5,), (2,), ((3, 2),), activation="relu"),
    ConvRow("1d-many-taps", (70,), (35,), pads=((17, 17),)),
    ConvRow("1d-long-stride", (70,), (3,), (7,), ((0, 5),), bias=True),
    ConvRow("1d-long-dilation", (70,), (4,), (1,), ((9, 0),), (11,)),
    ConvRow("1d-large-pads", (5,), (3,), (2,), ((17, 20),)),
    ConvRow("1d-large-crops", (70,), (3,), (2,), ((-17, -33),)),
    ConvRow("1d-many-channels", (3,), (2,), channels=(67, 71), bias=True),
    ConvRow("1d-many-groups", (4,), (2,), groups=35, channels=(35, 70), bias=True),
    ConvRow("2d-wide", (3, 67), (3, 3), pads=((1, 1), (1, 1))),
    ConvRow("2d-tall", (67, 3), (3, 3), pads=((1, 1), (1, 1)), bias=True),
    ConvRow("2d-three-by-three", (7, 9), (3, 3), pads=((1, 1), (1, 1)), channels=(5, 9)),
    ConvRow("2d-five-by-five", (8, 8), (5, 5), pads=((2, 2), (2, 2)), activation="tanh"),
    ConvRow("2d-seven-by-seven", (9, 9), (7, 7), (2, 2), ((3, 3), (3, 3)), bias=True),
    ConvRow("2d-depthwise-channels", (4, 5), (3, 3), groups=19, channels=(19, 19)),
    ConvRow("2d-pointwise-channels", (3, 3), (1, 1), channels=(37, 35), activation="relu"),
    ConvRow("3d-deep", (19, 3, 2), (3, 2, 2), pads=((1, 1), (0, 0), (1, 0))),
    ConvRow("3d-wide", (2, 3, 19), (2, 2, 3), (1, 1, 2), bias=True),
    ConvRow("3d-many-channels", (2, 2, 2), (2, 1, 2), channels=(19, 21)),
)
# fmt: on
_BATCHED = ("1d-many-cells-strided", "2d-three-by-three", "3d-wide")
_SAMPLES = 19


def cases(seed: int) -> Iterator[Case]:
    """Yield the convolution and its adjoint of each geometry, some of them of many samples."""
    for ending, problem in alternating(_GEOMETRIES, seed=seed):
        yield forward_case("full", f"large-{ending}", problem)
        if ending.rpartition("-")[0] in _BATCHED:
            many = with_batch(problem, _SAMPLES)
            yield forward_case("full", f"large-{ending}-many-samples", many)
