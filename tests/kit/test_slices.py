"""Which indices are a slice: tried on arrays, as NumPy reads them."""

import itertools

import numpy as np
import pytest

from convdispatch.kit import as_slice


def test_a_slice_takes_the_same_cells():
    """All rows of up to three indices of five cells: the even ones are slices, the others none."""
    cells, slices = np.arange(5), 0
    for count in range(4):
        for row in itertools.product(range(5), repeat=count):
            indices = np.array(row, int)
            is_even = (
                count > 0 and len({*np.diff(indices)}) < 2 and bool((np.diff(indices) > 0).all())
            )
            found = as_slice(indices, 5)
            assert (found is not None) == is_even, row
            if found is not None:
                assert cells[found].tolist() == list(row)
                slices += 1
    assert slices == 5 + 10 + 4


@pytest.mark.parametrize(
    ("indices", "size"),
    [
        (np.array([3, 4, 5]), 5),  # beyond the end: not cut off, which a slice would do
        (np.array([-1]), 5),
        (np.array(1), 5),
        (np.array([[0, 1]]), 5),
        ([0, 1], 5),
        (np.array([0, 1]), None),
    ],
    ids=["beyond the end", "from the end", "scalar", "table", "list", "unknown size"],
)
def test_what_is_no_slice(indices, size):
    """The framework's own function is left to answer, or to refuse."""
    assert as_slice(indices, size) is None


def test_a_step_serves_unsigned_indices():
    """Their difference is taken of Python's integers."""
    assert as_slice(np.array([0, 100, 200], np.uint8), 300) == slice(0, 201, 100)
