"""A convolution written as another one: by groups, with a stuffed kernel, with pads of its own.

Here, as in `symmetries`, two answers of one backend are compared: each may be off by its bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from convdispatch.conformance.case import Case, Check
from convdispatch.conformance.cases.computing import (
    allowed,
    alternating,
    channel_axis,
    compute,
    convolution,
    linear,
    slack,
    spatial_axes,
)
from convdispatch.conformance.cases.conv_rows import ConvRow
from convdispatch.conformance.cases.geometries import GEOMETRIES
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Backend, Conv, ConvTranspose, Pad, known_sizes


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for each way of writing and each geometry in which it changes something."""
    for slug, check, claim, geometries in _ways():
        for ending, drawn in alternating(geometries, seed=seed):
            problem = linear(drawn)
            used = []
            if check is padded_before:
                used.append(replace(problem, op=_pad_op(problem), weight_shapes=()))
            yield problem_case("full", f"{slug}-{ending}", check, claim, problem, used=used)


def group_by_group(backend: Backend, problem: Problem) -> None:
    """Check that groups are convolutions of their own, side by side, within twice the bound."""
    op, (x, kernel) = convolution(problem), problem.arrays
    axis = channel_axis(problem)
    channels = np.split(x, op.groups, axis)
    kernels = np.split(kernel, op.groups, -1)
    alone: Conv | ConvTranspose = replace(op, groups=1)
    parts = [
        compute(backend, alone, problem.dtype, *pair)
        for pair in zip(channels, kernels, strict=True)
    ]
    together = compute(backend, op, problem.dtype, x, kernel)
    limits = 2 * allowed(backend, problem)
    joined = np.concatenate(parts, axis)
    require_within(together, joined, limits, problem.dtype, "the grouped result")


def stuffed_with_zeros(backend: Backend, problem: Problem) -> None:
    """Check that a dilated kernel is one with zeros between its taps.

    The sum over the stuffed kernel has more products; the sides may differ by both bounds.
    """
    op, (x, kernel) = convolution(problem), problem.arrays
    rank = len(op.strides)
    size = tuple(
        (taps - 1) * rate + 1 for taps, rate in zip(kernel.shape[:rank], op.dilation, strict=True)
    )
    stuffed = np.zeros((*size, *kernel.shape[rank:]))
    stuffed[tuple(slice(None, None, rate) for rate in op.dilation)] = kernel
    plain: Conv | ConvTranspose = replace(op, dilation=(1,) * rank)
    dilated = compute(backend, op, problem.dtype, x, kernel)
    limits = allowed(backend, problem) + slack(backend, replace(problem, op=plain), x, stuffed)
    expected = compute(backend, plain, problem.dtype, x, stuffed)
    require_within(dilated, expected, limits, problem.dtype, "the dilated result")


def padded_before(backend: Backend, problem: Problem) -> None:
    """Check that padding first, by the op `Pad`, gives the same, within twice the bound.

    The transposed convolution is cropped by the pads afterwards.
    """
    op, arrays = convolution(problem), problem.arrays
    nothing = ((0, 0),) * len(op.pads)
    if isinstance(op, ConvTranspose):
        written = known_sizes(op.output_size)
        size = tuple(n + low + high for n, (low, high) in zip(written, op.pads, strict=True))
        unpadded = replace(op, pads=nothing, output_size=size)
        full = compute(backend, unpadded, problem.dtype, *arrays)
        separate = compute(backend, _pad_op(problem), problem.dtype, full)
    else:
        padded = compute(backend, _pad_op(problem), problem.dtype, arrays[0])
        separate = compute(backend, replace(op, pads=nothing), problem.dtype, padded, arrays[1])
    at_once = compute(backend, op, problem.dtype, *arrays)
    limits = 2 * allowed(backend, problem)
    require_within(at_once, separate, limits, problem.dtype, "the padded result")


