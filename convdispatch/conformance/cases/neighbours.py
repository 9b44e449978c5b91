"""Accuracy does not depend on the neighbours: a small number beside a large one is as exact.

The bound of a cell knows only the numbers that the cell is made of. A transform (FFT, Winograd, a
running sum) errs by a rounding of the largest number of the image. So half of an image is a
millionth of the other half here, or one number is large and far away; kernels and the weights of
the results likewise. The sizes are drawn, since a transform may be used for some of them alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases.computing import layout
from convdispatch.conformance.cases.conv_rows import ConvRow, conv_problem, transpose_problem
from convdispatch.conformance.cases.drawn_shapes import Random
from convdispatch.conformance.cases.function_rows import REFERENCE
from convdispatch.conformance.cases.gradients import gradient_case
from convdispatch.conformance.cases.pool_rows import KINDS, PoolRow
from convdispatch.conformance.cases.values import forward_case
from convdispatch.numerics import bounds
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.drawing import draw
from convdispatch.numerics.problem import Problem, round_to
from convdispatch.ops import Backend, Dense, Resize, Shape, Upsample

# The most cells and taps on an axis, by the number of axes.
_MOST_CELLS = {1: 200, 2: 24, 3: 8}
_MOST_TAPS = {1: 40, 2: 7, 3: 4}
_VALUES = ("parts", "one-large")
_DTYPES = ("float32", "float32", "float64")
# Draws of each rank, and how many of them are differentiated.
_DRAWS, _DIFFERENTIATED = 5, 2

_CLAIM = "A result is exact within its own bound, however large the numbers beside it are."
_GRADIENTS = "A gradient is exact within its own bound, however large the numbers beside it are."


def cases(seed: int) -> Iterator[Case]:
    """Yield products, pools and samples of drawn sizes, and the gradients of some."""
    for rank in (1, 2, 3):
        for turn in range(_DRAWS):
            yield from _convolutions(rank, turn, seed)
            yield from _others(rank, turn, seed)
    for turn in range(_DRAWS):
        yield from _both(_dense(turn, seed), turn)
    for name in ("sum", "mean", "cumsum", "matmul"):
        for dtype in ("float32", "float64"):
            yield Case(
                id=f"functions/contract/beside-{name}-{dtype}",
                level="contract",
                op="functions",
                claim=_CLAIM,
                check=of_function,
                arguments=(name, dtype, seed),
                features=(dtype,),
            )


def of_function(backend: Backend, name: str, dtype: str, seed: int) -> Measured:
    """Add up numbers, some of which are a millionth of the others or much larger."""
    measured = []
    for turn in range(_DRAWS):
        random = _random(f"{name}-{dtype}", 0, turn, seed)
        rows, inner, columns = (int(random.integers(9, most)) for most in (60, 300, 40))
        shapes: list[Shape] = [(rows, inner)]
        if name == "matmul":
            shapes.append((inner, columns))
        if turn == 0 and name in ("sum", "mean"):
            shapes = [(rows * inner,)]
        kinds = [_VALUES[(turn + place) % 2] for place in range(len(shapes))]
        arrays = [
            round_to(draw(kind, random, 0, shape), dtype)
            for kind, shape in zip(kinds, shapes, strict=True)
        ]
        options: dict[str, Any] = {"axis": (turn % 2,)} if turn and name != "matmul" else {}
        options = {"axis": turn % 2} if name == "cumsum" else options
        exact = np.asarray(REFERENCE[name](*arrays, **options))
        absolute = REFERENCE[name](*map(np.abs, arrays), **options)
        length = inner if name == "matmul" else arrays[0].size + bounds.DIVISION_ROUNDINGS
        # NumPy's sum is rounded as well.
        limits = sum(bounds.conv_bound(absolute, length, each) for each in (dtype, "float64"))
        native = [backend.asarray(array, dtype) for array in arrays]
        got = np.asarray(backend.to_numpy(backend.functions[name](*native, **options)))
        what = f"{name!r} of {' and '.join(map(str, shapes))}"
        measured.append(require_within(got, exact, np.asarray(limits), dtype, what))
    return worst(measured)


def _convolutions(rank: int, turn: int, seed: int) -> Iterator[Case]:
    random = _random("conv", rank, turn, seed)
    row = _row(random, rank)
    for make, is_last in ((conv_problem, turn % 2 == 0), (transpose_problem, turn % 2 == 1)):
        yield from _both(make(row, channels_last=is_last, **_numbers(turn, seed)), turn)


def _both(problem: Problem, turn: int) -> Iterator[Case]:
    """Yield the case of the result, and now and then that of the gradients."""
    slug = f"beside-{problem.values}-{turn}-{layout(problem)}"
    yield forward_case("full", slug, problem, _CLAIM)
    if turn < _DIFFERENTIATED:
        yield gradient_case(f"beside-{problem.values}-{turn}", problem, _GRADIENTS)


def _others(rank: int, turn: int, seed: int) -> Iterator[Case]:
    random, is_last = _random("others", rank, turn, seed), turn % 2 == 0
    size = tuple(_drawn(random, _MOST_CELLS[rank]) for _ in range(rank))
    shape = (2, *size, 2) if is_last else (2, 2, *size)
    numbers = _numbers(turn, seed)
    kind = list(KINDS)[1 + turn % 3]
    window = tuple(min(_drawn(random, 9), cells) for cells in size)
    strides = tuple(int(random.integers(1, 3)) for _ in range(rank))
    row = PoolRow(size, window, strides, ((0, 0),) * rank)
    ops = [row.problem(kind, channels_last=is_last, **numbers)]
    if rank == 2:
        factors = (int(random.integers(1, 4)), int(random.integers(1, 4)))
        up = Upsample(factors=factors, interpolation="bilinear", channels_last=is_last)
        ops.append(Problem(op=up, input_shape=shape, **numbers))
    resize = Resize(
        output_size=tuple(_drawn(random, cells + 5) for cells in size),
        interpolation="bilinear",
        coordinates=("half_pixel", "asymmetric", "corners")[turn % 3],
        channels_last=is_last,
    )
    ops.append(Problem(op=resize, input_shape=shape, **numbers))
    for problem in ops:
        yield from _both(problem, turn)


def _row(random: Random, rank: int) -> ConvRow:
    """Return a convolution: most have stride 1, for which there are transforms.

    The image is large enough for the kernel.
    """
    kernel = tuple(_drawn(random, _MOST_TAPS[rank]) for _ in range(rank))
    plain = random.random() < 0.6
    strides = (1,) * rank if plain else tuple(int(s) for s in random.integers(1, 4, rank))
    rates = (1,) * rank if plain else tuple(int(d) for d in random.integers(1, 3, rank))
    pads = tuple(
        (int(low), int(high))
        for low, high in random.integers(0, 3, (rank, 2)) * (random.random() < 0.6)
    )
    size = tuple(
        max(_drawn(random, _MOST_CELLS[rank]), rate * (taps - 1) + 1)
        for taps, rate in zip(kernel, rates, strict=True)
    )
    groups = int(random.choice((1, 1, 1, 2)))
    channels = (groups * int(random.integers(1, 4)), groups * int(random.integers(1, 4)))
    bias = bool(random.integers(2))
    return ConvRow("", size, kernel, strides, pads, rates, groups, channels, bias=bias)


def _dense(turn: int, seed: int) -> Problem:
    random = _random("dense", 0, turn, seed)
    rows, inputs, outputs = _drawn(random, 40), _drawn(random, 300), _drawn(random, 40)
    op = Dense(bias=bool(turn % 2), activation="linear")
    weights = ((inputs, outputs), (outputs,))[: 1 + op.bias]
    shape = (3, rows, inputs) if turn % 3 else (rows, inputs)
    return Problem(op=op, input_shape=shape, weight_shapes=weights, **_numbers(turn, seed))


def _numbers(turn: int, seed: int) -> dict[str, Any]:
    return {
        "values": _VALUES[turn % 2],
        "dtype": _DTYPES[turn % 3],
        "seed": seed * _DRAWS + turn,
    }


def _drawn(random: Random, most: int) -> int:
    """Return a size up to `most`; small and large ones are as likely."""
    return max(1, round(float(most ** random.random())))


def _random(kind: str, rank: int, turn: int, seed: int) -> Random:
    return np.random.default_rng((seed, zlib.crc32(f"{kind}-{rank}-{turn}".encode())))
