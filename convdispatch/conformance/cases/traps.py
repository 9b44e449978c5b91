"""Traps about the cells that a kernel meets, each with its numbers.

The traps are numbered 1 to 21; those of channels, crops, grids and formulas are in
`traps_elsewhere`. Unless a claim says otherwise there is one channel and no bias.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.layer_rows import Cells, Ramp, nested, row, row_case
from convdispatch.conformance.cases.one_axis import (
    CONV1D,
    CONVOLUTIONS,
    DEPTHWISE,
    FLIPPABLE,
    TRANSPOSED,
    AxisClaim,
)

_W, _V = (1, 10, 100), (1, 10)
_SAME = {"padding": "same"}
_THEANO = {"convention": "theano"}

# fmt: off
_CONVOLUTIONS = (
    AxisClaim("trap-01-strided-same-of-4",
              "'same' depends on the input's size: four cells at stride 2 are padded by (0, 1), "
              "where k // 2 on both sides gives [210, 432].",
              CONVOLUTIONS, (1, 2, 3, 4), _W, {"strides": 2, **_SAME}, (321, 43)),
    AxisClaim("trap-01-strided-same-of-5",
              "'same' depends on the input's size: five cells at stride 2 are padded by (1, 1).",
              CONVOLUTIONS, (1, 2, 3, 4, 5), _W, {"strides": 2, **_SAME}, (210, 432, 54)),
    AxisClaim("trap-02-even-kernel",
              "Under 'same' the odd cell of padding goes after the data, where padding first "
              "gives [10, 21, 32, 43].",
              CONVOLUTIONS, (1, 2, 3, 4), _V, _SAME, (21, 32, 43, 4)),
    AxisClaim("trap-03-stride-above-kernel",
              "A stride longer than the kernel never crops: the padding of -1 is clamped to 0.",
              CONVOLUTIONS, (1, 2, 3, 4, 5), (1,), {"strides": 3, **_SAME}, (1, 4)),
    AxisClaim("trap-04-causal-dilated",
              "'causal' puts the whole dilated reach, d (k - 1) cells, before the data.",
              CONV1D, (1, 2, 3, 4), _V, {"padding": "causal", "dilation_rate": 2},
              (10, 20, 31, 42)),
    AxisClaim("trap-04-causal-strided",
              "The stride of a causal convolution comes after its padding.",
              CONV1D, (1, 2, 3, 4), _V,
              {"padding": "causal", "dilation_rate": 2, "strides": 2}, (10, 31)),
    AxisClaim("trap-04-same-dilated",
              "'same' centres a dilated kernel, which 'causal' does not.",
              CONVOLUTIONS, (1, 2, 3, 4), _V, {"dilation_rate": 2, **_SAME}, (20, 31, 42, 3)),
    AxisClaim("trap-05-correlation",
              "A convolution layer correlates: the kernel is not flipped.",
              CONVOLUTIONS, (1, 2, 3, 4), _V, {}, (21, 32, 43)),
    AxisClaim("trap-05-convolution",
              "Under Theano's convention the kernel is flipped.",
              FLIPPABLE, (1, 2, 3, 4), _V, _THEANO, (12, 23, 34)),
    AxisClaim("trap-05-full-correlation",
              "'full' gives every place where a tap meets a cell, of a kernel that is not flipped.",
              CONVOLUTIONS, (1, 2, 3), _V, {"padding": "full"}, (10, 21, 32, 3)),
    AxisClaim("trap-05-full-convolution",
              "'full' under Theano's convention is numpy.convolve.",
              FLIPPABLE, (1, 2, 3), _V, {"padding": "full", **_THEANO}, (1, 12, 23, 30)),
    AxisClaim("trap-05-depthwise-is-never-flipped",
              "Depthwise kernels are not flipped, under Theano's convention neither.",
              DEPTHWISE, (1, 2, 3, 4), _V, _THEANO, (21, 32, 43)),
    AxisClaim("trap-14-strided-dilated-same",
              "With stride and dilation 'same' pads for the true stride, here by (1, 2); every "
              "other cell of stride 1 is [310, 531, 753, 75].",
              CONVOLUTIONS, (1, 2, 3, 4, 5, 6, 7, 8), _W,
              {"strides": 2, "dilation_rate": 2, **_SAME}, (420, 642, 864, 86)),
    AxisClaim("trap-19-even-same-of-theano",
              "Theano pads an even kernel on both sides, drops the last cell and convolves.",
              FLIPPABLE, (1, 2, 3, 4), _V, {**_SAME, **_THEANO}, (1, 12, 23, 34)),
    AxisClaim("trap-19-flipped-weights-are-not-enough",
              "Theano's weights, flipped, give another 'same' under TensorFlow's convention.",
              FLIPPABLE, (1, 2, 3, 4), (10, 1), _SAME, (12, 23, 34, 40)),
)
_TRANSPOSED = (
    AxisClaim("trap-06-adjoint",
              "A transposed convolution scatters the kernel as it is, where a flipped one starts "
              "with 100.",
              TRANSPOSED, (1, 2), _W, {"strides": 2}, (1, 10, 102, 20, 200)),
    AxisClaim("trap-07-stride-above-kernel",
              "The gaps between kernels are zero, and the last one counts: i s + max(k - s, 0) "
              "cells, not (i - 1) s + k.",
              TRANSPOSED, (1, 2), _V, {"strides": 3}, (1, 10, 0, 2, 20, 0)),
    AxisClaim("trap-08-same-odd",
              "A transposed 'same' crops half the surplus, rounded down, in front; a symmetric "
              "padding of 1 starts with 10.",
              TRANSPOSED, (1, 2), _W, {"strides": 2, **_SAME}, (1, 10, 102, 20)),
    AxisClaim("trap-08-same-even",
              "A transposed 'same' with four taps at stride 2 crops one cell on each side.",
              TRANSPOSED, (1, 2), (1, 10, 100, 1000), {"strides": 2, **_SAME},
              (10, 102, 1020, 200)),
    AxisClaim("trap-09-output-padding-0",
              "An output_padding of 0 asks for the smallest size, cropped by one cell in front.",
              TRANSPOSED, (1, 2), _W, {"strides": 2, "output_padding": 0, **_SAME},
              (10, 102, 20)),
    AxisClaim("trap-09-output-padding-1",
              "An output_padding of 1 is a cell less cropped in front, not a cell at the end.",
              TRANSPOSED, (1, 2), _W, {"strides": 2, "output_padding": 1, **_SAME},
              (1, 10, 102, 20)),
    AxisClaim("trap-17-valid-25",
              "Twelve cells at stride 2 may become 25, the smallest that 'valid' can undo.",
              TRANSPOSED, (1,) * 12, (1,) * 3, {"strides": 2, "output_size": 25},
              (1, 1, *(2, 1) * 11, 1)),
    AxisClaim("trap-17-valid-26",
              "Twelve cells at stride 2 may become 26, of which no tap reaches the last.",
              TRANSPOSED, (1,) * 12, (1,) * 3, {"strides": 2, "output_size": 26},
              (1, 1, *(2, 1) * 11, 1, 0)),
    AxisClaim("trap-17-same-23",
              "Twelve cells at stride 2 may become 23 under 'same', cropped by (1, 1).",
              TRANSPOSED, (1,) * 12, (1,) * 3, {"strides": 2, "output_size": 23, **_SAME},
              (*(1, 2) * 11, 1)),
    AxisClaim("trap-17-same-23-even",
              "With an even kernel 23 is legal under 'same', where the formula says 22.",
              TRANSPOSED, (1,) * 12, (1,) * 4, {"strides": 2, "output_size": 23, **_SAME},
              (1, *(2,) * 22)),
    AxisClaim("trap-17-same-24-even",
              "With an even kernel 24 is legal under 'same', and cropped by (1, 1).",
              TRANSPOSED, (1,) * 12, (1,) * 4, {"strides": 2, "output_size": 24, **_SAME},
              (1, *(2,) * 22, 1)),
)
# fmt: on


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for every trap that a backend can fall into; the numbers are fixed."""
    for claim in (*_CONVOLUTIONS, *_TRANSPOSED):
        yield from claim.cases()
    yield _dilated_reach()
    yield _gaps()
    yield from _separable()


