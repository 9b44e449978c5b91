"""Traps that no single axis shows: channels, crops, grids, and formulas of functions.

Numbered as in `traps`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.layer_checks import checked_case, constrains, penalizes
from convdispatch.conformance.cases.layer_rows import LayerRow, Ramp, nested, ones, row, row_case

# Of one cell: the slug, what is claimed, the layer and its arguments; the kernel's numbers count
# from one, over two rows; the channels read and written.
_CHANNELS: tuple[tuple[str, str, str, dict[str, Any], int, tuple[int, ...], tuple[int, ...]], ...]
_CHANNELS = (
    (
        "trap-10-depthwise-multiplier",
        "Output c * multiplier + m of a depthwise convolution belongs to channel c, which is not "
        "[10, 300, 20, 400].",
        "DepthwiseConv2D",
        {"depth_multiplier": 2},
        4,
        (10, 100),
        (10, 20, 300, 400),
    ),
    (
        "trap-10-transposed-kernel",
        "A transposed kernel is (*spatial, out, in): read as (in, out) a square one gives "
        "[31, 42].",
        "Conv2DTranspose",
        {"filters": 2},
        4,
        (1, 10),
        (21, 43),
    ),
    (
        "trap-11-groups",
        "Filter f reads the input channels of group f // (filters / groups).",
        "Conv2D",
        {"filters": 4, "groups": 2},
        8,
        (1, 10, 100, 1000),
        (51, 62, 7300, 8400),
    ),
)

# The layer, what it crops, the input's shape, and the shape and the numbers that are left.
_CROPS: tuple[tuple[str, Any, tuple[int, ...], tuple[int, ...], tuple[int, ...]], ...] = (
    ("Cropping1D", (1, 0), (1, 2, 4), (1, 1, 4), (4, 5, 6, 7)),
    ("Cropping1D", (0, 1), (1, 2, 4), (1, 1, 4), (0, 1, 2, 3)),
    ("Cropping2D", ((1, 0), (0, 1)), (1, 2, 2, 2), (1, 1, 1, 2), (4, 5)),
    ("Cropping2D", ((0, 1), (1, 0)), (1, 2, 2, 2), (1, 1, 1, 2), (2, 3)),
    ("Cropping3D", ((1, 0), (0, 1), (0, 0)), (1, 2, 2, 2, 1), (1, 1, 1, 2, 1), (4, 5)),
)

_GRIDS = (
    ("nearest", (1, 2, 3), (1, 1, 2, 2, 3, 3), "Nearest upsampling repeats every cell."),
    (
        "bilinear",
        (0, 1),
        (0, 0.25, 0.75, 1),
        "Bilinear upsampling samples between cell centres, where the grid of TensorFlow 1 gives "
        "[0, 0.5, 1, 1].",
    ),
)

_TWO_TAPS = row(
    "Conv2D",
    nested((1, 2, 1, 1), (3, 4)),
    x=nested((1, 1, 2, 1), (1, 0)),
    expected=nested((1, 1, 1, 1), (3,)),
    filters=1,
    kernel_size=(1, 2),
    use_bias=False,
)


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for every trap of this kind; the numbers are fixed."""
    yield from _channels()
    yield from _crops()
    yield from _grids()
    yield from _constraints()
    yield from _activations()
    yield from _penalties()


def _channels() -> Iterator[Case]:
    for slug, claim, layer, arguments, numbers, x, expected in _CHANNELS:
        for layout, shape in (("last", (1, 1, 1, -1)), ("first", (1, -1, 1, 1))):
            mixing = row(
                layer,
                nested((1, 1, 2, -1), range(1, numbers + 1)),
                x=nested(shape, x),
                expected=nested(shape, expected),
                data_format=f"channels_{layout}",
                kernel_size=1,
                use_bias=False,
                **arguments,
            )
            yield row_case(f"{slug}-{layout}", claim, mixing)


def _crops() -> Iterator[Case]:
    for layer, cropping, shape, left, numbers in _CROPS:
        crop = row(layer, x=Ramp(shape), expected=nested(left, numbers), cropping=cropping)
        end = "end" if numbers[0] < 4 else "start"
        yield row_case(
            f"trap-15-{layer.lower()}-{end}",
            "Cropping nothing at the end keeps the end: x[1:-0] would be empty.",
            crop,
        )


def _grids() -> Iterator[Case]:
    for interpolation, cells, expected, claim in _GRIDS:
        for layout, size, shape in (
            ("last", (1, 2), (1, 1, -1, 1)),
            ("first", (2, 1), (1, 1, -1, 1)),
        ):
            grid = row(
                "UpSampling2D",
                x=nested(shape, cells),
                expected=nested(shape, expected),
                size=size,
                data_format=f"channels_{layout}",
                interpolation=interpolation,
            )
            yield row_case(f"trap-18-{interpolation}-{layout}", claim, grid)


def _constraints() -> Iterator[Case]:
    for slug, axis, expected in (("each-tap", 0, (2, 2)), ("kernel", (0, 1, 2), (1.2, 1.6))):
        constraint = {"class_name": "MaxNorm", "config": {"max_value": 2, "axis": axis}}
        yield checked_case(
            f"trap-13-constraint-of-{slug}",
            "A constraint measures along its axis: axis 0 of a convolution's kernel is each tap "
            "alone.",
            constrains,
            _with(_TWO_TAPS, kernel_constraint=constraint),
            nested((1, 2, 1, 1), expected),
        )


def _activations() -> Iterator[Case]:
    hard_sigmoid = row(
        "Conv1D",
        ones(1, 1, 1),
        x=nested((1, 3, 1), (1, -4, 4)),
        expected=nested((1, 3, 1), (4 / 6, 0, 1)),
        filters=1,
        kernel_size=1,
        activation="hard_sigmoid",
        use_bias=False,
    )
    yield row_case(
        "trap-20-hard-sigmoid", "hard_sigmoid(1) is relu6(4) / 6, as in Keras 3.", hard_sigmoid
    )
    softmax = row(
        "Conv2D",
        Ramp((1, 1, 1, 2), 0, 0),
        x=Ramp((1, 1, 1, 4)),
        expected=Ramp((1, 2, 1, 4), 0.25, 0),
        filters=2,
        kernel_size=1,
        activation="softmax",
        data_format="channels_first",
        use_bias=False,
    )
    yield row_case(
        "trap-20-softmax-of-channels-first",
        "softmax normalizes over the last axis, which is the width where channels come first.",
        softmax,
    )


def _penalties() -> Iterator[Case]:
    penalty = {"class_name": "L2", "config": {"l2": 0.5}}
    yield checked_case(
        "trap-20-regularizer",
        "An L2 regularizer has no factor of one half: 0.5 (9 + 16).",
        penalizes,
        _with(_TWO_TAPS, kernel_regularizer=penalty),
        (12.5,),
    )
    over_the_batch = row(
        "Conv1D",
        ones(1, 1, 1),
        x=nested((3, 1, 1), (1, 2, 3)),
        expected=nested((3, 1, 1), (1, 2, 3)),
        filters=1,
        kernel_size=1,
        activity_regularizer=penalty,
        use_bias=False,
    )
    yield checked_case(
        "trap-20-activity-regularizer",
        "An activity regularizer sums over the batch, which Keras 3 divides by: 0.5 (1 + 4 + 9).",
        penalizes,
        over_the_batch,
        (7,),
    )


def _with(plain: LayerRow, **arguments: Any) -> LayerRow:
    return replace(plain, arguments={**plain.arguments, **arguments})
