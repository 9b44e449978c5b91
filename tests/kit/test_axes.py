"""The axes of ops that move a window, against a count of all places by hand and by brute force."""

import itertools

import pytest

from convdispatch import kit
from convdispatch.kit import Axis
from convdispatch.ops import Conv, ConvTranspose, Pool, Signature

FIELDS = {"groups": 1, "channels_last": True, "bias": False, "activation": "linear"}

# size, taps, stride, dilation, (low, high): count, unread
BY_HAND = [
    (5, 3, 1, 1, (0, 0), 3, 0),
    (5, 3, 2, 1, (0, 1), 2, 1),
    (6, 3, 2, 1, (0, 0), 2, 1),
    (6, 2, 1, 4, (0, 0), 2, 0),
    (4, 3, 3, 1, (1, 1), 2, 0),
    (7, 3, 2, 2, (-1, 0), 1, 1),
    (3, 1, 5, 1, (0, 0), 1, 2),
]


@pytest.mark.parametrize(("size", "taps", "stride", "dilation", "pads", "count", "unread"), BY_HAND)
def test_a_convolutions_axis_counts_its_places(size, taps, stride, dilation, pads, count, unread):
    """The table was made by hand."""
    (axis,) = kit.axes(*convolution(size, taps, stride, dilation, pads))
    low, high = pads
    assert axis == Axis(
        size=size, count=count, taps=taps, stride=stride, dilation=dilation, low=low, high=high
    )
    assert axis.unread == unread
    assert axis.fitted == (low, high - unread)


SPACE = itertools.product(range(1, 6), range(1, 4), range(1, 4), range(1, 3), range(-1, 3), (-1, 2))


def test_the_places_are_those_at_which_the_window_fits():
    """Every place is tried, and every cell is marked that a tap reads."""
    tried = 0
    for size, taps, stride, dilation, low, high in SPACE:
        cells = low + size + high
        reach = (taps - 1) * dilation + 1
        places = [start for start in range(0, cells, stride) if start + reach <= cells]
        if not places:
            continue
        (axis,) = kit.axes(*convolution(size, taps, stride, dilation, (low, high)))
        read = [start + tap * dilation for start in places for tap in range(taps)]
        found = (axis.count, axis.reach, axis.span, axis.unread)
        assert found == (len(places), reach, max(read) + 1, cells - max(read) - 1)
        assert sum(axis.fitted) + size == max(read) + 1
        tried += 1
    assert tried > 500


def test_a_transposed_convolution_has_the_axes_of_the_convolution():
    """It reads what that one writes; `fitted` is what it cuts off of all cells that taps reach."""
    op = ConvTranspose(
        strides=(2, 1), pads=((1, 1), (0, 0)), dilation=(1, 2), output_size=(6, 7), **FIELDS
    )
    signature = Signature(input_shape=(3, 3, 1), weight_shapes=((3, 3, 1, 1),), dtype="float32")
    rows, columns = kit.axes(op, signature)
    assert (rows.size, rows.count, rows.span, rows.fitted) == (6, 3, 7, (1, 0))
    assert (columns.size, columns.count, columns.span, columns.fitted) == (7, 3, 7, (0, 0))
    # 3 cells, 2 apart, are 5; with 1 and 2 around them a kernel of 3 taps has 6 places.
    assert (rows.turned, columns.turned) == ((1, 2), (4, 4))


def test_a_pooling_has_axes_without_dilation():
    """Channels first, too."""
    op = Pool(
        kind="max", size=(3,), strides=(2,), pads=((1, 0),), counts_pads=False, channels_last=False
    )
    (axis,) = kit.axes(op, Signature(input_shape=(4, 8), weight_shapes=(), dtype="float32"))
    assert axis == Axis(size=8, count=4, taps=3, stride=2, dilation=1, low=1, high=0)


def convolution(size, taps, stride, dilation, pads):
    """Return an op over one axis and its signature."""
    op = Conv(strides=(stride,), pads=(pads,), dilation=(dilation,), **FIELDS)
    shapes = ((taps, 1, 1),)
    return op, Signature(input_shape=(size, 1), weight_shapes=shapes, dtype="float32")
