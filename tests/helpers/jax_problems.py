"""Convolutions in whole numbers, for what the JAX backend makes of them on a processor."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from convdispatch.conformance import oracle
from convdispatch.ops import Conv, Signature

# (strides, pads, kernel size, image): among them a pad beyond the kernel, a crop, cells that a
# stride leaves over, and a stride longer than the kernel.
GEOMETRIES = [
    ((1, 1), ((0, 0), (0, 0)), (3, 3), (6, 5)),
    ((1, 1), ((1, 1), (1, 1)), (3, 3), (5, 6)),
    ((1, 1), ((0, 2), (3, 0)), (2, 3), (5, 6)),
    ((2, 2), ((0, 1), (0, 1)), (3, 3), (6, 8)),
    ((2, 3), ((1, 1), (0, 0)), (3, 2), (7, 9)),
    ((1, 2), ((-1, 1), (2, -2)), (2, 2), (6, 8)),
    ((1, 1), ((0, 0), (0, 0)), (1, 1), (4, 3)),
    ((2, 2), ((0, 0), (0, 0)), (1, 1), (6, 5)),
    ((3, 2), ((1, 0), (0, 1)), (1, 1), (6, 5)),
    ((2, 2), ((0, -1), (-1, 0)), (1, 1), (6, 6)),
    ((1, 1), ((0, 0), (0, 0)), (4, 4), (4, 4)),
]
SIZES = [((1, 3), 1), ((3, 4), 3), ((2, 1), 2)]  # input and output channels, images
# The same for lines, volumes, dilated and grouped ones, and channels first, each with what it is.
OTHERS = [
    (((1,), ((1, 1),), (3,), (7,)), (1, 4), 2, {}),
    (((2,), ((0, 2),), (4,), (9,)), (3, 2), 2, {}),
    (((1, 1, 1), ((1, 1),) * 3, (3, 3, 3), (4, 5, 4)), (1, 3), 2, {}),
    (((2, 1, 2), ((0, 1), (0, 0), (-1, 1)), (2, 3, 1), (5, 4, 6)), (2, 3), 1, {}),
    (((1, 1), ((2, 2), (1, 3)), (3, 2), (6, 5)), (3, 4), 2, {"dilation": (2, 2)}),
    (((1, 1), ((0, 0), (0, 0)), (2, 3), (9, 8)), (3, 4), 2, {"dilation": (3, 2)}),
    (((1, 1), ((1, 1), (1, 1)), (3, 3), (5, 4)), (4, 4), 2, {"groups": 4}),
    (((2, 2), ((0, 1), (-1, 1)), (3, 2), (6, 8)), (3, 6), 1, {"groups": 3}),
    (((1,), ((2, 0),), (3,), (7,)), (3, 6), 2, {"groups": 3, "dilation": (2,)}),
    (((1, 1, 1), ((1, 0),) * 3, (2, 2, 2), (3, 4, 3)), (2, 2), 2, {"groups": 2}),
    (((1, 1), ((1, 1), (0, 1)), (3, 2), (5, 6)), (4, 6), 2, {"groups": 2}),
    (((2, 1), ((0, 0), (0, 0)), (1, 1), (6, 5)), (4, 6), 2, {"groups": 2}),
    (((1, 1), ((1, 1), (1, 1)), (3, 3), (5, 6)), (3, 4), 2, {"channels_last": False}),
    (((2, 1), ((1, 0), (1, 1)), (3, 3), (5, 6)), (4, 4), 2, {"channels_last": False, "groups": 2}),
]
PLAIN: Mapping[str, Any] = {}
CASES = [
    *((geometry, *size, {}) for geometry, size in zip(GEOMETRIES * 2, itertools.cycle(SIZES))),
    *OTHERS,
]
FORMS = ("by_shape", "framework", "row", "columns", "columns_by_image", "product")


def integers(shape: tuple[int, ...], seed: int) -> np.ndarray[Any, Any]:
    """Return small whole numbers, whose sums are exact in float32."""
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(np.float32)


def problem(
    geometry: Any, channels: tuple[int, int], images: int, options: Mapping[str, Any] = PLAIN
) -> tuple[Any, ...]:
    """Return the op, its signature, and an input and a kernel."""
    strides, pads, taps, size = geometry
    op = Conv(
        strides=strides,
        pads=pads,
        dilation=options.get("dilation", (1,) * len(strides)),
        groups=options.get("groups", 1),
        channels_last=options.get("channels_last", True),
        bias=False,
        activation="linear",
    )
    kernel = integers((*taps, channels[0] // op.groups, channels[1]), 1)
    x = integers((images, *size, channels[0]), 2)
    if not op.channels_last:
        x = np.ascontiguousarray(np.moveaxis(x, -1, 1))
    signature = Signature(input_shape=x.shape[1:], weight_shapes=(kernel.shape,), dtype="float32")
    return op, signature, x, kernel


def by_definition(op: Conv, x: Any, kernel: Any) -> Any:
    """Return the convolution by loops in float64."""
    return oracle.conv(
        x.astype(np.float64),
        kernel.astype(np.float64),
        strides=op.strides,
        pads=op.pads,
        dilation=op.dilation,
        groups=op.groups,
        channels_last=op.channels_last,
    )
