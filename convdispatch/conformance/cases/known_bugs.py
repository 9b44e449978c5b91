"""The smallest cases of known faults of convolutions in Keras's backends and the frameworks.

They are numbered 1 to 46. Here are padding, dilation and grids; the others are in
`known_bugs_channels`, `known_bugs_transposed`, `known_bugs_transposed_axes` and
`known_bugs_types`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.layer_rows import Cells, Ramp, nested, ones, row, row_case
from convdispatch.conformance.cases.one_axis import CONVOLUTIONS, DEPTHWISE, FLIPPABLE, AxisClaim
from convdispatch.conformance.cases.values import forward_case
from convdispatch.geometry import CONVENTIONS
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Conv

_W, _V = (1, 10, 100), (1, 10)
_SAME = {"padding": "same"}
_THEANO = {"convention": "theano"}

# fmt: off
_AXIS_CLAIMS = (
    AxisClaim("bug-12-strided-same",
              "A strided 'same' pads by the input's size (keras#9473, keras#9629, keras#5652).",
              FLIPPABLE, (1, 2, 3, 4), _W, {"strides": 2, **_SAME}, (321, 43)),
    AxisClaim("bug-12-strided-same-of-theano",
              "Theano's strided 'same' pads by k // 2, whatever the size (keras#9473).",
              FLIPPABLE, (1, 2, 3, 4), (100, 10, 1), {"strides": 2, **_SAME, **_THEANO},
              (210, 432)),
    AxisClaim("bug-13-even-depthwise-same",
              "An even depthwise kernel keeps four cells under 'same', where Theano's backend "
              "gave five (keras#13842, keras#13849).",
              DEPTHWISE, (1, 2, 3, 4), _V, _SAME, (21, 32, 43, 4)),
    AxisClaim("bug-13-even-depthwise-same-of-theano",
              "Theano's even depthwise 'same' pads in front, and keeps the size (keras#13842).",
              DEPTHWISE, (1, 2, 3, 4), _V, {**_SAME, **_THEANO}, (10, 21, 32, 43)),
    AxisClaim("bug-14-strided-depthwise-same",
              "A strided depthwise 'same' pads by the input's size, which is why NASNet and "
              "MobileNetV2 diverged (keras#10672).",
              DEPTHWISE, (1, 2, 3, 4), _W, {"strides": 2, **_SAME}, (321, 43)),
    AxisClaim("bug-14-strided-depthwise-same-of-theano",
              "Theano's strided depthwise 'same' pads by k // 2 (keras#10672).",
              DEPTHWISE, (1, 2, 3, 4), _W, {"strides": 2, **_SAME, **_THEANO}, (210, 432)),
    AxisClaim("bug-15-impulse",
              "One cell of 1 gives the kernel backwards, as a correlation does (keras#3015).",
              CONVOLUTIONS, (0, 0, 1, 0, 0), (1, 2, 3), _SAME, (0, 3, 2, 1, 0)),
    AxisClaim("bug-15-impulse-of-theano",
              "One cell of 1 gives the kernel itself under Theano's convention (keras#3015).",
              FLIPPABLE, (0, 0, 1, 0, 0), (1, 2, 3), {**_SAME, **_THEANO}, (0, 1, 2, 3, 0)),
    AxisClaim("bug-22-strided-dilated-same",
              "Stride and dilation pad for the true stride; 'same' at stride 1, then every other "
              "cell, starts with 310 (keras#23027).",
              DEPTHWISE, (1, 2, 3, 4, 5, 6, 7, 8), _W,
              {"strides": 2, "dilation_rate": 2, **_SAME}, (420, 642, 864, 86)),
    AxisClaim("bug-26-strided-and-dilated",
              "Stride and dilation may be combined, which Theano allowed and TensorFlow did not "
              "(keras#3183).",
              CONVOLUTIONS, (1, 2, 3, 4, 5, 6, 7), _V, {"strides": 3, "dilation_rate": 2},
              (31, 64)),
    AxisClaim("bug-42-dilated-depthwise",
              "A dilated depthwise kernel reads cells that are apart; CNTK's backend took the "
              "dilation for a stride.",
              DEPTHWISE, (1, 2, 3, 4, 5), _V, {"dilation_rate": 2}, (31, 42, 53)),
)
_ROWS = (
    ("bug-21-strides-and-unequal-dilation",
     "14 x 14 cells at stride 2 give 7 x 7 under 'same', whatever the dilation of each axis, "
     "where 8 x 7 was seen (keras#16314, tensorflow#31514).",
     # Rows are padded by (2, 3) and columns by (0, 1): the taps that meet cells, multiplied.
     row("DepthwiseConv2D", ones(3, 3, 2, 1), x=ones(1, 14, 14, 2),
         expected=nested((1, 7, 7, 2), [rows * columns for rows in (2, 3, 3, 3, 3, 2, 2)
                                        for columns in (3, 3, 3, 3, 3, 3, 2) for _ in range(2)]),
         kernel_size=3, strides=2, dilation_rate=(3, 1), padding="same", use_bias=False)),
    ("bug-25-dilated-ones",
     "Dilation is not ignored: 3 x 3 ones at dilation 2 leave 3 x 3 of 7 x 7 cells "
     "(tensorflow#18454).",
     # Nine cells, two apart, around each of the nine in the middle.
     row("Conv2D", ones(3, 3, 1, 1), x=Ramp((1, 7, 7, 1)),
         expected=nested((1, 3, 3, 1), [9 * (7 * y + x) for y in (2, 3, 4) for x in (2, 3, 4)]),
         filters=1, kernel_size=3, dilation_rate=2, use_bias=False)),
    ("bug-26-unequal-rates-while-striding",
     "Dilation rates may differ by axis while the layer strides (keras#3183).",
     row("Conv2D", nested((2, 2, 1, 1), (1, 10, 100, 1000)),
         x=nested((1, 4, 3, 1), (1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 1, 1)),
         expected=nested((1, 2, 1, 1), (6431, 1197)),
         filters=1, kernel_size=2, strides=(2, 1), dilation_rate=(1, 2), use_bias=False)),
    ("bug-26-all-taps-in-the-padding",
     "Two taps 280 apart around 100 cells read zeros, and the bias is left (keras#5529).",
     row("Conv1D", ones(2, 1, 1), (7,), x=ones(1, 100, 1), expected=Ramp((1, 100, 1), 7, 0),
         filters=1, kernel_size=2, dilation_rate=280, padding="same")),
    *((f"bug-38-bilinear-by-{factor}",
       "Bilinear upsampling samples between cell centres, by any factor (keras#10994, "
       "pytorch#10604).",
       row("UpSampling2D", x=nested((1, 1, 2, 1), (0, 1)),
           expected=nested((1, 1, -1, 1), numbers), size=(1, factor), interpolation="bilinear"))
      for factor, numbers in ((2, (0, 0.25, 0.75, 1)), (3, (0, 0, 1 / 3, 2 / 3, 1, 1)))),
)
# fmt: on


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for every known fault of this kind; `seed` draws the numbers of long sums."""
    for along in _AXIS_CLAIMS:
        yield from along.cases()
    yield _long_sum(seed)
    for slug, claim, found in _ROWS:
        yield row_case(slug, claim, found)
    yield from _asymmetric_same()
    yield from _even_same()


