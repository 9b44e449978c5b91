"""All combinations of small strides, pads, dilations, groups, layouts, kernels and ranks."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.conv_rows import (
    ConvRow,
    conv_problem,
    pairs,
    times,
    transpose_problem,
)
from convdispatch.conformance.cases.values import forward_case
from convdispatch.numerics.problem import Problem
from convdispatch.ops import FUSED_ACTIVATIONS, Pad, Upsample

# Of each rank: the input's size, and the values of each field; a kernel of that size is one too.
# No two axes of a tuple are treated alike, so that a swap of axes shows.
_SIZES = {1: (6,), 2: (5, 4), 3: (4, 3, 4)}
_KERNELS: dict[int, list[tuple[int, ...]]] = {
    1: [(1,), (2,), (3,), (6,)],
    2: [(1, 1), (2, 3), (3, 2), (5, 4)],
    3: [(1, 1, 1), (2, 1, 3), (4, 3, 4)],
}
_STRIDES: dict[int, list[tuple[int, ...]]] = {
    1: [(1,), (2,), (3,)],
    2: [(1, 1), (2, 2), (2, 1), (1, 3)],
    3: [(1, 1, 1), (2, 1, 1), (1, 3, 2)],
}
_PADS: dict[int, list[tuple[tuple[int, int], ...]]] = {
    1: [((0, 0),), ((1, 1),), ((0, 1),), ((2, 0),), ((-1, 0),), ((0, -2),), ((3, -1),)],
    2: [((0, 0), (0, 0)), ((0, 1), (1, 0)), ((2, 1), (0, -1)), ((-1, 0), (1, 2))],
    3: [((0, 0),) * 3, ((0, 1), (1, 0), (1, 1)), ((1, -1), (0, 2), (-1, 1))],
}
_DILATIONS: dict[int, list[tuple[int, ...]]] = {
    1: [(1,), (2,)],
    2: [(1, 1), (1, 2), (2, 1)],
    3: [(1, 1, 1), (1, 2, 1)],
}
# Groups, and channels read and written: dense, two groups, and each channel alone (depthwise).
_GROUPS = [(1, (2, 3)), (2, (4, 2)), (3, (3, 6))]

_FACTORS = [1, 2, 3]


def cases(seed: int) -> Iterator[Case]:
    """Yield a forward case for every combination that leaves something to compute."""
    for rank in (1, 2, 3):
        for geometry in _geometries(rank):
            yield from _convolutions(geometry, seed)
        yield from _pads(rank, seed)
        yield from _upsamplings(rank, seed)


def _geometries(rank: int) -> Iterator[ConvRow]:
    fields = itertools.product(
        _KERNELS[rank], _STRIDES[rank], _PADS[rank], _DILATIONS[rank], _GROUPS
    )
    for kernel, strides, pads, dilation, (groups, channels) in fields:
        slug = f"k{times(kernel)}-s{times(strides)}-p{pairs(pads)}-d{times(dilation)}-g{groups}"
        chance = zlib.crc32(slug.encode())  # the same in every process, whatever else there is
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
            activation=FUSED_ACTIVATIONS[chance >> 1 & 3] if chance & 8 else "linear",
        )
        if geometry.is_legal:
            yield geometry


def _convolutions(geometry: ConvRow, seed: int) -> Iterator[Case]:
    for channels_last, make in itertools.product((True, False), (conv_problem, transpose_problem)):
        slug = f"{geometry.id}-{_layout(channels_last)}"
        dtype = "float32" if zlib.crc32(slug.encode()) & 3 else "float64"
        problem = make(geometry, channels_last=channels_last, dtype=dtype, seed=seed)
        yield forward_case("full", f"{slug}-{dtype}", problem)


def _pads(rank: int, seed: int) -> Iterator[Case]:
    for pads, last in itertools.product(_PADS[rank], (True, False)):
        yield _reshaping(Pad(pads=pads, channels_last=last), f"p{pairs(pads)}", seed)


def _upsamplings(rank: int, seed: int) -> Iterator[Case]:
    interpolations = ("nearest", "bilinear") if rank == 2 else ("nearest",)
    choices = itertools.product(
        itertools.product(_FACTORS, repeat=rank), interpolations, (True, False)
    )
    for factors, interpolation, last in choices:
        op = Upsample(factors=factors, interpolation=interpolation, channels_last=last)
        yield _reshaping(op, f"x{times(factors)}-{interpolation}", seed)


def _reshaping(op: Pad | Upsample, slug: str, seed: int) -> Case:
    rank = len(op.pads if isinstance(op, Pad) else op.factors)
    size = _SIZES[rank]
    shape = (2, *size, 3) if op.channels_last else (2, 3, *size)
    problem = Problem(op=op, input_shape=shape, seed=seed)
    return forward_case("full", f"{slug}-{_layout(op.channels_last)}", problem)


def _layout(channels_last: bool) -> str:
    return "last" if channels_last else "first"
