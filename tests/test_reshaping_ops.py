"""Padding, cropping and upsampling on every available backend, against the oracle."""

from __future__ import annotations

import numpy as np
import pytest
from precision import in_float64

from convdispatch.conformance import bounds, oracle
from convdispatch.conformance.harness import excess, gradients, plan, run
from convdispatch.ops import Pad, Upsample

DTYPES = pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
LAYOUTS = pytest.mark.parametrize("channels_last", [True, False], ids=["last", "first"])
# The number of rows is the number of axes: nothing, zeros, crops to the end, both on one axis.
EVERY_PADS = pytest.mark.parametrize(
    "pads",
    [
        ((2, 1),),
        ((-1, 0),),
        ((-2, 3),),
        ((0, 0), (0, 0)),
        ((1, 0), (0, 2)),
        ((-1, -2), (1, -1)),
        ((0, -1), (2, 2), (-1, 0)),
    ],
    ids=str,
)
EVERY_UPSAMPLING = pytest.mark.parametrize(
    ("interpolation", "factors"),
    [
        ("nearest", (3,)),
        ("nearest", (2, 3)),
        ("nearest", (2, 1, 3)),
        ("bilinear", (2, 2)),
        ("bilinear", (1, 3)),
        ("bilinear", (4, 5)),
    ],
    ids=str,
)
EVERY_OP = pytest.mark.parametrize(
    ("op", "output_shape"),
    [
        (Pad(pads=((1, -2), (0, 3)), channels_last=True), (2, 7, 5)),
        (Pad(pads=((1, -2), (0, 3)), channels_last=False), (3, 3, 8)),
        (Upsample(factors=(2, 3), interpolation="nearest", channels_last=True), (6, 12, 5)),
        (Upsample(factors=(2, 3), interpolation="bilinear", channels_last=True), (6, 12, 5)),
        (Upsample(factors=(2, 3), interpolation="bilinear", channels_last=False), (3, 8, 15)),
    ],
    ids=["pad-last", "pad-first", "nearest-last", "bilinear-last", "bilinear-first"],
)


@pytest.fixture
def backend(backend):
    """Give each backend in turn, in its 64-bit mode where that has to be switched on."""
    with in_float64(backend.name):
        yield backend


@LAYOUTS
@DTYPES
@EVERY_PADS
def test_pad_is_exact(backend, pads, dtype, channels_last):
    """Zeros appear and cells vanish where the oracle says, in every element type."""
    require_numpy_has(dtype)
    x = eighths((2, 4, 5, 6, 3)[: len(pads) + 2])
    got = run(backend, Pad(pads=pads, channels_last=channels_last), (x,), dtype=dtype)
    assert got.dtype.name == dtype
    assert got.tolist() == oracle.pad(x, pads, channels_last=channels_last).tolist()


@LAYOUTS
@EVERY_PADS
def test_gradient_of_a_pad_is_the_opposite_pad(differentiable, pads, channels_last):
    """What was padded is cropped, and cells that were cropped get zero."""
    x = eighths((2, 4, 5, 6, 3)[: len(pads) + 2])
    cotangent = oracle.pad(x, pads, channels_last=channels_last) + 1
    op = Pad(pads=pads, channels_last=channels_last)
    (got,) = gradients(differentiable, op, (x,), cotangent)
    opposite = tuple((-low, -high) for low, high in pads)
    assert got.tolist() == oracle.pad(cotangent, opposite, channels_last=channels_last).tolist()


@LAYOUTS
@DTYPES
@EVERY_UPSAMPLING
def test_upsample_is_the_oracles(backend, interpolation, factors, dtype, channels_last):
    """Copies are exact; means of four cells err by a few roundings."""
    require_numpy_has(dtype)
    x = eighths((2, 3, 4, 2, 3)[: len(factors) + 2])
    fields = {"interpolation": interpolation, "channels_last": channels_last}
    got = run(backend, Upsample(factors=factors, **fields), (x,), dtype=dtype)
    assert got.dtype.name == dtype
    want = oracle.upsample(x, factors, **fields)
    assert excess(got, want, interpolation_bound(interpolation, dtype) * np.abs(x).max()) <= 0


@LAYOUTS
@EVERY_UPSAMPLING
def test_gradient_of_an_upsample_is_its_adjoint(
    differentiable, interpolation, factors, channels_last
):
    """A cell gets the cotangent of every cell that it was spread to, in the same shares."""
    fields = {"interpolation": interpolation, "channels_last": channels_last}
    size = (3, 2, 2)[: len(factors)]
    x = np.zeros((1, *size, 1) if channels_last else (1, 1, *size))
    unit_images = np.eye(x.size).reshape(x.size, *x.shape[1:])
    spread = oracle.upsample(unit_images, factors, **fields)
    cotangent = eighths((1, *spread.shape[1:]))
    want = np.sum(spread * cotangent, axis=tuple(range(1, x.ndim))).reshape(x.shape)
    (got,) = gradients(differentiable, Upsample(factors=factors, **fields), (x,), cotangent)
    assert excess(got, want, 1e-12 * np.abs(cotangent).sum()) <= 0


@EVERY_OP
def test_an_empty_batch_stays_empty(backend, op, output_shape):
    """No items in, none out, and the other axes as ever."""
    assert run(backend, op, (np.zeros((0, 3, 4, 5)),)).shape == (0, *output_shape)


@EVERY_OP
def test_an_empty_batch_has_an_empty_gradient(differentiable, op, output_shape):
    """The gradient has the shape of the input, which holds nothing."""
    x, cotangent = np.zeros((0, 3, 4, 5)), np.zeros((0, *output_shape))
    (got,) = gradients(differentiable, op, (x,), cotangent)
    assert got.shape == x.shape


@EVERY_OP
def test_inputs_are_left_as_they_were(backend, op, output_shape):
    """The input is not written to."""
    x = eighths((2, 3, 4, 5))
    native = backend.asarray(x, "float64")
    result = backend.to_numpy(plan(backend, op, (x,))(native))
    assert result.shape == (2, *output_shape)
    assert backend.to_numpy(native).tolist() == x.tolist()


def eighths(shape):
    """Return random multiples of 1/8 from -2 to 2, which every element type holds."""
    return np.random.default_rng(5).integers(-16, 17, shape) / 8


def interpolation_bound(interpolation, dtype):
    """Return the relative error of a mean of four cells: none where cells are only copied.

    A share of each axis is rounded twice, its product with the cell and with the other share
    once each, the three sums and the result once each: 16 roundings cover every order of these.
    """
    if interpolation == "nearest":
        return 0
    return bounds.gamma(16, bounds.unit_roundoff(dtype))


def require_numpy_has(dtype):
    """Skip where the tests themselves could not hold the element type."""
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="NumPy's bfloat16 needs the package ml_dtypes")
