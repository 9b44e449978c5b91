"""Convolutions, padding and upsampling that `kit` derives of each backend's own functions.

The smallest backend is asked the whole suite, on NumPy and without gradients; here each framework's
functions are asked a few cases, with gradients, by the oracle.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from precision import in_float64

from convdispatch import kit
from convdispatch.errors import UnsupportedOp
from convdispatch.numerics import oracle
from convdispatch.ops import Backend, Conv, ConvTranspose, Pad, Signature, Upsample

# Fields of a convolution, the cells that it reads, its kernel: by group, depthwise with two filters
# a channel and cells left over, depthwise with a crop.
CASES: dict[str, tuple[dict[str, Any], tuple[int, ...], tuple[int, ...]]] = {
    "groups": (
        {
            "strides": (2, 1),
            "pads": ((1, 0), (0, 2)),
            "dilation": (1, 2),
            "groups": 2,
            "channels_last": True,
        },
        (4, 3),
        (3, 2, 2, 4),
    ),
    "depthwise": (
        {
            "strides": (2,),
            "pads": ((1, 1),),
            "dilation": (1,),
            "groups": 3,
            "channels_last": False,
        },
        (6,),
        (3, 1, 6),
    ),
    "depthwise-cropped": (
        {
            "strides": (1, 3),
            "pads": ((-1, 1), (0, 0)),
            "dilation": (1, 1),
            "groups": 2,
            "channels_last": True,
        },
        (4, 4),
        (2, 2, 1, 2),
    ),
}
EVERY_CASE = pytest.mark.parametrize("case", CASES)


@pytest.fixture
def backend(backend: Backend) -> Iterator[Backend]:
    """Give each backend in turn, with its 64-bit types."""
    if backend.name == "numpy":
        pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    with in_float64(backend.name):
        yield backend


def laid_out(cells: tuple[int, ...], channels: int, *, channels_last: bool) -> tuple[int, ...]:
    """Return a shape with a batch of two."""
    return (2, *cells, channels) if channels_last else (2, channels, *cells)


def require_gradients(backend: Backend, lowered: Any, arrays: list[Any], want: list[Any]) -> None:
    """Compare the result, and the gradients of its product with `want`'s last, with the oracle."""
    result, *gradients, cotangent = want
    weights: Any = backend.asarray(cotangent, "float64")
    total: Any = backend.functions["sum"]

    def loss(tensors: Any) -> Any:
        y: Any = lowered(*tensors)
        return total(y * weights), y

    variables = [backend.variable(array, "float64") for array in arrays]
    (_, y), got = backend.value_and_grad(loss)(variables)
    np.testing.assert_allclose(backend.to_numpy(y), result, atol=1e-12)
    for gradient, right in zip(got, gradients, strict=True):
        np.testing.assert_allclose(backend.to_numpy(gradient), right, atol=1e-12)


@EVERY_CASE
def test_a_convolution_in_groups(backend: Backend, case: str) -> None:
    """With a bias, of which each group has its part."""
    fields, cells, kernel_shape = CASES[case]
    last, groups = fields["channels_last"], fields["groups"]
    rng = np.random.default_rng(7)
    x = rng.normal(size=laid_out(cells, kernel_shape[-2] * groups, channels_last=last))
    kernel, bias = rng.normal(size=kernel_shape), rng.normal(size=kernel_shape[-1])
    y = oracle.conv(x, kernel, **fields)
    along_channels = bias if last else bias.reshape(-1, *[1] * len(cells))
    op = Conv(**fields, bias=True, activation="linear")
    signature = Signature(
        input_shape=x.shape[1:], weight_shapes=(kernel_shape, bias.shape), dtype="float64"
    )
    g = rng.normal(size=y.shape)
    want = [y + along_channels, *oracle.conv_gradients(x, kernel, g, **fields), g]
    require_gradients(backend, kit.derived(op, signature, backend), [x, kernel, bias], want)


@EVERY_CASE
def test_a_transposed_convolution(backend: Backend, case: str) -> None:
    """In groups and in one, from the places back to the cells."""
    fields, cells, kernel_shape = CASES[case]
    for groups in (fields["groups"], 1):
        fields = {**fields, "groups": groups}
        rng = np.random.default_rng(8)
        last = fields["channels_last"]
        x = rng.normal(size=laid_out(cells, kernel_shape[-2] * groups, channels_last=last))
        kernel = rng.normal(size=kernel_shape)
        y = rng.normal(size=oracle.conv(x, kernel, **fields).shape)
        op = ConvTranspose(**fields, bias=False, activation="linear", output_size=cells)
        signature = Signature(
            input_shape=y.shape[1:], weight_shapes=(kernel_shape,), dtype="float64"
        )
        g = rng.normal(size=x.shape)
        # One trilinear form: what the transposed one reads takes the place of the cotangent.
        of_kernel = oracle.conv_kernel_gradient(g, y, kernel_shape=kernel_shape, **fields)
        want = [
            oracle.conv_transpose(y, kernel, **fields, output_size=cells),
            oracle.conv(g, kernel, **fields),
            of_kernel,
            g,
        ]
        require_gradients(backend, kit.derived(op, signature, backend), [y, kernel], want)


@pytest.mark.parametrize("channels_last", [True, False])
def test_padding_and_upsampling(backend: Backend, channels_last: bool) -> None:
    """A crop may take more than the image has; both give gradients back."""
    x = np.random.default_rng(9).normal(size=laid_out((2, 3), 2, channels_last=channels_last))
    signature = Signature(input_shape=x.shape[1:], weight_shapes=(), dtype="float64")
    pads = ((3, -2), (-1, 2))
    pad = Pad(pads=pads, channels_last=channels_last)
    y = oracle.pad(x, pads, channels_last=channels_last)
    g = np.random.default_rng(10).normal(size=y.shape)
    back = tuple((-low, -high) for low, high in pads)
    want = [y, oracle.pad(g, back, channels_last=channels_last), g]
    require_gradients(backend, kit.derived(pad, signature, backend), [x], want)
    for interpolation in ("nearest", "bilinear"):
        fields: Any = {"interpolation": interpolation, "channels_last": channels_last}
        y = oracle.upsample(x, (3, 2), **fields)
        g = np.random.default_rng(11).normal(size=y.shape)
        want = [y, oracle.upsample_gradient(g, (3, 2), **fields), g]
        op = Upsample(factors=(3, 2), **fields)
        require_gradients(backend, kit.derived(op, signature, backend), [x], want)


def test_a_convolution_in_one_group_is_the_backends_own(backend: Backend) -> None:
    """The error says so, and nothing is derived of itself."""
    op = Conv(
        strides=(1,),
        pads=((0, 0),),
        dilation=(1,),
        groups=1,
        channels_last=True,
        bias=False,
        activation="linear",
    )
    signature = Signature(input_shape=(3, 1), weight_shapes=((1, 1, 1),), dtype="float32")
    with pytest.raises(UnsupportedOp, match="has to lower conv1d in one group itself"):
        kit.derived(op, signature, backend)
