"""Relations between answers of `Pad` and `Upsample`, and between these and a convolution."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from convdispatch.conformance.case import Case, Check
from convdispatch.conformance.cases.computing import (
    allowed,
    compute,
    layout,
    spatial_axes,
)
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.bounds import conv_bound
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Backend, ConvTranspose, Pad, Shape, Upsample

_SIZES: dict[int, Shape] = {1: (5,), 2: (3, 4), 3: (2, 3, 2)}
_PADS = (((2, 1),), ((1, 0), (0, 3)), ((0, 2), (1, 1), (3, 0)))
_NEAREST = ((3,), (2, 3), (1, 2, 3))
_BILINEAR = ((2, 2), (3, 1), (2, 5))


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for each identity, rank and layout."""
    for is_last in (True, False):
        for pads in _PADS:
            pad = _problem(Pad(pads=pads, channels_last=is_last), seed)
            yield _case("undone-by-cropping", undone, "Cropping removes padding.", pad)
            yield _case("twice", padded_twice, "Pads given one by one add up.", pad)
        factors = (
            itertools.product(("nearest",), _NEAREST),
            itertools.product(("bilinear",), _BILINEAR),
        )
        for interpolation, each in itertools.chain(*factors):
            op = Upsample(factors=each, interpolation=interpolation, channels_last=is_last)
            enlarged = _problem(op, seed)
            claim = "Flipping before upsampling gives the same as flipping afterwards."
            yield _case(f"mirrored-{interpolation}", mirrored, claim, enlarged)
            claim = "A constant image stays constant."
            yield _case(f"constant-{interpolation}", constant, claim, enlarged)
            if interpolation == "nearest":
                claim = "Repeating cells is a transposed convolution with a kernel of ones."
                yield _case("transposed-convolution", scattered, claim, enlarged)


def undone(backend: Backend, problem: Problem) -> None:
    """Pad and crop by as much, and compare with the input, bit by bit."""
    op, (x,) = problem.op, problem.arrays
    assert isinstance(op, Pad)
    back = replace(op, pads=tuple((-low, -high) for low, high in op.pads))
    padded = compute(backend, op, problem.dtype, x)
    again = compute(backend, back, problem.dtype, padded)
    require_within(again, x, 0, problem.dtype, "what was padded and cropped")


def padded_twice(backend: Backend, problem: Problem) -> None:
    """Pad the low sides and then the high ones, which is the same as both at once, exactly."""
    op, (x,) = problem.op, problem.arrays
    assert isinstance(op, Pad)
    lower = replace(op, pads=tuple((low, 0) for low, _ in op.pads))
    upper = replace(op, pads=tuple((0, high) for _, high in op.pads))
    first = compute(backend, lower, problem.dtype, x)
    twice = compute(backend, upper, problem.dtype, first)
    once = compute(backend, op, problem.dtype, x)
    require_within(once, twice, 0, problem.dtype, "what was padded at once")


def mirrored(backend: Backend, problem: Problem) -> None:
    """Compare both orders of flipping and enlarging, within twice the bound.

    It tells the grid of cell centres from those that begin at a corner.
    """
    axes, (x,) = tuple(spatial_axes(problem)), problem.arrays
    flipped = compute(backend, problem.op, problem.dtype, np.flip(x, axes))
    straight = np.flip(compute(backend, problem.op, problem.dtype, x), axes)
    limits = 2 * np.flip(allowed(backend, problem), axes)
    require_within(flipped, straight, limits, problem.dtype, "the flipped image, enlarged")


def constant(backend: Backend, problem: Problem) -> None:
    """Enlarge an image of 3: each cell is a mean of threes, of at most 8 roundings."""
    shape = problem.input_shape
    image = compute(backend, problem.op, problem.dtype, np.full(shape, 3.0))
    want = np.full(problem.expected[0].shape, 3.0)
    is_copied = isinstance(problem.op, Upsample) and problem.op.interpolation == "nearest"
    limits = np.zeros_like(want) if is_copied else conv_bound(want, 8, problem.dtype)
    require_within(image, want, limits, problem.dtype, "the image of threes, enlarged")


def scattered(backend: Backend, problem: Problem) -> None:
    """Compare with a transposed depthwise convolution, of one product a cell: within its bound."""
    x, scatter = problem.arrays[0], _scatter(problem)
    kernel = np.ones(scatter.weight_shapes[0])
    spread = compute(backend, scatter.op, problem.dtype, x, kernel)
    repeated = compute(backend, problem.op, problem.dtype, x)
    limits = conv_bound(np.abs(problem.expected[0]), scatter.reduction_length, problem.dtype)
    require_within(spread, repeated, limits, problem.dtype, "the transposed convolution with ones")


def _scatter(problem: Problem) -> Problem:
    op, rank = problem.op, len(problem.input_shape) - 2
    assert isinstance(op, Upsample)
    axes = spatial_axes(problem)
    size = tuple(problem.input_shape[axis] for axis in axes)
    channels = problem.input_shape[-1 if op.channels_last else 1]
    transposed = ConvTranspose(
        strides=op.factors,
        pads=((0, 0),) * rank,
        dilation=(1,) * rank,
        groups=channels,
        channels_last=op.channels_last,
        bias=False,
        activation="linear",
        output_size=tuple(n * factor for n, factor in zip(size, op.factors, strict=True)),
    )
    return replace(problem, op=transposed, weight_shapes=((*op.factors, 1, channels),))


def _problem(op: Pad | Upsample, seed: int) -> Problem:
    size = _SIZES[len(op.pads if isinstance(op, Pad) else op.factors)]
    shape = (2, *size, 3) if op.channels_last else (2, 3, *size)
    return Problem(op=op, input_shape=shape, seed=seed)


def _case(slug: str, check: Check, claim: str, problem: Problem) -> Case:
    numbers = problem.op.factors if isinstance(problem.op, Upsample) else ()
    ending = "".join(f"-{'x'.join(map(str, numbers))}" for _ in numbers[:1])
    used = [_scatter(problem)] if check is scattered else []
    return problem_case(
        "full", f"{slug}{ending}-{layout(problem)}", check, claim, problem, used=used
    )
