"""The sampling grids, against fractions that are worked out from the ops' docstrings alone."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from convdispatch import kit
from convdispatch.ops import Resize, Signature, Upsample

HALF = Fraction(1, 2)
POSITIONS = {
    "half_pixel": lambda i, m, n: (i + HALF) * m / n - HALF,
    "asymmetric": lambda i, m, n: Fraction(i * m, n),
    "corners": lambda i, m, n: Fraction(i * (m - 1), n - 1) if n > 1 else Fraction(0),
}
SIZES = list(itertools.product((1, 2, 3, 5, 8), (1, 2, 3, 4, 7, 8, 16)))
EVERY_COORDINATES = pytest.mark.parametrize("coordinates", POSITIONS)

# Cells below, cells above and shares of the upper ones of five samples of three cells.
BY_HAND = {
    "half_pixel": ([0, 0, 1, 1, 2], [0, 1, 2, 2, 2], [0.8, 0.4, 0.0, 0.6, 0.2]),
    "asymmetric": ([0, 0, 1, 1, 2], [1, 1, 2, 2, 2], [0.0, 0.6, 0.2, 0.8, 0.4]),
    "corners": ([0, 0, 1, 1, 2], [1, 1, 2, 2, 2], [0.0, 0.5, 0.0, 0.5, 0.0]),
}


@EVERY_COORDINATES
def test_five_samples_of_three_cells(coordinates):
    """The table was made by hand."""
    grid = resized(3, 5, "bilinear", coordinates)
    assert (grid.below.tolist(), grid.above.tolist(), grid.share.tolist()) == BY_HAND[coordinates]


@EVERY_COORDINATES
def test_bilinear_grids_are_the_definition_rounded_once(coordinates):
    """The cells below and above the position, at the border if there are none, and its fraction."""
    for m, n in SIZES:
        grid = resized(m, n, "bilinear", coordinates)
        positions = [POSITIONS[coordinates](i, m, n) for i in range(n)]
        below = [math.floor(position) for position in positions]
        assert grid.below.tolist() == [min(max(cell, 0), m - 1) for cell in below]
        assert grid.above.tolist() == [min(max(cell + 1, 0), m - 1) for cell in below]
        shares = [float(position - cell) for position, cell in zip(positions, below, strict=True)]
        assert grid.share.tolist() == shares


@EVERY_COORDINATES
def test_nearest_grids_are_the_definition(coordinates):
    """The cell below for 'asymmetric', else the nearest one, the upper of two."""
    further = 0 if coordinates == "asymmetric" else HALF
    for m, n in SIZES:
        grid = resized(m, n, "nearest", coordinates)
        positions = [POSITIONS[coordinates](i, m, n) for i in range(n)]
        cells = [min(max(math.floor(position + further), 0), m - 1) for position in positions]
        assert grid.below.tolist() == cells


@pytest.mark.parametrize("channels_last", [True, False])
def test_upsampling_repeats_cells_or_samples_between_centres(channels_last):
    """Each axis has a grid of its own, in either layout."""
    shape = (2, 3, 5) if channels_last else (5, 2, 3)
    signature = Signature(input_shape=shape, weight_shapes=(), dtype="float32")
    for interpolation, rows in [("nearest", [0, 0, 0, 1, 1, 1]), ("bilinear", [0, 0, 0, 0, 1, 1])]:
        op = Upsample(factors=(3, 1), interpolation=interpolation, channels_last=channels_last)
        first, second = kit.samples(op, signature)
        assert first.below.tolist() == rows
        assert second.below.tolist() == [0, 1, 2]
        assert not np.any(second.share)


def test_the_longest_axis_has_exact_positions():
    """No product of sizes overflows, and no position is a floating-point number."""
    m, n = 2**31 - 1, 3
    grid = resized(m, n, "bilinear", "half_pixel")
    positions = [POSITIONS["half_pixel"](i, m, n) for i in range(n)]
    assert grid.below.tolist() == [math.floor(position) for position in positions]


def resized(size, count, interpolation, coordinates):
    """Return the grid of one axis."""
    op = Resize(
        output_size=(count,),
        interpolation=interpolation,
        coordinates=coordinates,
        channels_last=True,
    )
    (grid,) = kit.samples(op, Signature(input_shape=(size, 1), weight_shapes=(), dtype="float32"))
    return grid
