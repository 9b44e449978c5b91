"""The spatial axes of an op that moves a window, as integers that are known before any call."""

from __future__ import annotations

from dataclasses import dataclass

from convdispatch.kit._layouts import spatial_size
from convdispatch.ops import Conv, ConvTranspose, Pool, Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis of a convolution, of a transposed convolution, or of a pooling.

    The window has `count` places over `size` cells. A convolution and a pooling read the cells and
    write the places; a transposed convolution reads the places and writes the cells.
    """

    size: int
    count: int
    taps: int
    stride: int
    dilation: int
    low: int  # pads; a negative number crops
    high: int

    @property
    def reach(self) -> int:
        """Return how many cells the window spans."""
        return (self.taps - 1) * self.dilation + 1

    @property
    def span(self) -> int:
        """Return how many cells, with pads, lie from the first to the last in any window."""
        return (self.count - 1) * self.stride + self.reach

    @property
    def unread(self) -> int:
        """Return how many cells, pads included, stay unread at the end."""
        return self.low + self.size + self.high - self.span

    @property
    def fitted(self) -> tuple[int, int]:
        """Return the pads (low, high) with which no cell stays unread at the end.

        A transposed convolution removes as many cells at either end from those that its taps reach;
        a negative number adds cells.
        """
        return self.low, self.high - self.unread

    @property
    def turned(self) -> tuple[int, int]:
        """Return the pads (low, high) with which a convolution computes the transposed one.

        That convolution has stride 1 and the reversed kernel, over cells `stride` apart; a negative
        number crops.
        """
        low, high = self.fitted
        return self.reach - 1 - low, self.reach - 1 - high


def axes(op: Conv | ConvTranspose | Pool, signature: Signature) -> tuple[Axis, ...]:
    """Return the op's spatial axes.

    >>> op = Conv(strides=(2,), pads=((0, 1),), dilation=(1,), groups=1, channels_last=True,
    ...           bias=False, activation="linear")
    >>> signature = Signature(input_shape=(5, 1), weight_shapes=((3, 1, 1),), dtype="float32")
    >>> (axis,) = axes(op, signature)
    >>> axis.count, axis.unread, axis.fitted
    (2, 1, (0, 0))
    """
    read = spatial_size(op, signature)
    if isinstance(op, Pool):
        sizes, taps, dilation = read, op.size, (1,) * len(read)
    else:
        sizes = op.output_size if isinstance(op, ConvTranspose) else read
        taps, dilation = signature.weight_shapes[0][:-2], op.dilation
    found = []
    for size, tap_count, stride, rate, (low, high) in zip(
        sizes, taps, op.strides, dilation, op.pads, strict=True
    ):
        count = (low + size + high - (tap_count - 1) * rate - 1) // stride + 1
        found.append(
            Axis(
                size=size,
                count=count,
                taps=tap_count,
                stride=stride,
                dilation=rate,
                low=low,
                high=high,
            )
        )
    return tuple(found)