def _long_sum(seed: int) -> Case:
    op = Conv(
        strides=(1, 1),
        pads=((4, 5), (6, 6)),
        dilation=(3, 2),
        groups=1,
        channels_last=True,
        bias=False,
        activation="linear",
    )
    problem = Problem(
        op=op, input_shape=(1, 12, 13, 128), weight_shapes=((4, 7, 128, 2),), seed=seed
    )
    return forward_case(
        "core",
        "bug-16-long-sum",
        problem,
        "A float32 sum of 28 * 128 products is as good as its bound, which grows with their "
        "number (keras#20804, keras#20867).",
    )


def _asymmetric_same() -> Iterator[Case]:
    claim = (
        "'same' pads the two sides differently where it must (pytorch#67551, keras#19291): ones "
        "count the taps that meet a cell."
    )
    for taps, size, met in ((7, 8, (5, 7, 6, 4)), (3, 4, (3, 2))):
        for layout in ("last", "first"):
            sides = (1, size, size, 1) if layout == "last" else (1, 1, size, size)
            left = (1, -1, len(met), 1) if layout == "last" else (1, 1, -1, len(met))
            found = row(
                "Conv2D",
                ones(taps, taps, 1, 1),
                x=ones(*sides),
                expected=nested(left, [rows * columns for rows in met for columns in met]),
                filters=1,
                kernel_size=taps,
                strides=2,
                padding="same",
                data_format=f"channels_{layout}",
                use_bias=False,
            )
            yield row_case(f"bug-28-asymmetric-same-of-{taps}-taps-{layout}", claim, found)


def _even_same() -> Iterator[Case]:
    claim = "'same' keeps the size under an even kernel (Theano#2126, keras#1092)."
    for (size, taps), convention in product(((32, 6), (28, 2)), CONVENTIONS):
        low = (taps - 1) // 2 if convention == "tensorflow" else taps // 2
        # Of the kernel at the first cell, `low` taps are in front of the data on each axis.
        corners = (((0, 0, 0, 0), (taps - low) ** 2), ((0, size - 1, size - 1, 0), (low + 1) ** 2))
        found = row(
            "Conv2D",
            ones(taps, taps, 1, 1),
            x=ones(1, size, size, 1),
            expected=Cells((1, size, size, 1), corners),
            filters=1,
            kernel_size=taps,
            padding="same",
            convention=convention,
            use_bias=False,
        )
        yield row_case(f"bug-40-even-same-of-{taps}-taps-{convention}", claim, found)
