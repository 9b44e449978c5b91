"""The spatial axes of an op that moves a window, as integers that are known before any call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from convdispatch.kit._layouts import partial_size, spatial_size
from convdispatch.ops import Conv, ConvTranspose, PartialShape, Pool, Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The window of an op along one axis, whose size may be unknown."""

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
    def fitted(self) -> tuple[int, int]:
        """Return the pads (low, high), with which only a stride may leave cells unread at the end.

        A transposed convolution of an unknown size leaves none.
        """
        return self.low, self.high

    @property
    def turned(self) -> tuple[int, int]:
        """Return the pads (low, high) with which a convolution computes the transposed one.

        That convolution has stride 1 and the reversed kernel, over cells `stride` apart; a negative
        number crops.
        """
        low, high = self.fitted
        return self.reach - 1 - low, self.reach - 1 - high


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis(Window):
    """One axis of a convolution, of a transposed convolution, or of a pooling.

    The window has `count` places over `size` cells. A convolution and a pooling read the cells and
    write the places; a transposed convolution reads the places and writes the cells.
    """

    size: int
    count: int

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


def axes(op: Conv | ConvTranspose | Pool, signature: Signature) -> tuple[Axis, ...]:
    """Return the op's spatial axes; raise `UnsupportedOp` if the size of one is unknown.

    >>> op = Conv(strides=(2,), pads=((0, 1),), dilation=(1,), groups=1, channels_last=True,
    ...           bias=False, activation="linear")
    >>> signature = Signature(input_shape=(5, 1), weight_shapes=((3, 1, 1),), dtype="float32")
    >>> (axis,) = axes(op, signature)
    >>> axis.count, axis.unread, axis.fitted
    (2, 1, (0, 0))
    """
    spatial_size(op, signature)
    return tuple(axis for axis in windows(op, signature) if isinstance(axis, Axis))


def windows(op: Conv | ConvTranspose | Pool, signature: Signature) -> tuple[Window, ...]:
    """Return the window along each spatial axis: an `Axis` where its size is known."""
    sizes: PartialShape = partial_size(op, signature)
    dilation: Sequence[int]
    if isinstance(op, Pool):
        taps, dilation = op.size, (1,) * len(sizes)
    else:
        sizes = op.output_size if isinstance(op, ConvTranspose) else sizes
        taps, dilation = signature.weight_shapes[0][:-2], op.dilation
    return tuple(map(_window, sizes, taps, op.strides, dilation, op.pads))


def _window(
    size: int | None, taps: int, stride: int, dilation: int, pads: tuple[int, int]
) -> Window:
    low, high = pads
    window = Window(taps=taps, stride=stride, dilation=dilation, low=low, high=high)
    if size is None:
        return window
    count = (low + size + high - window.reach) // stride + 1
    return Axis(
        size=size, count=count, taps=taps, stride=stride, dilation=dilation, low=low, high=high
    )
