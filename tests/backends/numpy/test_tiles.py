"""NumPy's convolution by tiles: right wherever a tile ends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.conv_rows import ConvRow, conv_problem
from convdispatch.conformance.cases.geometries import GEOMETRIES
from convdispatch.kit import Axis, axes
from convdispatch.numerics.problem import Problem
from convdispatch.registry import registry
from convdispatch_numpy import _im2col, _phases, _scratch
from convdispatch_numpy._correlate import Correlation

DEPTHWISE = [geometry for geometry in GEOMETRIES if geometry.groups == geometry.channels[0] > 1]


def cut_into(monkeypatch: pytest.MonkeyPatch, tile_bytes: int) -> None:
    """Let tiles be as small as that."""
    monkeypatch.setattr(_im2col, "TILE_BYTES", tile_bytes)
    monkeypatch.setattr(_im2col, "TILE_CELLS", 1)


@pytest.mark.parametrize(
    ("length", "batch", "threads", "cells"),
    [
        (256, 1, 1, [1024, 1024, 1024, 1024]),  # a mebibyte each
        (256, 1, 8, [512] * 8),
        (4096, 1, 1, [187] * 22),  # nearly three mebibytes each
        (100_000, 1, 1, [7] * 586),
        (16, 1, 2, [2048, 2048]),  # one would do, but there is enough for two threads
    ],
)
def test_tiles_are_large_enough_for_a_product_and_small_enough_for_a_cache(
    length: int, batch: int, threads: int, cells: list[int]
) -> None:
    """By hand, for a line of 4096 cells in float32."""
    line = one_axis(input_size=4096, output_size=4096, taps=1)
    tiled = _im2col.TiledConvolution(axes=line, groups=1, read=length, written=1)
    tiles = tiled.tiles(batch, 4, threads, True)
    found = [tiles[index].cells for index in range(len(tiles))]
    assert sum(found) == 4096
    assert found[:-1] == cells[:-1]
    assert len(found) == len(cells)


def exact_problem(geometry: ConvRow) -> Problem:
    """Return the convolution of numbers that are added without rounding."""
    problem = replace(conv_problem(geometry, channels_last=True), values="eighths", dtype="float64")
    if problem.op.activation not in ("linear", "relu"):
        problem = replace(problem, op=replace(problem.op, activation="linear"))
    return problem


def one_axis(
    *,
    input_size: int,
    output_size: int,
    taps: int,
    strides: int = 1,
    dilation: int = 1,
    low_pad: int = 0,
) -> tuple[Axis]:
    """Return the axes of a convolution along a line."""
    span = (output_size - 1) * strides + (taps - 1) * dilation + 1
    return (
        Axis(
            size=input_size,
            count=output_size,
            taps=taps,
            stride=strides,
            dilation=dilation,
            low=low_pad,
            high=span - low_pad - input_size,
        ),
    )


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda geometry: geometry.id)
@pytest.mark.parametrize("tile_bytes", [1, 200, 1000])
def test_every_cut_gives_the_exact_sums(
    geometry: ConvRow, tile_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tiles of one cell, of some and of part of an image: eighths are added without rounding."""
    cut_into(monkeypatch, tile_bytes)
    problem = exact_problem(geometry)
    found = harness.run(registry.load("numpy"), problem)
    np.testing.assert_array_equal(found, problem.expected[0])


