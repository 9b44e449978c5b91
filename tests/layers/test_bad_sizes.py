"""Paddings, croppings, factors and shapes that make no layer."""

from __future__ import annotations

import pytest
from complaints import K1, Bad, L, complaint, conv

SIZES = {
    "cropping-negative": Bad(
        lambda b: L.Cropping2D(-1, backend=b),
        ValueError,
        "`cropping` must not be negative; received -1",
    ),
    "cropping-three": Bad(
        lambda b: L.Cropping2D((1, 2, 3), backend=b),
        ValueError,
        r"`cropping` must be an integer, 2 integers, or 2 pairs .* received \(1, 2, 3\)",
    ),
    "cropping-none": Bad(
        lambda b: L.Cropping1D(None, backend=b),
        ValueError,
        r"`cropping` must be an integer or a pair of integers \(low, high\); received None",
    ),
    "zero-padding-negative": Bad(
        lambda b: L.ZeroPadding2D(((1, 2), (3, -4)), backend=b),
        ValueError,
        "`padding` must not be negative; received",
    ),
    "zero-padding-key": Bad(
        lambda b: K1.ZeroPadding2D({"top": 1}, backend=b),
        ValueError,
        "`padding` may have the keys 'top_pad', .*; received 'top'",
    ),
    "size-zero": Bad(
        lambda b: L.UpSampling2D(0, backend=b), ValueError, "every `size` must be at least 1"
    ),
    "length-zero": Bad(
        lambda b: K1.UpSampling1D(0, backend=b), ValueError, "`length` must be at least 1; .* 0"
    ),
    "output-padding-large": Bad(
        lambda b: L.Conv2DTranspose(4, 3, strides=2, output_padding=2, backend=b),
        ValueError,
        "`output_padding` must be from 0 to 1 for `kernel_size` 3, `strides` 2 .* received 2",
    ),
    "output-padding-negative": Bad(
        lambda b: L.Conv2DTranspose(4, 3, strides=2, output_padding=-1, backend=b),
        ValueError,
        "every `output_padding` must be at least 0; received -1",
    ),
    "output-padding-of-an-even-kernel": Bad(
        lambda b: L.Conv2DTranspose(4, 4, strides=2, padding="same", output_padding=0, backend=b),
        ValueError,
        "`output_padding` must be from 1 to 2 .* received 0",
    ),
    "output-size-zero": Bad(
        lambda b: L.Conv2DTranspose(4, 3, output_size=0, backend=b),
        ValueError,
        "every `output_size` must be at least 1; received 0",
    ),
    "output-size-and-padding": Bad(
        lambda b: L.Conv2DTranspose(4, 3, output_size=9, output_padding=0, backend=b),
        ValueError,
        "`output_padding` and `output_size` both state the output's size",
    ),
    "output-shape-without-batch": Bad(
        lambda b: K1.Deconvolution2D(4, 3, 3, output_shape=(9, 9, 4), backend=b),
        ValueError,
        r"`output_shape` must be \(batch, rows, cols, nb_filter\) under dim_ordering 'tf'",
    ),
    "output-shape-in-the-other-ordering": Bad(
        lambda b: K1.Deconvolution2D(3, 3, 3, output_shape=(None, 3, 14, 14), backend=b),
        ValueError,
        r"under dim_ordering 'tf', .* 3 or None for nb_filter; received \(None, 3, 14, 14\)",
    ),
    "output-shape-unknown": Bad(
        lambda b: K1.Deconvolution2D(4, 3, 3, output_shape=(None, None, 9, 4), backend=b),
        ValueError,
        "`output_shape` must be .* with known rows and cols",
    ),
    "output-shape-float": Bad(
        lambda b: K1.Deconvolution2D(4, 3, 3, output_shape=(None, 9.0, 9, 4), backend=b),
        TypeError,
        "`output_shape` must be a tuple of integers or None; received",
    ),
    "input-shape-a-number": Bad(
        conv(input_shape=5), TypeError, "`input_shape` must be a tuple of integers or None; .* 5"
    ),
    "input-shape-negative": Bad(
        conv(input_shape=(-5, 5, 3)), ValueError, "`input_shape` must not have a negative size"
    ),
    "input-shape-1.5": Bad(conv(input_shape=(5, 1.5, 3)), TypeError, "`input_shape` must be a t"),
    "input-dim": Bad(
        lambda b: K1.Convolution1D(4, 3, input_dim=0, backend=b),
        ValueError,
        "`input_dim` must be at least 1; received 0",
    ),
    "input-length": Bad(
        lambda b: K1.Convolution1D(4, 3, input_dim=2, input_length="9", backend=b),
        TypeError,
        "`input_length` must be an integer; received '9'",
    ),
    "batch-size": Bad(
        conv(batch_size=0, input_shape=(5, 5, 3)), ValueError, "`batch_size` must be at least 1"
    ),
    "batch-size-alone": Bad(conv(batch_size=3), ValueError, "`batch_size` needs `input_shape`"),
}


@pytest.mark.parametrize("bad", SIZES.values(), ids=SIZES)
def test_a_bad_size_is_refused_alike_on_every_backend(
    all_backends: tuple[str, ...], bad: Bad
) -> None:
    """The message names the argument as the user spells it, and is the same everywhere."""
    assert len({complaint(bad, backend) for backend in all_backends}) == 1
