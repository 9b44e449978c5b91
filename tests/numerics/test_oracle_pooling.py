"""The oracle's pooling, resampling and product, against numbers made by hand and exact ones."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from convdispatch.conformance import oracle

NAN = float("nan")
LINE = np.array([1.0, 5.0, 2.0, 8.0, 3.0]).reshape(1, 5, 1)


def pooled(x: Any, kind: str, size: int, stride: int, pads: tuple[int, int], **options: Any) -> Any:
    """Return the windows' numbers of a line."""
    fields = {"counts_pads": False, "channels_last": True, **options}
    found = oracle.pool(x, kind=kind, size=(size,), strides=(stride,), pads=(pads,), **fields)
    return found.ravel().tolist()


@pytest.mark.parametrize(
    ("kind", "size", "stride", "pads", "counts_pads", "want"),
    [
        ("max", 2, 2, (0, 0), False, [5, 8]),
        ("max", 3, 2, (1, 1), False, [5, 8, 8]),
        ("max", 2, 1, (-1, -2), False, [5]),
        ("max", 1, 3, (0, 0), False, [1, 8]),
        ("sum", 3, 2, (1, 0), False, [6, 15]),
        ("sum", 2, 4, (-1, 0), False, [7]),
        ("average", 2, 2, (1, 0), False, [1, 3.5, 5.5]),
        ("average", 2, 2, (1, 0), True, [0.5, 3.5, 5.5]),
        ("average", 5, 1, (0, 0), False, [3.8]),
        ("average", 2, 1, (-3, 1), False, [5.5, 3]),
    ],
)
def test_windows_by_hand(
    kind: str, size: int, stride: int, pads: tuple[int, int], counts_pads: bool, want: Any
) -> None:
    """Of 1, 5, 2, 8 and 3: neither pads nor cropped cells count."""
    assert pooled(LINE, kind, size, stride, pads, counts_pads=counts_pads) == want


def test_windows_of_two_axes_and_channels_first() -> None:
    """Of [[0, 1, 2], [3, 4, 5]], two rows by two columns, one column of pads."""
    x = np.arange(6).reshape(1, 1, 2, 3)
    fields: Any = {"size": (2, 2), "strides": (1, 2), "pads": ((0, 0), (1, 0))}
    fields |= {"counts_pads": False, "channels_last": False}
    assert oracle.pool(x, kind="max", **fields).ravel().tolist() == [3, 5]
    assert oracle.pool(x, kind="sum", **fields).ravel().tolist() == [3, 12]
    assert oracle.pool(x, kind="average", **fields).ravel().tolist() == [1.5, 3]


def test_fractions_stay_exact() -> None:
    """Thirds of thirds: no cell is rounded."""
    x = np.array([Fraction(1, 3), Fraction(1), Fraction(2)], object).reshape(1, 3, 1)
    assert pooled(x, "average", 3, 1, (0, 0)) == [Fraction(10, 9)]
    found = oracle.resize(
        x,
        output_size=(5,),
        interpolation="bilinear",
        coordinates="half_pixel",
        channels_last=True,
    )
    # At -1/5, 2/5, 1, 8/5 and 11/5.
    want = [Fraction(1, 3), Fraction(3, 5), Fraction(1), Fraction(8, 5), Fraction(2)]
    assert found.ravel().tolist() == want


@pytest.mark.parametrize(
    ("x", "want"),
    [
        ([[1, 5, 5], [5, 5, 0]], [[0, 1, 0], [0, 0, 0]]),
        ([[1, 4, 4], [5, 5, 0]], [[0, 0, 0], [1, 0, 0]]),
        ([[3, NAN, 4], [NAN, 7, 0]], [[0, 1, 0], [0, 0, 0]]),
    ],
)
def test_a_maximums_gradient_goes_to_the_first(x: Any, want: Any) -> None:
    """Rows before columns, and the first NaN before all."""
    found = oracle.pool_gradient(
        np.array(x, float)[None, ..., None],
        np.ones((1, 1, 1, 1)),
        kind="max",
        size=(2, 3),
        strides=(1, 1),
        pads=((0, 0), (0, 0)),
        counts_pads=False,
        channels_last=True,
    )
    assert found[0, ..., 0].tolist() == want


