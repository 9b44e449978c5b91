"""Which sizes are drawn: one is large at a time, in every op, and in each rank of a convolution.

Beside them are the kernels that libraries have programs of their own for, with as many channels as
those ask for.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from convdispatch.conformance.cases.conv_rows import ConvRow, conv_problem, transpose_problem
from convdispatch.conformance.cases.pool_rows import PoolRow
from convdispatch.numerics.problem import Problem, with_batch
from convdispatch.ops import Dense, Op, Pad, Pool, Resize, Shape, Upsample

_SMALL: dict[int, Shape] = {1: (7,), 2: (5, 4), 3: (3, 4, 3)}
_TAPS: dict[int, tuple[int, ...]] = {1: (2, 3, 5), 2: (1, 2, 3, 4, 5, 6, 7), 3: (2, 3)}
_MAKES = (conv_problem, transpose_problem)


def drawn_problems(seed: int) -> Iterator[tuple[str, list[Problem]]]:
    """Yield the end of an id with what is to be computed for it."""
    for rank in (1, 2, 3):
        yield from _convolutions(rank, seed)
        yield from _usual_kernels(rank, seed)
        yield from _without_weights(rank, seed)
    yield from _products(seed)
    yield from _many_results(seed)


def _convolutions(rank: int, seed: int) -> Iterator[tuple[str, list[Problem]]]:
    for make in _MAKES:
        extents = ["batch", *(f"cells-{axis}" for axis in range(rank))]
        for extent in (*extents, "channels", "filters", "groups", "taps"):
            slug = f"vast-{extent}"
            rng = _rng(seed, f"{make.__name__} {rank} {slug}")
            row = _row(rng, rank, extent)
            is_last, numbers = bool(rng.integers(2)), _numbers(rng, seed)
            problem = make(row, channels_last=is_last, **numbers)
            if extent == "batch":
                samples = int(rng.integers(257, 301))
                yield slug, [with_batch(problem, samples), with_batch(problem, 256)]
            elif extent == "channels":
                exact = replace(row, channels=(128, row.channels[1]))
                yield slug, [problem, make(exact, channels_last=is_last, **numbers)]
            elif extent == "filters":
                exact = replace(row, channels=(row.channels[0], 128))
                yield slug, [problem, make(exact, channels_last=is_last, **numbers)]
            else:
                yield slug, [problem]


def _row(rng: np.random.Generator, rank: int, extent: str) -> ConvRow:
    """Return a geometry that leaves something to compute, in which that extent is large."""
    size = [int(n + rng.integers(3)) for n in _SMALL[rank]]
    taps = [int(n) for n in rng.integers(1, 4, rank)]
    strides, dilation = (tuple(map(int, rng.integers(1, 3, rank))) for _ in range(2))
    groups = int(rng.integers(65, 131)) if extent == "groups" else 1
    read, written = (groups * int(n) for n in rng.integers(1, 3 if groups > 1 else 5, 2))
    if extent == "channels":
        read = int(rng.integers(129, 141))
    if extent == "filters":
        written = int(rng.integers(129, 141))
    if extent.startswith("cells"):
        size[int(extent[-1])] = int(rng.integers(513, 601))
    if extent == "taps":
        axis = int(rng.integers(rank))
        taps[axis], size[axis] = int(rng.integers(33, 41)), int(rng.integers(65, 80))
        strides, dilation = (1,) * rank, (1,) * rank
    reach = [rate * (k - 1) + 1 for rate, k in zip(dilation, taps, strict=True)]
    size = [max(n, k) for n, k in zip(size, reach, strict=True)]
    pads = tuple((int(low), int(high)) for low, high in rng.integers(0, 3, (rank, 2)))
    bias = bool(rng.integers(2))
    channels = read, written
    return ConvRow("", tuple(size), tuple(taps), strides, pads, dilation, groups, channels, bias)


def _usual_kernels(rank: int, seed: int) -> Iterator[tuple[str, list[Problem]]]:
    """Yield square kernels with strides 1 and 2, for 16 channels and for more than 64.

    Axes with an even and with an odd number of cells alternate; the first comes as both.
    """
    for make, taps in itertools.product(_MAKES, _TAPS[rank]):
        slug = f"vast-kernel-of-{taps}"
        rng = _rng(seed, f"{make.__name__} {rank} {slug}")
        many = int(rng.integers(65, 73)), int(rng.integers(65, 73))
        parities = [0, 1, *map(int, rng.integers(0, 2, 3))]
        kinds = zip((1, 1, 2, 1, 2), ((16, 16),) * 3 + (many,) * 2, parities, strict=True)
        problems = []
        for stride, channels, parity in kinds:
            row = ConvRow(
                "",
                tuple(_with_parity(rng, taps + 1, (parity + axis) % 2) for axis in range(rank)),
                (taps,) * rank,
                (stride,) * rank,
                ((taps // 2, (taps - 1) // 2),) * rank,
                channels=channels,
            )
            is_last = bool(rng.integers(2))
            problems.append(make(row, channels_last=is_last, values="eighths", seed=seed))
        yield slug, problems


def _with_parity(rng: np.random.Generator, least: int, parity: int) -> int:
    """Return an even or an odd number."""
    return least + (least + parity) % 2 + 2 * int(rng.integers(2))


def _without_weights(rank: int, seed: int) -> Iterator[tuple[str, list[Problem]]]:
    """Yield every op that has no weights, with many samples, then cells, then channels."""
    for word in ("pad", "max", "sum", "average", "nearest", "bilinear", "repeated"):
        rng = _rng(seed, f"{word} {rank}")
        problems = []
        for extent in ("batch", "cells", "channels"):
            size = [int(n + rng.integers(3)) for n in _SMALL[rank]]
            if extent == "cells":
                size[int(rng.integers(rank))] = int(rng.integers(257, 601))
            batch = int(rng.integers(257, 301)) if extent == "batch" else 2
            channels = int(rng.integers(65, 131)) if extent == "channels" else 2
            op = _op(rng, word, tuple(size))
            problems.append(_of(op, batch, tuple(size), channels, _numbers(rng, seed)))
        ending = f"-{word}" if word in ("nearest", "bilinear") else ""
        yield f"vast{ending}", problems


def _op(rng: np.random.Generator, word: str, size: Shape) -> Op:
    rank, is_last = len(size), bool(rng.integers(2))
    if word == "pad":
        pads = tuple((int(low), int(high)) for low, high in rng.integers(-1, 4, (rank, 2)))
        return Pad(pads=pads, channels_last=is_last)
    if word == "repeated":
        factors = tuple(map(int, rng.integers(1, 4, rank)))
        interpolation = "bilinear" if rank == 2 and rng.integers(2) else "nearest"
        return Upsample(factors=factors, interpolation=interpolation, channels_last=is_last)
    if word in ("nearest", "bilinear"):
        sizes = tuple(int(n * rng.uniform(0.6, 2)) for n in size)
        coordinates = str(rng.choice(["half_pixel", "asymmetric", "corners"]))
        return Resize(
            output_size=sizes, interpolation=word, coordinates=coordinates, channels_last=is_last
        )
    window = tuple(map(int, rng.integers(1, 4, rank)))
    strides = tuple(map(int, rng.integers(1, 4, rank)))
    pads = tuple((int(rng.integers(k)), int(rng.integers(k))) for k in window)
    row = PoolRow(size, window, strides, pads)
    if not row.is_legal:
        pads = ((0, 0),) * rank
    return Pool(
        kind=word, size=window, strides=strides, pads=pads, counts_pads=False, channels_last=is_last
    )


def _of(op: Op, batch: int, size: Shape, channels: int, numbers: dict[str, Any]) -> Problem:
    assert not isinstance(op, Dense)
    shape = (batch, *size, channels) if op.channels_last else (batch, channels, *size)
    return Problem(op=op, input_shape=shape, **numbers)


def _products(seed: int) -> Iterator[tuple[str, list[Problem]]]:
    """Yield products of many rows, of many inputs and to many outputs."""
    rng = _rng(seed, "products")
    problems = []
    for extent in range(3):
        sizes = [int(n) for n in rng.integers(2, 9, 3)]
        sizes[extent] = int(rng.integers(257, 601))
        rows, inputs, outputs = sizes
        problems.append(_product(rows, inputs, outputs, _numbers(rng, seed)))
    yield "vast", problems


def _product(rows: int, inputs: int, outputs: int, numbers: dict[str, Any]) -> Problem:
    op = Dense(bias=True, activation="linear")
    weights = ((inputs, outputs), (outputs,))
    return Problem(op=op, input_shape=(rows, inputs), weight_shapes=weights, **numbers)


def _many_results(seed: int) -> Iterator[tuple[str, list[Problem]]]:
    """Yield results of more than 50,000 numbers, of a few ops of each seed more than a million."""
    rng = _rng(seed, "results")
    numbers = {"values": "eighths", "seed": seed}
    words = ("conv", "conv_transpose", "dense", "pad", "max", "average", "nearest", "repeated")
    of_a_million = set(rng.choice(words, 2, replace=False).tolist())
    for word in words:
        low, high = (515, 560) if word in of_a_million else (170, 200)
        rows, columns = (int(n) for n in rng.integers(low, high, 2))
        ending = f"-{word}" if word == "nearest" else ""
        if word == "dense":
            yield "vast-results", [_product(2 * rows, 2, 2 * columns, numbers)]
        elif word in ("conv", "conv_transpose"):
            is_conv, is_last = word == "conv", bool(rng.integers(2))
            row = ConvRow("", (rows, columns), (2, 1), channels=(1, 4) if is_conv else (4, 1))
            make = conv_problem if is_conv else transpose_problem
            problem = make(row, channels_last=is_last, **numbers)
            yield "vast-results", [with_batch(problem, 1)]
        else:
            op = _enlarged(_op(rng, word, (rows, columns)))
            yield f"vast-results{ending}", [_of(op, 2, (rows, columns), 2, numbers)]


def _enlarged(op: Op) -> Op:
    """Return the op with a result about as large as its input, or twice as large."""
    if isinstance(op, Pool):
        return replace(op, size=(2, 2), strides=(1, 1), pads=((0, 0), (0, 1)))
    if isinstance(op, Resize):
        return replace(op, output_size=(op.output_size[0], 2 * op.output_size[1]))
    if isinstance(op, Upsample):
        return replace(op, factors=(1, 2), interpolation="nearest")
    return op


def _numbers(rng: np.random.Generator, seed: int) -> dict[str, Any]:
    dtype = "float64" if rng.integers(4) == 0 else "float32"
    return {"dtype": dtype, "values": "eighths", "seed": seed}


def _rng(seed: int, slug: str) -> np.random.Generator:
    return np.random.default_rng((seed, zlib.crc32(slug.encode())))
