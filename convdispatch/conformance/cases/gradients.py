"""First gradients of the input, the kernel and the bias, compared with the adjoint formulas.

Beside the hand-made geometries a table of combinations that derivatives get wrong: strides that
leave cells unread or step over them, crops, even kernels, dilation, depthwise groups.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from convdispatch.conformance.case import Case, Measured, Mismatch
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.conv_rows import (
    ConvRow,
    conv_problem,
    pairs,
    problems,
    times,
    transpose_problem,
)
from convdispatch.conformance.cases.geometries import GEOMETRIES
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.adjoints import cotangent, gradients
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.forms import Known
from convdispatch.numerics.problem import Array, Problem, with_batch
from convdispatch.ops import (
    FUSED_ACTIVATIONS,
    Backend,
    Pad,
    Upsample,
    spatial_rank,
)

_NAMES = ("the input's gradient", "the kernel's gradient", "the bias's gradient")
_DTYPES = ("float32", "float64")

# Of each rank: the input's size and the values of each field.
_SIZES = {1: (7,), 2: (6, 7), 3: (4, 3, 5)}
_KERNELS: dict[int, list[tuple[int, ...]]] = {
    1: [(1,), (2,), (3,)],
    2: [(1, 2), (3, 2)],
    3: [(2, 1, 2)],
}
_STRIDES: dict[int, list[tuple[int, ...]]] = {
    1: [(1,), (2,), (3,)],
    2: [(1, 2), (2, 1), (3, 4)],
    3: [(1, 1, 2), (2, 2, 3)],
}
_PADS: dict[int, list[tuple[tuple[int, int], ...]]] = {
    1: [((0, 0),), ((-1, 2),), ((2, -2),)],
    2: [((0, 0), (0, 0)), ((-1, 1), (2, -3))],
    3: [((0, 0),) * 3, ((1, -1), (0, 2), (-1, 1))],
}
_DILATIONS: dict[int, list[tuple[int, ...]]] = {
    1: [(1,), (2,)],
    2: [(1, 1), (2, 1)],
    3: [(1, 1, 1), (2, 1, 1)],
}
# Groups, and channels read and written.
_GROUPS = [(1, (2, 3)), (2, (2, 4))]
_FACTORS: dict[int, list[tuple[int, ...]]] = {
    1: [(2,), (3,)],
    2: [(2, 2), (1, 3), (4, 2)],
    3: [(2, 1, 3)],
}
_EMPTY = ("1d-strided-dilated", "1d-depthwise", "2d-plain", "2d-groups", "3d-plain", "3d-groups")


def match_gradients(backend: Backend, problem: Problem) -> Measured:
    """Compare each gradient of sum(op(*arrays) * cotangent) with the exact one, cell by cell."""
    found = harness.gradients(backend, problem, cotangent(problem))
    return require_gradients(found, gradients(problem), problem, harness.accuracy(backend, problem))


def require_gradients(
    found: Sequence[Array], wanted: Sequence[Known], problem: Problem, factor: float
) -> Measured:
    """Return the worst error; raise `Mismatch` where one is more than `factor` times its bound."""
    if len(found) != len(wanted):
        raise Mismatch(f"{len(found)} gradients came back for {len(wanted)} tensors")
    rows = zip(_NAMES, found, wanted, strict=False)
    measured = [
        require_within(got, want.value, factor * want.error, problem.dtype, name)
        for name, got, want in rows
    ]
    return worst(measured)


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of the hand-made geometries, the combinations and the reshaping ops."""
    for geometry in GEOMETRIES:
        chance = zlib.crc32(geometry.id.encode())
        for problem in problems(geometry, dtype="float64", seed=seed):
            yield gradient_case(geometry.id, problem)
            if problem.channels_last == chance & 1:  # each costs some compiler's time
                yield gradient_case(geometry.id, replace(problem, dtype="float32"))
    for rank in (1, 2, 3):
        for geometry in _combinations(rank):
            yield from _one_of_each(geometry, seed)
        yield from _pads(rank, seed)
        yield from _upsamplings(rank, seed)
    for geometry in GEOMETRIES:
        if geometry.id in _EMPTY:
            yield from _empty_batches(geometry, seed)


def gradient_case(slug: str, problem: Problem, claim: str = "") -> Case:
    """Return the case that the first gradients are right; the id ends in the element type."""
    slug = f"{slug}-{'last' if problem.channels_last else 'first'}-{problem.dtype}"
    claim = claim or "Each gradient is the exact one within the rounding bound."
    return problem_case("grad", slug, match_gradients, claim, problem, needs=("gradients",))


def _combinations(rank: int) -> Iterator[ConvRow]:
    fields = itertools.product(
        _KERNELS[rank], _STRIDES[rank], _PADS[rank], _DILATIONS[rank], _GROUPS
    )
    for kernel, strides, pads, dilation, (groups, channels) in fields:
        slug = f"k{times(kernel)}-s{times(strides)}-p{pairs(pads)}-d{times(dilation)}-g{groups}"
        chance = zlib.crc32(slug.encode())  # the same in every process
        geometry = ConvRow(
            slug,
            _SIZES[rank],
            kernel,
            strides,
            pads,
            dilation,
            groups,
            channels,
            bias=bool(chance & 1),
            activation=FUSED_ACTIVATIONS[chance >> 1 & 3],
        )
        is_one_tap_dilated = max(kernel) == 1 and max(dilation) > 1
        if geometry.is_legal and not is_one_tap_dilated:
            yield geometry


def _one_of_each(geometry: ConvRow, seed: int) -> Iterator[Case]:
    """Yield the convolution in one layout and element type, and its adjoint in the others."""
    chance = zlib.crc32(geometry.id.encode()) >> 8
    for make, turn in ((conv_problem, chance), (transpose_problem, ~chance)):
        dtype = _DTYPES[turn & 1]
        problem = make(geometry, channels_last=bool(turn & 2), dtype=dtype, seed=seed)
        yield gradient_case(geometry.id, problem)


def _pads(rank: int, seed: int) -> Iterator[Case]:
    for pads, last in itertools.product(_PADS[rank][1:], (True, False)):
        yield from _reshaping(Pad(pads=pads, channels_last=last), f"p{pairs(pads)}", seed)


def _upsamplings(rank: int, seed: int) -> Iterator[Case]:
    for factors, last in itertools.product(_FACTORS[rank], (True, False)):
        for interpolation in ("nearest", "bilinear") if rank == 2 else ("nearest",):
            op = Upsample(factors=factors, interpolation=interpolation, channels_last=last)
            yield from _reshaping(op, f"x{times(factors)}-{interpolation}", seed)


def _reshaping(op: Pad | Upsample, slug: str, seed: int) -> Iterator[Case]:
    size = _SIZES[spatial_rank(op)]
    shape = (2, *size, 3) if op.channels_last else (2, 3, *size)
    for dtype in _DTYPES:
        yield gradient_case(slug, Problem(op=op, input_shape=shape, dtype=dtype, seed=seed))


def _empty_batches(geometry: ConvRow, seed: int) -> Iterator[Case]:
    """Yield problems with an empty batch: the gradient of each weight is zeros of its shape."""
    for problem in problems(geometry, dtype="float32", seed=seed):
        claim = "An empty batch gives zeros as the gradient of every weight."
        yield gradient_case(f"empty-batch-{geometry.id}", with_batch(problem, 0), claim)
