"""The traps of transposed convolutions, each with its stated numbers: E6-E9 and E17."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rows import CONV1D, CONV1D_TRANSPOSE, TRANSPOSED, RowLayer, array

from convdispatch import keras1, keras2
from convdispatch.errors import InvalidArgument, InvalidShape

each_transposed = pytest.mark.parametrize("layer", TRANSPOSED, ids=lambda kind: kind.id)


@each_transposed
def test_transposing_scatters_the_kernel_unflipped(layer: RowLayer, backend_name: str) -> None:
    """E6: each cell puts the kernel as it is, where a flipped one would start with 100."""
    got = layer([1, 2], [1, 10, 100], strides=2, backend=backend_name)
    assert got == [1, 10, 102, 20, 200]


@pytest.mark.parametrize("convention", ["tensorflow", "theano"])
@pytest.mark.parametrize(
    ("taps", "stride", "dilation", "padding"),
    [
        (3, 2, 1, "valid"),
        (2, 3, 1, "valid"),
        (3, 1, 2, "valid"),
        (2, 2, 3, "valid"),
        (3, 2, 1, "same"),
        (5, 2, 1, "same"),
        (2, 3, 1, "same"),
        (3, 2, 2, "same"),
        (4, 2, 1, "same"),
        (3, 2, 1, "full"),
        (2, 1, 2, "full"),
    ],
)
def test_the_transposed_layer_is_the_convolutions_adjoint(
    taps: int, stride: int, dilation: int, padding: str, convention: str, backend_name: str
) -> None:
    """E6: <conv(b), a> equals <b, conv_transpose(a)>."""
    a, kernel = [3.0, -1.0, 4.0, 2.0], [1.0, -2.0, 5.0, 7.0, -3.0][:taps]
    arguments: dict[str, Any] = {
        "strides": stride,
        "dilation_rate": dilation,
        "padding": padding,
        "convention": convention,
        "backend": backend_name,
    }
    transposed = CONV1D_TRANSPOSE(a, kernel, **arguments)
    b = [float((3 * cell) % 11 - 5) for cell in range(len(transposed))]
    forward = CONV1D(b, kernel, **arguments)
    assert np.any(transposed)
    assert np.dot(forward, a) == np.dot(b, transposed)


@each_transposed
def test_a_gap_between_kernels_is_zero_and_counted(layer: RowLayer, backend_name: str) -> None:
    """E7: 'valid' with a stride above the kernel gives i s cells, where the naive size is 5."""
    got = layer([1, 2], [1, 10], strides=3, backend=backend_name)
    assert got == [1, 10, 0, 2, 20, 0]


@each_transposed
@pytest.mark.parametrize(
    ("kernel", "expected"),
    [([1, 10, 100], [1, 10, 102, 20]), ([1, 10, 100, 1000], [10, 102, 1020, 200])],
    ids=["odd", "even"],
)
def test_same_crops_a_transposed_convolution_at_the_end_first(
    layer: RowLayer, kernel: list[float], expected: list[float], backend_name: str
) -> None:
    """E8: half the surplus, rounded down, goes at the front; torch's padding gives 10 first."""
    assert layer([1, 2], kernel, strides=2, padding="same", backend=backend_name) == expected


@each_transposed
@pytest.mark.parametrize(
    ("output_padding", "expected"),
    [(0, [10, 102, 20]), (1, [1, 10, 102, 20]), (None, [1, 10, 102, 20])],
    ids=["0", "1", "None"],
)
def test_output_padding_moves_the_crop_at_the_front(
    layer: RowLayer, output_padding: int | None, expected: list[float], backend_name: str
) -> None:
    """E9: a cell more is a cell less cropped in front, and None asks for another size than 0."""
    got = layer(
        [1, 2],
        [1, 10, 100],
        strides=2,
        padding="same",
        output_padding=output_padding,
        backend=backend_name,
    )
    assert got == expected


@pytest.mark.parametrize("taps", [2, 4])
def test_no_output_padding_of_zero_with_an_even_kernel(taps: int, backend_name: str) -> None:
    """E9: no input of 'same' gives that size back."""
    with pytest.raises(InvalidArgument, match=r"`output_padding` must be from 1 to 2 .* received"):
        CONV1D_TRANSPOSE.make(
            [1.0] * taps, strides=2, padding="same", output_padding=0, backend=backend_name
        )


def deconvolution(size: int, taps: int, border_mode: str, **options: Any) -> Any:
    """Return Keras 1's layer over rows, stride 2, that is to give `size` rows."""
    return keras1.layers.Deconvolution2D(
        1,
        taps,
        1,
        (None, size, 1, 1),
        border_mode=border_mode,
        subsample=(2, 1),
        dim_ordering="tf",
        bias=False,
        weights=[np.ones((taps, 1, 1, 1))],
        **options,
    )


@pytest.mark.parametrize(
    ("size", "taps", "border_mode", "ends"),
    [
        pytest.param(25, 3, "valid", [1, 1, 2, 2, 1, 1], id="valid-25"),
        pytest.param(26, 3, "valid", [1, 1, 2, 1, 1, 0], id="valid-26"),
        pytest.param(23, 3, "same", [1, 2, 1, 1, 2, 1], id="same-23"),
        pytest.param(24, 3, "same", [1, 1, 2, 1, 2, 1], id="same-24"),
        pytest.param(23, 4, "same", [1, 2, 2, 2, 2, 2], id="same-23-even"),
        pytest.param(24, 4, "same", [1, 2, 2, 2, 2, 1], id="same-24-even"),
    ],
)
def test_deconvolution_gives_each_legal_size(
    size: int, taps: int, border_mode: str, ends: list[float], backend_name: str
) -> None:
    """E17: twelve cells at stride 2 may become exactly these sizes; ones overlap like this."""
    layer = deconvolution(size, taps, border_mode, backend=backend_name, dtype="float32")
    y = array(layer(np.ones((1, 12, 1, 1), "float32")))
    assert y.shape == layer.compute_output_shape((1, 12, 1, 1)) == (1, size, 1, 1)
    assert [*y[0, :3, 0, 0], *y[0, -3:, 0, 0]] == ends


@pytest.mark.parametrize(
    ("size", "taps", "border_mode", "allowed"),
    [
        (24, 3, "valid", "25 to 26"),
        (27, 3, "valid", "25 to 26"),
        (22, 3, "same", "23 to 24"),
        (25, 3, "same", "23 to 24"),
        (22, 4, "same", "23 to 24"),
        (25, 4, "same", "23 to 24"),
    ],
)
def test_deconvolution_refuses_every_other_size(
    size: int, taps: int, border_mode: str, allowed: str
) -> None:
    """E17: with an even kernel the page's formula gives 22, which no convolution can undo."""
    layer = deconvolution(size, taps, border_mode)
    with pytest.raises(InvalidShape, match=f"`output_shape` asks for {size} cells.*{allowed}"):
        layer.compute_output_shape((None, 12, 1, 1))


@pytest.mark.parametrize(("padding", "size"), [("valid", 25), ("same", 24)])
def test_keras2_transposes_to_its_default_size(padding: str, size: int) -> None:
    """E17: what became of a Keras 1 model whose `output_shape` Keras 2 dropped."""
    layer = keras2.layers.Conv2DTranspose(1, 3, strides=2, padding=padding)
    assert layer.compute_output_shape((None, 12, 12, 1)) == (None, size, size, 1)
