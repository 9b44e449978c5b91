"""What the checks of several modules share: computing with given arrays, and error bounds.

A case's arguments are problems and plain values; the tensors are made in here.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.conv_rows import ConvRow, conv_problem, transpose_problem
from convdispatch.conformance.cases.geometries import GEOMETRIES
from convdispatch.numerics import bounds
from convdispatch.numerics.problem import Array, Problem, before_bias
from convdispatch.ops import (
    Backend,
    Conv,
    ConvTranspose,
    Dense,
    Op,
    Pad,
    Pool,
    Resize,
    Shape,
    Signature,
    Tensor,
    Upsample,
    features,
    spatial_rank,
)

T = TypeVar("T")

# Every field of a convolution but the activation differs from its neutral value in some row, on
# each rank; the properties below are checked for each. An activation that is wrong is told by the
# cases about results, and not by those about memory, threads or batches.
_CHOSEN = (
    "1d-even-kernel", "1d-stride-3-leaves-cells-unread", "1d-strided-dilated", "1d-pad-and-crop",
    "1d-groups", "1d-depthwise", "2d-plain", "2d-mixed-strides", "2d-strided-dilated",
    "2d-crop-and-pad", "2d-groups", "2d-depthwise-strided", "2d-groups-strided-dilated",
    "3d-mixed-pads", "3d-strided-dilated", "3d-depthwise",
)  # fmt: skip
CHOSEN = tuple(
    replace(geometry, activation="linear") for geometry in GEOMETRIES if geometry.id in _CHOSEN
)


def alternating(
    geometries: tuple[ConvRow, ...] = CHOSEN, **numbers: Any
) -> Iterator[tuple[str, Problem]]:
    """Yield each geometry's convolution and its adjoint, the two in different layouts.

    Which of them has its channels last depends on the geometry's name alone. Each comes with the
    end of an id.
    """
    for geometry in geometries:
        is_last = pick((True, False), geometry.id)
        yield _named(geometry, conv_problem(geometry, channels_last=is_last, **numbers))
        yield _named(geometry, transpose_problem(geometry, channels_last=not is_last, **numbers))


def pick(options: Sequence[T], slug: str) -> T:
    """Return one of the options, always the same one for a slug: ids must not depend on rows.

    >>> pick("abc", "1d-plain"), pick("abc", "3d-plain")
    ('c', 'a')
    """
    return options[zlib.crc32(slug.encode()) % len(options)]


def linear(problem: Problem) -> Problem:
    """Return the problem without bias and activation."""
    op = convolution(problem)
    return replace(
        problem,
        op=replace(op, bias=False, activation="linear"),
        weight_shapes=problem.weight_shapes[:1],
    )


def convolution(problem: Problem) -> Conv | ConvTranspose:
    """Return the problem's op, which is one of the two."""
    assert isinstance(problem.op, Conv | ConvTranspose)
    return problem.op


def spatial_axes(problem: Problem) -> range:
    """Return the axes of the input that are neither batch nor channels."""
    first = 1 if problem.channels_last else 2
    return range(first, first + len(problem.input_shape) - 2)


def channel_axis(problem: Problem) -> int:
    """Return the axis of the input that holds the channels."""
    return len(problem.input_shape) - 1 if problem.channels_last else 1


def apply(backend: Backend, function: Callable[..., Tensor], dtype: str, *arrays: Array) -> Array:
    """Return the result of a function of native tensors for these arrays."""
    native = [backend.asarray(array, dtype) for array in arrays]
    return np.asarray(backend.to_numpy(function(*native)))


def compute(backend: Backend, op: Op, dtype: str, *arrays: Array) -> Array:
    """Lower the op for the shapes of an input and its weights, and return its result."""
    x, *weights = arrays
    signature = Signature(
        input_shape=x.shape[1:], weight_shapes=tuple(w.shape for w in weights), dtype=dtype
    )
    return apply(backend, harness.lower(backend, op, signature), dtype, *arrays)


def slack(backend: Backend, problem: Problem, x: Array, kernel: Array) -> Array:
    """Return the largest allowed error of a convolution without bias and activation.

    `problem` gives the op and the element type; the reduction is as long as `kernel` makes it.
    """
    resized = replace(problem, input_shape=x.shape, weight_shapes=(kernel.shape,))
    absolute = before_bias(convolution(problem), np.abs(x), np.abs(kernel))
    length = resized.reduction_length
    bound = bounds.conv_bound(absolute, length, problem.dtype)
    # NumPy adds up some of the expected results in float64.
    own = bounds.conv_bound(absolute, length + 4, "float64")
    return np.asarray(harness.accuracy(backend, problem) * bound + own)


def allowed(backend: Backend, problem: Problem) -> Array:
    """Return the largest allowed error of the problem's own result."""
    return np.asarray(harness.accuracy(backend, problem) * problem.expected[1])


def described(op: Op) -> str:
    """Return the word that ids use for the kind of op."""
    if isinstance(op, Resize):
        return f"{op.interpolation}-{op.coordinates}"
    if isinstance(op, Pool):
        return "counting-pads" if op.counts_pads else "windows"
    if isinstance(op, Upsample):
        return op.interpolation
    return "zeros" if isinstance(op, Pad) else op.activation


def problem_of(op: Op, *, size: Shape = (3, 4, 2), **numbers: Any) -> Problem:
    """Return a problem of the op with that many cells, two samples and two channels."""
    if isinstance(op, Dense):
        weights = ((3, 4), (4,)) if op.bias else ((3, 4),)
        return Problem(op=op, input_shape=(2, 2, 3), weight_shapes=weights, **numbers)
    cells = size[: spatial_rank(op)]
    shape = (2, *cells, 2) if op.channels_last else (2, 2, *cells)
    return Problem(op=op, input_shape=shape, **numbers)


def every_feature(*problems: Problem) -> tuple[str, ...]:
    """Return all features that some of the problems use, each once."""
    used = (features(problem.op, problem.signature) for problem in problems)
    return tuple(dict.fromkeys(feature for those in used for feature in those))


def layout(problem: Problem) -> str:
    """Return 'last' or 'first', as ids say where the channels are."""
    return "last" if problem.channels_last else "first"


def _named(geometry: ConvRow, problem: Problem) -> tuple[str, Problem]:
    return f"{geometry.id}-{layout(problem)}", problem
