"""Known faults of transposed convolutions along one axis; numbered as in `known_bugs`."""

from __future__ import annotations

from collections.abc import Iterator

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.one_axis import TRANSPOSED, AxisClaim

_W, _V = (1, 10, 100), (1, 10)
_EVEN = (1, 10, 100, 1000)
_SAME = {"padding": "same"}
_STRIDED = {"strides": 2, **_SAME}
_THEANO = {"convention": "theano"}
_FOUR = (1, 2, 3, 4)

# fmt: off
_AXIS_CLAIMS = (
    AxisClaim("bug-01-strided-same-of-3-taps",
              "A strided transposed 'same' is not shifted by a cell, as torch's was with the "
              "right shape (keras#22876).",
              TRANSPOSED, (1, 2), _W, _STRIDED, (1, 10, 102, 20)),
    AxisClaim("bug-01-strided-same-of-5-taps",
              "A strided transposed 'same' crops five taps by (1, 2) (keras#22876).",
              TRANSPOSED, (1, 2), (1, 10, 100, 1000, 10000), _STRIDED, (10, 102, 1020, 10200)),
    AxisClaim("bug-02-output-padding-is-keras-own",
              "An output_padding of 1 moves the crop in front, where torch adds a cell at the end "
              "(keras-core#774, keras-core#811).",
              TRANSPOSED, _FOUR, _W, {"output_padding": 1, **_STRIDED},
              (1, 10, 102, 20, 203, 30, 304, 40)),
    AxisClaim("bug-04-one-tap-at-stride-2",
              "A stride above the kernel leaves zeros, which torch refused as a negative padding "
              "(keras-core#488).",
              TRANSPOSED, (1, 2), (3,), _STRIDED, (3, 0, 6, 0)),
    AxisClaim("bug-04-two-taps-at-stride-3",
              "A stride above the kernel leaves zeros at the end as well (keras-core#488).",
              TRANSPOSED, (1, 2), _V, {"strides": 3, **_SAME}, (1, 10, 0, 2, 20, 0)),
    AxisClaim("bug-05-output-padding-of-0",
              "An output_padding of 0 gives seven cells of four, not eight (tensorflow#50168).",
              TRANSPOSED, _FOUR, _W, {"output_padding": 0, **_STRIDED},
              (10, 102, 20, 203, 30, 304, 40)),
    AxisClaim("bug-05-no-output-padding",
              "No output_padding gives eight cells of four, as 'same' does (keras#14158).",
              TRANSPOSED, _FOUR, _W, {"output_padding": None, **_STRIDED},
              (1, 10, 102, 20, 203, 30, 304, 40)),
    AxisClaim("bug-06-even-output-padding-of-the-stride",
              "With an even kernel i s cells need an output_padding of s (keras#13231).",
              TRANSPOSED, (1, 2), _EVEN, {"output_padding": 2, **_STRIDED},
              (10, 102, 1020, 200)),
    AxisClaim("bug-06-even-output-padding-of-one",
              "With an even kernel an output_padding of 1 is the smallest (keras#13231).",
              TRANSPOSED, (1, 2), _EVEN, {"output_padding": 1, **_STRIDED}, (10, 102, 1020)),
    AxisClaim("bug-09-dilation-has-an-effect",
              "Transposed taps are apart where the kernel is dilated (tensorflow#21598).",
              TRANSPOSED, (1, 2), _V, {"dilation_rate": 2}, (1, 2, 10, 20)),
    AxisClaim("bug-10-dilated-same",
              "Transposed kernels dilate on CPUs, here cropped by (1, 1) from "
              "[1, 2, 13, 20, 30] (keras#19870, tensorflow#69103).",
              TRANSPOSED, (1, 2, 3), _V, {"dilation_rate": 2, **_SAME}, (2, 13, 20)),
    AxisClaim("bug-11-strided-and-dilated",
              "Transposed strides and dilation may be combined (keras#16086).",
              TRANSPOSED, (1, 2), _W, {"dilation_rate": 2, **_STRIDED}, (0, 12, 0, 120)),
    AxisClaim("bug-39-crop-of-theano-odd",
              "Theano crops k // 2 cells in front of a transposed 'same' (Theano#5267).",
              TRANSPOSED, (1, 2), (100, 10, 1), {**_STRIDED, **_THEANO}, (10, 102, 20, 200)),
    AxisClaim("bug-39-crop-of-theano-even",
              "Theano crops k // 2 cells in front of a transposed 'same' (Theano#5267).",
              TRANSPOSED, (1, 2), (1000, 100, 10, 1), {**_STRIDED, **_THEANO},
              (102, 1020, 200, 2000)),
    AxisClaim("bug-39-declared-size",
              "The result has the size that the layer declares: 7 cells become 14 by four taps "
              "at stride 2 (keras#6384).",
              TRANSPOSED, (1,) * 7, (1,) * 4, {"output_size": 14, **_STRIDED},
              (1, *(2,) * 12, 1)),
    AxisClaim("bug-44-pointwise",
              "A transposed convolution of one tap multiplies (keras#16512).",
              TRANSPOSED, (1, 2), (3,), _SAME, (3, 6)),
)
# fmt: on


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for every known fault of this kind; the numbers are fixed."""
    for claim in _AXIS_CLAIMS:
        yield from claim.cases()