def cropped_before(backend: Backend, problem: Problem) -> None:
    """Check that negative pads are cells that might as well be missing, within twice the bound.

    The transposed convolution writes zeros to the cells that were cropped.
    """
    op, (x, kernel) = convolution(problem), problem.arrays
    axes = spatial_axes(problem)
    grown = tuple((max(low, 0), max(high, 0)) for low, high in op.pads)
    crops = [(max(-low, 0), max(-high, 0)) for low, high in op.pads]
    at_once = compute(backend, op, problem.dtype, x, kernel)
    limits = 2 * allowed(backend, problem)
    if isinstance(op, ConvTranspose):
        written = known_sizes(op.output_size)
        size = tuple(n - sum(crop) for n, crop in zip(written, crops, strict=True))
        rest = replace(op, pads=grown, output_size=size)
        widths = _each_axis(axes, crops, x.ndim)
        expected = np.pad(compute(backend, rest, problem.dtype, x, kernel), widths)
    else:
        kept = [slice(None)] * x.ndim
        for axis, (low, high) in zip(axes, crops, strict=True):
            kept[axis] = slice(low, x.shape[axis] - high)
        rest_op = replace(op, pads=grown)
        expected = compute(backend, rest_op, problem.dtype, x[tuple(kept)], kernel)
    require_within(at_once, expected, limits, problem.dtype, "the cropped result")


def matrix_product(backend: Backend, problem: Problem) -> None:
    """Check that one tap, stride 1 and no pads are `matmul` over the channels.

    Both sums have as many products, in an order of their own: they may differ by two bounds.
    """
    op, (x, kernel) = convolution(problem), problem.arrays
    is_transposed = isinstance(op, ConvTranspose)
    axis = channel_axis(problem)
    matrix = kernel.reshape(kernel.shape[-2:])
    rows = np.moveaxis(x, axis, -1)
    product = backend.functions["matmul"](
        backend.asarray(rows.reshape(-1, rows.shape[-1]), problem.dtype),
        backend.asarray(matrix.T if is_transposed else matrix, problem.dtype),
    )
    values = np.asarray(backend.to_numpy(product)).reshape(*rows.shape[:-1], -1)
    result = compute(backend, op, problem.dtype, x, kernel)
    limits = 2 * allowed(backend, problem)
    expected = np.moveaxis(values, -1, axis)
    require_within(result, expected, limits, problem.dtype, "the pointwise result")


def _pad_op(problem: Problem) -> Pad:
    """Return the padding before a convolution, or the cropping after a transposed one."""
    op = convolution(problem)
    if not isinstance(op, ConvTranspose):
        return Pad(pads=op.pads, channels_last=op.channels_last)
    crops = tuple((-low, -high) for low, high in op.pads)
    return Pad(pads=crops, channels_last=op.channels_last)


def _each_axis(axes: range, widths: list[tuple[int, int]], ndim: int) -> list[tuple[int, int]]:
    every = [(0, 0)] * ndim
    for axis, width in zip(axes, widths, strict=True):
        every[axis] = width
    return every


# One tap, stride 1 and no pads, of each rank and in each layout (`alternating` begins with last).
_POINTWISE = tuple(
    ConvRow(f"{len(size)}d-{name}-pointwise", size, (1,) * len(size), channels=channels)
    for size in ((6,), (3, 4), (2, 3, 2))
    for name, channels in (("narrowing", (5, 2)), ("widening", (3, 7)))
)


def _ways() -> tuple[tuple[str, Check, str, tuple[ConvRow, ...]], ...]:
    """Return the beginning of an id, the check, its claim and the geometries that it is for."""
    grouped = tuple(one for one in GEOMETRIES if one.groups > 1)
    dilated = tuple(one for one in GEOMETRIES if any(rate > 1 for rate in one.dilation))
    padded = tuple(one for one in GEOMETRIES if any(map(any, one.pads)))
    cropped = tuple(one for one in GEOMETRIES if any(min(pair) < 0 for pair in one.pads))
    return (
        (
            "group-by-group",
            group_by_group,
            "Groups are convolutions of their own, side by side.",
            grouped,
        ),
        (
            "stuffed-with-zeros",
            stuffed_with_zeros,
            "A dilated kernel is one with zeros between its taps.",
            dilated,
        ),
        (
            "padded-before",
            padded_before,
            "Padding by the op `Pad` first, or cropping last, gives the same.",
            padded,
        ),
        (
            "cropped-before",
            cropped_before,
            "A negative pad gives the same as an input without the cropped cells.",
            cropped,
        ),
        (
            "matrix-product",
            matrix_product,
            "One tap without strides and pads is `matmul` over the channels.",
            _POINTWISE,
        ),
    )
