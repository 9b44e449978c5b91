"""The oracle's pads and enlarged images against tables made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from convdispatch.conformance import oracle


def line(values):
    """Return a batch of one row with one channel."""
    return np.reshape(values, (1, len(values), 1))


PAD_TABLE = [
    ("low-and-high", (2, 1), [0, 0, 1, 2, 3, 4, 0]),
    ("nothing", (0, 0), [1, 2, 3, 4]),
    ("crop-low-to-the-end", (-1, 0), [2, 3, 4]),
    ("crop-both", (-1, -2), [2]),
    ("crop-and-pad", (-3, 2), [4, 0, 0]),
]


@pytest.mark.parametrize(
    ("pads", "expected"), [row[1:] for row in PAD_TABLE], ids=[row[0] for row in PAD_TABLE]
)
def test_pad_puts_zeros_or_crops(pads, expected):
    """A positive number adds zeros on its side and a negative one takes cells away there."""
    assert oracle.pad(line([1, 2, 3, 4]), (pads,), channels_last=True).ravel().tolist() == expected


def test_pad_leaves_batch_and_channels_alone():
    """Only spatial axes grow, wherever the channels are."""
    x = np.ones((2, 3, 4, 5))
    assert oracle.pad(x, ((1, 0), (0, 2)), channels_last=True).shape == (2, 4, 6, 5)
    assert oracle.pad(x, ((1, 0), (0, 2)), channels_last=False).shape == (2, 3, 5, 7)


UPSAMPLE_TABLE = [
    ("nearest", [1, 2, 3], 2, "nearest", [1, 1, 2, 2, 3, 3]),
    ("bilinear-by-2", [0, 1], 2, "bilinear", [0, 0.25, 0.75, 1]),
    ("bilinear-by-4", [0, 8], 4, "bilinear", [0, 0, 1, 3, 5, 7, 8, 8]),
    ("bilinear-by-3", [0, 3, 9], 3, "bilinear", [0, 0, 1, 2, 3, 5, 7, 9, 9]),
    ("bilinear-of-one-cell", [7], 3, "bilinear", [7, 7, 7]),
]


@pytest.mark.parametrize(
    ("x", "factor", "interpolation", "expected"),
    [row[1:] for row in UPSAMPLE_TABLE],
    ids=[row[0] for row in UPSAMPLE_TABLE],
)
def test_upsample_gives_the_numbers_worked_out_by_hand(x, factor, interpolation, expected):
    """'nearest' repeats cells; 'bilinear' samples between cell centres, clamped to the image."""
    image = np.reshape(x, (1, 1, len(x), 1))
    y = oracle.upsample(image, (1, factor), interpolation=interpolation, channels_last=True)
    assert y.ravel() == pytest.approx(expected, rel=1e-15)


UPSAMPLE_GRADIENT_TABLE = [
    ("nearest", 3, "nearest", [1, 10, 100, 2, 20, 200], [111, 222]),
    ("bilinear", 2, "bilinear", [1, 10, 100, 1000], [1 + 7.5 + 25, 2.5 + 75 + 1000]),
    ("bilinear-of-one-cell", 3, "bilinear", [1, 10, 100], [111]),
]


@pytest.mark.parametrize(
    ("factor", "interpolation", "cotangent", "expected"),
    [row[1:] for row in UPSAMPLE_GRADIENT_TABLE],
    ids=[row[0] for row in UPSAMPLE_GRADIENT_TABLE],
)
def test_upsample_gradient_gives_the_numbers_worked_out_by_hand(
    factor, interpolation, cotangent, expected
):
    """Each cell gets back from every cell that it gave a share to, that share."""
    image = np.reshape(cotangent, (1, 1, -1, 1))
    for_x = oracle.upsample_gradient(
        image, (1, factor), interpolation=interpolation, channels_last=True
    )
    assert for_x.ravel().tolist() == expected


@pytest.mark.parametrize("channels_last", [True, False], ids=["last", "first"])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_upsample_gradient_is_the_adjoint_of_upsample(interpolation, channels_last):
    """The inner products <upsample(x), y> and <x, gradient(y)> are equal, to the unit."""
    rng = np.random.default_rng(2)
    fields = {"interpolation": interpolation, "channels_last": channels_last}
    x = rng.integers(-9, 10, (2, 3, 2, 4))
    enlarged = oracle.upsample(x, (2, 4), **fields)  # shares are sixteenths: exact in float64
    y = rng.integers(-9, 10, enlarged.shape)
    assert np.sum(enlarged * y) == np.sum(x * oracle.upsample_gradient(y, (2, 4), **fields))
