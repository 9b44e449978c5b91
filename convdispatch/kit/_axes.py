"""The spatial axes of an op that moves a window: integers, settled before any number."""

from __future__ import annotations

from dataclasses import dataclass

from convdispatch.kit._layouts import spatial_size
from convdispatch.ops import Conv, ConvTranspose, Pool, Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis of a convolution, of the one that is transposed, or of a pooling.

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
        """How many cells the window spans."""
        return (self.taps - 1) * self.dilation + 1

    @property
    def span(self) -> int:
        """How many cells, pads included, lie between the first and the last that a window has."""
        return (self.count - 1) * self.stride + self.reach

    @property
    def unread(self) -> int:
        """How many cells, pads included, are left over at the end."""
        return self.low + self.size + self.high - self.span

    @property
    def fitted(self) -> tuple[int, int]:
        """The pads (low, high) with which no cell is left over at the end.

        They are also what a transposed convolution cuts off, at either end, of all the cells that
        its taps reach; a negative number adds cells.
        """
        return self.low, self.high - self.unread

    @property
    def turned(self) -> tuple[int, int]:
        """The pads (low, high) with which a convolution computes the transposed one.

        That has stride 1 and the kernel run backwards, over cells that lie `stride` apart; a
        negative number crops.
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
