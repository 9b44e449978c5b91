"""Flipped or transposed data, kernels and fields give the flipped or transposed result.

Here, and in `rewritten`, two answers of one backend are compared: each may be off by its bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from convdispatch.conformance.case import Case, Check
from convdispatch.conformance.cases.computing import (
    allowed,
    alternating,
    compute,
    convolution,
    linear,
    spatial_axes,
)
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.problem import Array, Problem, output_shape
from convdispatch.ops import Backend, Conv, ConvTranspose


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for each symmetry and each chosen geometry."""
    for slug, check, claim in _SYMMETRIES:
        for ending, drawn in alternating(seed=seed):
            problem = linear(drawn)
            if check is axes_exchanged and len(spatial_axes(problem)) == 1:
                continue  # a single axis has no other order
            used = []
            if check is other_layout:
                used.append(in_other_layout(problem))
            yield problem_case("full", f"{slug}-{ending}", check, claim, problem, used=used)


def mirrored(backend: Backend, problem: Problem) -> None:
    """Check that flipped data under a flipped kernel give the flipped result, within two bounds.

    The pads change sides; where a stride leaves cells over at the end, they are cropped there.
    """
    op, (x, kernel) = convolution(problem), problem.arrays
    axes = tuple(spatial_axes(problem))
    flipped_op: Conv | ConvTranspose = replace(op, pads=_mirrored_pads(problem))
    flipped_kernel = np.flip(kernel, tuple(range(len(axes))))
    flipped = compute(backend, flipped_op, problem.dtype, np.flip(x, axes), flipped_kernel)
    straight = np.flip(compute(backend, op, problem.dtype, x, kernel), axes)
    limits = 2 * np.flip(allowed(backend, problem), axes)
    require_within(flipped, straight, limits, problem.dtype, "the result of flipped data")


def axes_exchanged(backend: Backend, problem: Problem) -> None:
    """Check that reversed spatial axes reverse those of the result, within twice its bound."""
    op, (x, kernel) = convolution(problem), problem.arrays
    axes = spatial_axes(problem)
    order = list(range(x.ndim))
    order[axes[0] : axes[-1] + 1] = reversed(axes)
    turned_op: Conv | ConvTranspose = replace(
        op, strides=op.strides[::-1], pads=op.pads[::-1], dilation=op.dilation[::-1]
    )
    if isinstance(turned_op, ConvTranspose):
        turned_op = replace(turned_op, output_size=turned_op.output_size[::-1])
    rank = len(axes)
    turned_kernel = kernel.transpose(*reversed(range(rank)), rank, rank + 1)
    turned = compute(backend, turned_op, problem.dtype, x.transpose(order), turned_kernel)
    straight = compute(backend, op, problem.dtype, x, kernel).transpose(order)
    limits = 2 * allowed(backend, problem).transpose(order)
    require_within(turned, straight, limits, problem.dtype, "the result of exchanged axes")


def other_layout(backend: Backend, problem: Problem) -> None:
    """Check that the other layout gives the same numbers in its order, within twice their bound."""
    op, (x, kernel) = convolution(problem), problem.arrays
    other_op = in_other_layout(problem).op
    other = compute(backend, other_op, problem.dtype, _moved(x, op), kernel)
    one = _moved(compute(backend, op, problem.dtype, x, kernel), op)
    limits = 2 * _moved(allowed(backend, problem), op)
    require_within(other, one, limits, problem.dtype, "the result in the other layout")


def in_other_layout(problem: Problem) -> Problem:
    """Return the problem with its channels on the other side; the numbers are drawn anew."""
    op = convolution(problem)
    shape = _moved(np.empty(problem.input_shape, bool), op).shape
    return replace(problem, op=replace(op, channels_last=not op.channels_last), input_shape=shape)


def _moved(array: Array, op: Conv | ConvTranspose) -> Array:
    """Return an array in the op's layout in the other one."""
    return np.moveaxis(array, -1, 1) if op.channels_last else np.moveaxis(array, 1, -1)


def _mirrored_pads(problem: Problem) -> tuple[tuple[int, int], ...]:
    op, kernel_shape = convolution(problem), problem.weight_shapes[0]
    read, written = problem.input_shape, output_shape(problem)
    if isinstance(op, ConvTranspose):  # what is padded is what the convolution would read
        read, written = written, read
    pads = []
    for number, axis in enumerate(spatial_axes(problem)):
        low, _ = op.pads[number]
        reach = op.dilation[number] * (kernel_shape[number] - 1)
        covered = (written[axis] - 1) * op.strides[number] + reach + 1
        pads.append((covered - read[axis] - low, low))
    return tuple(pads)


_SYMMETRIES: tuple[tuple[str, Check, str], ...] = (
    ("mirrored", mirrored, "Flipped data under a flipped kernel give the flipped result."),
    (
        "exchanged-axes",
        axes_exchanged,
        "Reversing the order of the spatial axes reverses that of the result.",
    ),
    ("other-layout", other_layout, "The other layout gives the same numbers in its own order."),
)
