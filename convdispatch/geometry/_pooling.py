"""Integer arithmetic for pooling: windows along one axis, under both conventions."""

from __future__ import annotations

from convdispatch.geometry._convolutions import Pads, conv_output_size, conv_pads


def pool_output_size(size: int | None, window: int, *, stride: int, padding: str) -> int | None:
    """Return how many windows there are over `size` cells; both conventions agree.

    >>> pool_output_size(5, 2, stride=2, padding="valid")
    2
    >>> pool_output_size(5, 2, stride=2, padding="same")
    3
    """
    return conv_output_size(size, window, stride=stride, dilation=1, padding=padding)


def pool_pads_need_size(window: int, *, stride: int, padding: str, convention: str) -> bool:
    """Return whether `pool_pads` differ between two sizes.

    >>> pool_pads_need_size(2, stride=2, padding="same", convention="tensorflow")
    True
    """
    is_cut = window > 1 or convention == "theano"
    return padding == "same" and stride > 1 and is_cut


def pool_pads(size: int, window: int, *, stride: int, padding: str, convention: str) -> Pads:
    """Return the cells to add (low, high) around `size` cells; a negative number crops.

    >>> pool_pads(4, 2, stride=2, padding="same", convention="tensorflow")
    (0, 0)
    >>> pool_pads(4, 2, stride=2, padding="same", convention="theano")
    (1, -1)
    """
    if padding == "valid" or convention != "theano":
        return conv_pads(
            size, window, stride=stride, dilation=1, padding=padding, convention=convention
        )
    # Keras on Theano pads both sides by this many cells and keeps the first ceil(size / stride)
    # windows, so a cell at the end may be in no window. (Keras 1.2.2, 2.2.4: `pool2d`.)
    low = window - 2 if window > 2 and window % 2 else window - 1
    reached = (-(-size // stride) - 1) * stride + window
    return (low, reached - low - size)