@pytest.mark.parametrize("geometry", DEPTHWISE, ids=lambda geometry: geometry.id)
@pytest.mark.parametrize("block_bytes", [1, 200])
def test_every_block_of_a_depthwise_convolution_gives_the_exact_sums(
    geometry: ConvRow, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks of one cell and of some."""
    monkeypatch.setattr(_scratch, "products", lambda threads: block_bytes)
    problem = exact_problem(geometry)
    found = harness.run(registry.load("numpy"), problem)
    np.testing.assert_array_equal(found, problem.expected[0])


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda geometry: geometry.id)
def test_the_adjoints_are_adjoint_in_every_cut(
    geometry: ConvRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """<y, x * k> = <y * k, x> = <grad k, k> in whole numbers, which are added without rounding."""
    cut_into(monkeypatch, 200)
    monkeypatch.setattr(_scratch, "products", lambda threads: 200)
    read, written = geometry.channels
    problem = conv_problem(geometry, channels_last=True)
    correlation = Correlation(
        axes=axes(problem.op, problem.signature),
        kernel_shape=(*geometry.kernel, read // geometry.groups, written),
        groups=geometry.groups,
    )
    numbers = np.random.default_rng(5)
    x = numbers.integers(-8, 9, (2, *geometry.size, read)).astype("float64")
    kernel = numbers.integers(-8, 9, correlation.kernel_shape).astype("float64")
    y = numbers.integers(-8, 9, (2, *geometry.output_size, written)).astype("float64")
    product = np.vdot(y, correlation.forward(x, kernel))
    assert np.vdot(correlation.input_adjoint(y, kernel), x) == product
    assert np.vdot(correlation.kernel_adjoint(x, y), kernel) == product


def test_the_kernels_gradient_is_summed_over_all_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """One tap sees each cell once: its gradient is the sum of them, tile by tile."""
    cut_into(monkeypatch, 16)
    line = one_axis(input_size=5, output_size=5, taps=3, low_pad=1)
    tiled = _im2col.TiledConvolution(axes=line, groups=1, read=1, written=1)
    x = np.array([[1.0, 2.0, 3.0, 4.0, 5.0], [10.0, 20.0, 30.0, 40.0, 50.0]])[..., None]
    gradient = tiled.kernel_adjoint(x, np.ones_like(x))
    assert gradient.ravel().tolist() == [110.0, 165.0, 154.0]


@pytest.mark.parametrize(
    ("strides", "dilation", "is_compact"),
    [(1, 1, True), (1, 8000, False), (8000, 1, False), (32, 1, True), (33, 1, False)],
)
def test_taps_and_strides_far_apart_are_read_one_by_one(
    strides: int, dilation: int, is_compact: bool
) -> None:
    """Where the cells between them would fill the memory, no block of them is made."""
    line = one_axis(input_size=9000, output_size=2, taps=2, strides=strides, dilation=dilation)
    assert (
        _im2col.TiledConvolution(axes=line, groups=1, read=200, written=1).is_compact is is_compact
    )


def test_a_stride_of_two_transposed_is_four_convolutions() -> None:
    """By hand: of 3 taps those at 0 and 2 write even cells, that at 1 odd ones."""
    line = one_axis(input_size=7, output_size=3, taps=3, strides=2)
    found = _phases.phases(line)
    assert [(phase.cells[1], phase.axes[0].taps) for phase in found] == [
        (slice(0, 7, 2), 2),
        (slice(1, 6, 2), 1),
    ]
    assert len(list(_phases.phases(line * 2))) == 4


def test_a_stride_and_a_dilation_on_one_axis_share_their_classes() -> None:
    """By hand: taps at 0, 3 and 6, strides of 2. Cells 0, 2, ... get those at 0 and 6.

    They are two taps at the distance 3, in cells of the input; the tap at 3 writes 3, 5, ...
    """
    line = one_axis(input_size=12, output_size=3, taps=3, strides=2, dilation=3)
    even, odd = _phases.phases(line)
    assert (even.cells[1], even.taps) == (slice(0, 11, 2), (slice(0, 3, 2),))
    assert (odd.cells[1], odd.taps) == (slice(1, 12, 2), (slice(1, 2, 2),))
    assert (even.axes[0].dilation, even.axes[0].low) == (3, 3)
    assert (odd.axes[0].taps, odd.axes[0].low) == (1, 1)


def test_a_stride_that_divides_the_dilation_reaches_one_class() -> None:
    """By hand: taps at 0 and 2, a stride of 2: every other cell stays zero."""
    (only,) = _phases.phases(one_axis(input_size=9, output_size=4, taps=2, strides=2, dilation=2))
    assert (only.cells[1], only.taps) == (slice(0, 9, 2), (slice(0, 2, 1),))
    assert (only.axes[0].dilation, only.axes[0].low) == (1, 1)


def test_a_thread_has_its_scratch_memory_for_itself() -> None:
    """Memory in use is given neither to a computation that interrupts nor to another thread."""
    scratch = _scratch.Kept()
    first = scratch.take(16)
    nested = scratch.take(16)
    assert not np.shares_memory(first, nested)
    scratch.give_back(first)
    with ThreadPoolExecutor(1) as pool:
        assert not np.shares_memory(pool.submit(scratch.take, 16).result(), first)
    assert scratch.take(16) is first


def test_only_what_has_to_be_is_copied_to_scratch_memory() -> None:
    """A contiguous array is used as it is; one that is too large gets memory of its own."""
    memory = np.zeros(16, np.uint8)
    x = np.arange(8, dtype="int16").reshape(2, 4)
    assert _scratch.contiguous(x, memory) is x
    copy = _scratch.contiguous(x.T, memory)
    assert np.shares_memory(copy, memory)
    assert copy.tolist() == x.T.tolist()
    large = _scratch.contiguous(x.astype("int32").T, memory)
    assert not np.shares_memory(large, memory)
    assert large.flags.c_contiguous
    assert large.tolist() == x.T.tolist()
