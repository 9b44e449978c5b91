"""NumPy's convolution by tiles: right wherever a tile ends, and in little memory."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from convdispatch.conformance import harness
from convdispatch.conformance.geometry import conv_problem
from convdispatch.conformance.suite.geometries import GEOMETRIES
from convdispatch.dispatch import lower
from convdispatch.ops import Conv, Signature
from convdispatch.registry import registry
from convdispatch_numpy import _im2col

UNGROUPED = [geometry for geometry in GEOMETRIES if geometry.groups == 1]
MEBIBYTE = 2**20


@pytest.mark.parametrize("geometry", UNGROUPED, ids=lambda geometry: geometry.id)
@pytest.mark.parametrize("tile_bytes", [1, 200, 1000])
def test_every_cut_gives_the_exact_sums(
    geometry, tile_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tiles of one cell, of some and of part of an image: eighths are added without rounding."""
    monkeypatch.setattr(_im2col, "TILE_BYTES", tile_bytes)
    problem = replace(conv_problem(geometry, channels_last=True), values="eighths", dtype="float64")
    if problem.op.activation not in ("linear", "relu"):
        problem = replace(problem, op=replace(problem.op, activation="linear"))
    found = harness.run(registry.load("numpy"), problem)
    np.testing.assert_array_equal(found, problem.expected[0])


def test_the_kernels_gradient_is_summed_over_all_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """One tap sees each cell once: its gradient is the sum of them, tile by tile."""
    monkeypatch.setattr(_im2col, "TILE_BYTES", 16)
    tiled = _im2col.TiledConvolution(
        input_size=(5,),
        output_size=(5,),
        kernel_shape=(3, 1, 1),
        strides=(1,),
        dilation=(1,),
        low_pads=(1,),
    )
    x = np.array([[1.0, 2.0, 3.0, 4.0, 5.0], [10.0, 20.0, 30.0, 40.0, 50.0]])[..., None]
    gradient = tiled.kernel_adjoint(x, np.ones_like(x))
    assert gradient.ravel().tolist() == [110.0, 165.0, 154.0]


def test_taps_and_strides_far_apart_are_read_one_by_one() -> None:
    """Where the cells between them would fill the memory, no block of them is made."""
    near = _im2col.TiledConvolution(
        input_size=(9000,),
        output_size=(8999,),
        kernel_shape=(2, 200, 1),
        strides=(1,),
        dilation=(1,),
        low_pads=(0,),
    )
    dilated = replace(near, output_size=(1000,), dilation=(8000,))
    strided = replace(near, output_size=(2,), strides=(8000,))
    assert [near.is_compact, dilated.is_compact, strided.is_compact] == [True, False, False]


def test_a_large_image_takes_little_scratch_memory() -> None:
    """At most 32 MiB above input, weights and output, for 1080 x 1920 by 7x7x3x64."""
    op = Conv(
        strides=(1, 1),
        pads=((3, 3), (3, 3)),
        dilation=(1, 1),
        groups=1,
        channels_last=True,
        bias=False,
        activation="linear",
    )
    signature = Signature(
        input_shape=(1080, 1920, 3), weight_shapes=((7, 7, 3, 64),), dtype="float32"
    )
    conv = lower(registry.load("numpy"), op, signature)
    x, kernel = np.ones((1, 1080, 1920, 3), "float32"), np.ones((7, 7, 3, 64), "float32")
    tracemalloc.start()
    try:
        y = conv(x, kernel)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert y[0, 500, 500].tolist() == [147.0] * 64
    assert peak - y.nbytes <= 32 * MEBIBYTE