def test_an_averages_gradient_is_shared_by_its_cells() -> None:
    """Windows of (pad, a), (b, c): 6 to a alone, 10 to b and c alike."""
    fields: Any = {"size": (2,), "strides": (2,), "pads": ((1, 0),), "channels_last": True}
    g = np.reshape([6.0, 10.0], (1, 2, 1))
    for counts_pads, want in ((False, [6, 5, 5]), (True, [3, 5, 5])):
        found = oracle.pool_gradient(
            LINE[:, :3], g, kind="average", counts_pads=counts_pads, **fields
        )
        assert found.ravel().tolist() == want
    found = oracle.pool_gradient(LINE[:, :3], g, kind="sum", counts_pads=False, **fields)
    assert found.ravel().tolist() == [6, 10, 10]


@pytest.mark.parametrize(
    ("cells", "size", "interpolation", "coordinates", "want"),
    [
        (5, 3, "nearest", "half_pixel", [1, 2, 3]),  # at 1/3, 2, 11/3
        (4, 2, "nearest", "half_pixel", [5, 8]),  # at 1/2 and 5/2: the upper ones
        (5, 10, "nearest", "asymmetric", [1, 1, 5, 5, 2, 2, 8, 8, 3, 3]),
        (5, 3, "nearest", "asymmetric", [1, 5, 8]),  # at 0, 5/3 and 10/3
        (5, 3, "nearest", "corners", [1, 2, 3]),
        (2, 3, "nearest", "corners", [1, 5, 5]),  # the upper one of the middle
        (2, 3, "bilinear", "corners", [1, 3, 5]),
        (2, 4, "bilinear", "half_pixel", [1, 2, 4, 5]),
        (2, 4, "bilinear", "asymmetric", [1, 3, 5, 5]),
        (5, 1, "bilinear", "corners", [1]),
        (5, 1, "bilinear", "half_pixel", [2]),
        (1, 3, "bilinear", "corners", [1, 1, 1]),
    ],
)
def test_resampled_lines_by_hand(
    cells: int, size: int, interpolation: str, coordinates: str, want: Any
) -> None:
    """The first of 1, 5, 2, 8 and 3; the gradient is the transposed matrix."""
    way: Any = {"interpolation": interpolation, "coordinates": coordinates, "channels_last": True}
    x = LINE[:, :cells]
    assert oracle.resize(x, output_size=(size,), **way).ravel().tolist() == want
    matrix = oracle.resize(np.eye(cells)[None], output_size=(size,), **way)[0]
    back = oracle.resize_gradient(np.eye(size)[None], input_size=(cells,), **way)[0]
    np.testing.assert_array_equal(back, matrix.T)


def test_axes_are_resampled_each_by_its_own_rule() -> None:
    """Rows to four, columns stay; and channels first."""
    x = np.array([[0.0, 10.0], [4.0, 14.0]])
    way: Any = {"interpolation": "bilinear", "coordinates": "half_pixel"}
    want = [[0, 10], [1, 11], [3, 13], [4, 14]]
    last = oracle.resize(x[None, ..., None], output_size=(4, 2), **way, channels_last=True)
    first = oracle.resize(x[None, None], output_size=(4, 2), **way, channels_last=False)
    assert last[0, ..., 0].tolist() == first[0, 0].tolist() == want


def test_a_product_by_hand() -> None:
    """Each row of the last axis meets the first axis of the matrix."""
    x = np.array([[[1, 2], [3, -4]]])
    found = oracle.dense(x, [[1, 0, -1], [2, 1, 3]])
    assert found.tolist() == [[[5, 2, 5], [-5, -4, -15]]]
    assert found.dtype == np.int64