def _dilated_reach() -> Case:
    return row_case(
        "trap-14-dilated-reach",
        "Three taps at dilation 2 reach over five cells, and leave 252 of 256.",
        row(
            "Conv1D",
            nested((3, 1, 1), _W),
            x=Ramp((1, 256, 1)),
            expected=Cells((1, 252, 1), (((0, 0, 0), 420), ((0, 251, 0), 251 + 2530 + 25500))),
            filters=1,
            kernel_size=3,
            dilation_rate=2,
            use_bias=False,
        ),
    )


def _gaps() -> Case:
    return row_case(
        "trap-07-gaps-hold-the-bias",
        "Cells of a transposed convolution that no tap reaches hold the bias, and are activated.",
        row(
            "Conv2DTranspose",
            nested((1, 2, 2, 1), (1, 2, 10, 20)),
            (5, -30),
            x=nested((1, 1, 2, 1), (1, 2)),
            expected=nested((1, 1, 6, 2), (6, 0, 15, 0, 5, 0, 7, 0, 25, 10, 5, 0)),
            filters=2,
            kernel_size=(1, 2),
            strides=(1, 3),
            activation="relu",
        ),
    )


def _separable() -> Iterator[Case]:
    # Depthwise [-1, -10], pointwise -1, bias -30 and relu: 21 - 30 becomes 0, 43 - 30 is 13.
    steps: tuple[tuple[str, dict[str, Any], tuple[int, ...]], ...] = (
        ("strides", {"strides": (2, 1)}, (0, 13)),
        ("padding", {"padding": "same"}, (0, 2, 13, 0)),
        ("dilation", {"dilation_rate": (2, 1)}, (1, 12)),
    )
    for name, arguments, expected in steps:
        found = row(
            "SeparableConv2D",
            nested((2, 1, 1, 1), (-1, -10)),
            nested((1, 1, 1, 1), (-1,)),
            (-30,),
            x=nested((1, 4, 1, 1), (1, 2, 3, 4)),
            expected=nested((1, -1, 1, 1), expected),
            filters=1,
            kernel_size=(2, 1),
            activation="relu",
            **arguments,
        )
        yield row_case(
            f"trap-21-separable-{name}",
            f"A separable convolution's {name} is the depthwise step's alone; bias and activation "
            "come once, after the pointwise step.",
            found,
        )
