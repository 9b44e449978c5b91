"""The taps that read the image are found by their definition, for every small geometry."""

from __future__ import annotations

import itertools

import pytest

from convdispatch.geometry import taps

Meetings = set[tuple[int, int, int]]


def meetings(
    size: int, kernel: range, count: int, *, stride: int, dilation: int, low: int
) -> Meetings:
    """Return each (placement, tap, cell) in which a tap reads the image."""
    return {
        (placement, tap, cell)
        for placement in range(count)
        for place, tap in enumerate(kernel)
        if 0 <= (cell := stride * placement + dilation * place - low) < size
    }


@pytest.mark.parametrize("size", range(1, 6))
def test_a_resolved_axis_reads_the_same_cells_by_the_taps_that_read_any(size: int) -> None:
    """All strides to 7, dilations to 6, kernels to 4 taps, pads from -2 to 8."""
    checked = 0
    for length, stride, dilation in itertools.product(range(1, 5), range(1, 8), range(1, 7)):
        for low, high in itertools.product(range(-2, 9), repeat=2):
            count = (size + low + high - (length - 1) * dilation - 1) // stride + 1
            if count < 1 or size + min(low, 0) + min(high, 0) < 1:
                continue
            axis = taps.reduced(size, length, stride=stride, dilation=dilation, pads=(low, high))
            want = meetings(size, range(length), count, stride=stride, dilation=dilation, low=low)
            read = sorted({tap for _, tap, _ in want})
            now = {"stride": axis.stride, "dilation": axis.dilation}
            got = meetings(size, axis.taps, count, **now, low=axis.pads[0])
            assert got == want
            assert axis.is_read == bool(read)
            assert not read or (axis.taps[0], axis.taps[-1]) == (read[0], read[-1])
            assert taps.output_count(size, len(axis.taps), **now, pads=axis.pads) == count
            checked += 1
    assert checked > 9_000


BEYOND = 2**62


@pytest.mark.parametrize(
    ("size", "length", "stride", "dilation", "pads", "kept"),
    [
        (4, 3, 1, BEYOND, (BEYOND, BEYOND), range(1, 2)),  # 'same'
        (4, 3, 1, BEYOND, (2 * BEYOND, 0), range(2, 3)),  # 'causal'
        (4, 3, BEYOND, 1, (0, 0), range(3)),  # a stride over the image
        (4, 2, 1, BEYOND, (BEYOND // 2, BEYOND // 2), range(1)),  # no tap reads
        (4, 2**31, 1, 1, (2**31 - 1, 0), range(2**31 - 4, 2**31)),
    ],
)
def test_no_number_is_too_large_to_be_resolved(
    size: int, length: int, stride: int, dilation: int, pads: tuple[int, int], kept: range
) -> None:
    """The reduced axis has only numbers of the image's size, and is found at once."""
    axis = taps.reduced(size, length, stride=stride, dilation=dilation, pads=pads)
    assert axis.taps == kept
    assert max(axis.stride, axis.dilation, *map(abs, axis.pads)) <= 2 * size
