"""Known faults of channels first, groups and depthwise layers; numbered as in `known_bugs`."""

from __future__ import annotations

from collections.abc import Iterator

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.layer_rows import Cells, Ramp, nested, ones, row, row_case

_X = Ramp((2, 3, 10, 10))
# Of these cells the first window of each output of a depthwise kernel that counts up as well, by
# hand: 0 * 0 + 1 * 6 + 10 * 12 + 11 * 18 = 324, and so on.
_COUNTED = Ramp((2, 2, 3, 2))
_WINDOW = (324, 346, 4768, 5190, 10812, 11634)
_TWO_CHANNELS = Ramp((1, 2, 4, 2), 1)  # 1, 3, 5, 7 in the first row, and 2, 4, 6, 8 behind them
_THREE = nested((1, 3), (1, 2, 3))

# fmt: off
_ROWS = (
    ("bug-17-conv2d-first",
     "A convolution takes channels first on CPUs, too (keras#20414, keras#23650).",
     row("Conv2D", ones(2, 2, 3, 2), (1, 1), x=_X,
         expected=Cells((2, 2, 9, 9), (((0, 0, 0, 0), 3 * (0 + 1 + 10 + 11) + 4 * 300 + 1),
                                       ((1, 1, 8, 8), 3 * (88 + 89 + 98 + 99) + 4 * 1200 + 1))),
         filters=2, kernel_size=2, data_format="channels_first")),
    ("bug-17-conv1d-first",
     "A convolution along one axis takes channels first on CPUs, too (keras#20414).",
     row("Conv1D", nested((2, 2, 1), (1, 2, 3, 4)), x=nested((1, 2, 3), (1, 2, 3, 10, 20, 30)),
         expected=nested((1, 1, 2), (1 + 20 + 6 + 80, 2 + 40 + 9 + 120)),
         filters=1, kernel_size=2, data_format="channels_first", use_bias=False)),
    *((f"bug-18-conv3d-first-groups-{groups}",
       "Volumes may have their channels first on CPUs, in groups or not (keras#19591).",
       row("Conv3D", ones(2, 2, 2, 2 // groups, 2), x=ones(1, 2, 3, 3, 3),
           expected=Ramp((1, 2, 2, 2, 2), 16 // groups, 0),
           filters=2, kernel_size=2, groups=groups, data_format="channels_first", use_bias=False))
      for groups in (1, 2)),
    ("bug-19-depthwise-first",
     "A depthwise convolution takes channels first on CPUs, too (keras#23031).",
     row("DepthwiseConv2D", _COUNTED, x=_X,
         expected=Cells((2, 6, 9, 9), tuple(((0, c, 0, 0), n) for c, n in enumerate(_WINDOW))),
         kernel_size=2, depth_multiplier=2, data_format="channels_first", use_bias=False)),
    ("bug-19-separable-first",
     "A separable convolution takes channels first on CPUs, too (keras#23031).",
     row("SeparableConv2D", _COUNTED, ones(1, 1, 6, 1), x=_X,
         expected=Cells((2, 1, 9, 9), (((0, 0, 0, 0), sum(_WINDOW)),)),
         filters=1, kernel_size=2, depth_multiplier=2, data_format="channels_first",
         use_bias=False)),
    ("bug-23-a-channel-a-group",
     "Groups of one channel convolve on CPUs (tensorflow#29005, tensorflow#51825).",
     row("Conv2D", ((_THREE,) * 3,) * 3, x=nested((1, 4, 4, 3), (1, 10, 100) * 16),
         expected=nested((1, 2, 2, 3), (9, 180, 2700) * 4),
         filters=3, kernel_size=3, groups=3, use_bias=False)),
    ("bug-24-depthwise",
     "The strides of a depthwise convolution need not be equal (tensorflow#53055).",
     row("DepthwiseConv2D", nested((1, 2, 2, 1), (1, 2, 10, 20)), x=_TWO_CHANNELS,
         expected=nested((1, 2, 2, 2), (31, 84, 75, 172, 119, 260, 163, 348)),
         kernel_size=(1, 2), strides=(1, 2), use_bias=False)),
    ("bug-24-separable",
     "The strides of a separable convolution need not be equal (tensorflow#53055).",
     row("SeparableConv2D", nested((1, 2, 2, 1), (1, 2, 10, 20)), ones(1, 1, 2, 1),
         x=_TWO_CHANNELS, expected=nested((1, 2, 2, 1), (115, 247, 379, 511)),
         filters=1, kernel_size=(1, 2), strides=(1, 2), use_bias=False)),
)
# fmt: on


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for every known fault of this kind; the numbers are fixed."""
    for slug, claim, found in _ROWS:
        yield row_case(slug, claim, found)
