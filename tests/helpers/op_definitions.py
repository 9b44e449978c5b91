"""Pooling, resampling and products with a matrix, written down from the ops' docstrings alone.

Loops over cells, over channels-last arrays of any exact numbers. Nothing of `kit` may be used here.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from convdispatch.ops import Pool, Resize

Cell = tuple[int, ...]


def pooled(x: Any, op: Pool) -> Any:
    """Return what the op makes of a channels-last array."""
    y = np.zeros((len(x), *places(x, op), x.shape[-1]), x.dtype)
    for place in np.ndindex(*y.shape[1:-1]):
        cells = list(window(x, op, place))
        numbers = np.stack([x[:, *cell] for cell in cells])
        y[:, *place] = {"max": numbers.max, "average": numbers.sum, "sum": numbers.sum}[op.kind](0)
        if op.kind == "average":
            y[:, *place] /= math.prod(op.size) if op.counts_pads else len(cells)
    return y


def pooled_gradient(x: Any, cotangent: Any, op: Pool) -> Any:
    """Return the gradient of sum(cotangent * pooled(x))."""
    gradient = np.zeros_like(x)
    for place in np.ndindex(*places(x, op)):
        cells = list(window(x, op, place))
        share = math.prod(op.size) if op.counts_pads else len(cells)
        for sample, channel in itertools.product(range(len(x)), range(x.shape[-1])):
            g = cotangent[(sample, *place, channel)]
            if op.kind == "max":
                numbers = [x[(sample, *cell, channel)] for cell in cells]
                cells_of_max = [cells[numbers.index(max(numbers))]]
                gradient[(sample, *cells_of_max[0], channel)] += g
                continue
            for cell in cells:
                gradient[(sample, *cell, channel)] += g / share if op.kind == "average" else g
    return gradient


def places(x: Any, op: Pool) -> Cell:
    """Count, on each axis, the places at which the window fits."""
    axes = zip(x.shape[1:-1], op.size, op.strides, op.pads, strict=True)
    return tuple(
        len(range(0, low + size + high - length + 1, stride))
        for size, length, stride, (low, high) in axes
    )


def window(x: Any, op: Pool, place: Cell) -> Iterator[Cell]:
    """Yield the window's cells that lie in the image and are not cropped, rows before columns."""
    offsets = itertools.product(*map(range, op.size))
    for offset in offsets:
        axes = zip(place, op.strides, offset, op.pads, strict=True)
        cell = tuple(i * stride + o - low for i, stride, o, (low, _) in axes)
        if all(0 <= c < size for c, size in zip(cell, x.shape[1:-1], strict=True)):
            yield cell


def weights_of_axis(size: int, count: int, op: Resize) -> Any:
    """Return the matrix from the cells of one axis to its samples, in fractions."""
    matrix = np.full((count, size), Fraction(0))
    for i in range(count):
        position = {
            "half_pixel": (Fraction(2 * i + 1, 2)) * Fraction(size, count) - Fraction(1, 2),
            "asymmetric": Fraction(i * size, count),
            "corners": Fraction(i * (size - 1), count - 1) if count > 1 else Fraction(0),
        }[op.coordinates]
        if op.interpolation == "nearest":
            further = Fraction(0) if op.coordinates == "asymmetric" else Fraction(1, 2)
            below, share = math.floor(position + further), Fraction(0)
        else:
            below = math.floor(position)
            share = position - below
        for cell, part in ((below, 1 - share), (below + 1, share)):
            matrix[i, min(max(cell, 0), size - 1)] += part
    return matrix


def resized(x: Any, op: Resize) -> Any:
    """Return what the op makes of a channels-last array, in float64."""
    for axis, count in enumerate(op.output_size, 1):
        matrix = weights_of_axis(x.shape[axis], count, op).astype(float)
        x = np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis)
    return x


def resized_gradient(shape: Cell, cotangent: Any, op: Resize) -> Any:
    """Return the gradient of sum(cotangent * resized(x)) for an x of that shape."""
    g = cotangent
    for axis, count in enumerate(op.output_size, 1):
        matrix = weights_of_axis(shape[axis], count, op).astype(float)
        g = np.moveaxis(np.tensordot(matrix.T, g, (1, axis)), 0, axis)
    return g
