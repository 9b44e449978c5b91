"""Moving cells about: zeros around an axis, zeros or copies between its cells.

No arithmetic happens here, so every function is exact in every element type.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from convdispatch_tensorflow._framework import tf


def pad(x: Any, pads: Sequence[tuple[int, int]]) -> Any:
    """Add zeros at (low, high) of each axis; a negative number removes cells."""
    grow = [(max(low, 0), max(high, 0)) for low, high in pads]
    # Zeros first: a crop may be longer than the data and reach into the other side's zeros.
    if any(map(any, grow)):
        x = _add_zeros(x, grow)
    # A stop of -0 would leave nothing.
    kept = tuple(slice(max(-low, 0), min(high, 0) or None) for low, high in pads)
    return x if all(cells == slice(0, None) for cells in kept) else x[kept]


def _add_zeros(x: Any, pads: Sequence[tuple[int, int]]) -> Any:
    if len(pads) < 5:
        return tf.pad(x, pads)
    # tensorflow 2.21 fuses the kernel Pad into Conv3D and logs "remapper failed" where a gradient
    # needs both: a tape around tf.function(conv3d(tf.pad(x, ...))). A tensor of zeros means PadV2.
    return tf.pad(x, pads, constant_values=tf.zeros((), x.dtype))


def repeat_cells(x: Any, factors: Sequence[int], *, first_axis: int) -> Any:
    """Repeat each cell `factors` times along the axes from `first_axis` on."""
    return _enlarge(x, factors, first_axis, lambda rows, n: tf.tile(rows, (1, n, 1)))


def zeros_between(x: Any, factors: Sequence[int], *, first_axis: int) -> Any:
    """Put `factor - 1` zeros after each cell along the axes from `first_axis` on."""
    return _enlarge(
        x, factors, first_axis, lambda rows, n: tf.pad(rows, ((0, 0), (0, n - 1), (0, 0)))
    )


def _enlarge(
    x: Any, factors: Sequence[int], first_axis: int, enlarge: Callable[[Any, int], Any]
) -> Any:
    for axis, factor in enumerate(factors, first_axis):
        if factor > 1:
            shape = [-1, *x.shape[1:]]
            rows = tf.reshape(x, (-1, 1, math.prod(shape[axis + 1 :])))
            shape[axis] *= factor
            x = tf.reshape(enlarge(rows, factor), shape)
    return x
