"""Find the taps of a kernel that read the image, and reduce a convolution to them.

No arrays and no backends: every function maps ints to ints, one spatial axis at a time. A
convolution reads `size` cells and writes `count`; its transpose reads the latter and writes the
former, by the same taps.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReducedAxis:
    """One spatial axis of a convolution: its resolved numbers and the taps of its kernel in use."""

    stride: int
    pads: tuple[int, int]
    dilation: int
    taps: range  # without gaps
    is_read: bool  # whether any tap reads the image at all

    def span(self, count: int) -> int:
        """Cells from the first that is read to the last, pads included, both included."""
        return (count - 1) * self.stride + (len(self.taps) - 1) * self.dilation + 1


def output_count(size: int, taps: int, *, stride: int, dilation: int, pads: tuple[int, int]) -> int:
    """Return how many times the kernel fits.

    >>> output_count(4, 3, stride=2, dilation=1, pads=(0, 1))
    2
    """
    return (size + sum(pads) - (taps - 1) * dilation - 1) // stride + 1


def reduced(
    size: int, taps: int, *, stride: int, dilation: int, pads: tuple[int, int]
) -> ReducedAxis:
    """Return an axis with the same result that has no larger numbers than it needs.

    Taps before the first and after the last that reads a cell of the image are dropped, a single
    placement needs no stride, and a single tap no dilation.

    >>> reduced(4, 3, stride=1, dilation=10**6, pads=(10**6, 10**6))
    ReducedAxis(stride=1, pads=(0, 0), dilation=1, taps=range(1, 2), is_read=True)
    """
    count = output_count(size, taps, stride=stride, dilation=dilation, pads=pads)
    low = pads[0]
    read = _reading(size, taps, count, stride=stride, dilation=dilation, low=low)
    if not read:
        # One tap that reads only pads, next to one cell of the image, which the stride skips.
        low, high = 2 * count - 1, 1 - size
        return ReducedAxis(stride=2, pads=(low, high), dilation=1, taps=range(1), is_read=False)
    step = stride if count > 1 else 1
    rate = dilation if len(read) > 1 else 1
    axis = ReducedAxis(stride=step, pads=pads, dilation=rate, taps=read, is_read=True)
    if len(read) == taps and (step, rate) == (stride, dilation):
        return axis
    low -= dilation * read.start
    fitting = (low, axis.span(count) - size - low)
    return ReducedAxis(stride=step, pads=fitting, dilation=rate, taps=read, is_read=True)


def _reading(size: int, taps: int, count: int, *, stride: int, dilation: int, low: int) -> range:
    """Return the taps from the first to the last that reads a cell of the image.

    Placement i of tap j reads cell `stride * i + dilation * j - low`.
    """
    first = max(-((stride * (count - 1) - low) // dilation), 0)
    last = min((low + size - 1) // dilation, taps - 1)
    found = range(first, last + 1)
    if size >= stride:
        return found

    def is_read(tap: int) -> bool:  # and does not fall between two placements
        return (dilation * tap - low) % stride < size

    start = next((tap for tap in found if is_read(tap)), None)
    stop = next((tap for tap in reversed(found) if is_read(tap)), None)
    return range(0) if start is None or stop is None else range(start, stop + 1)
