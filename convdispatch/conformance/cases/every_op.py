"""One small problem of every op, rank and kind, and those of which the result is like the input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from convdispatch.conformance.cases.computing import layout, pick, problem_of
from convdispatch.conformance.cases.conv_rows import ConvRow, conv_problem, transpose_problem
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Dense, Pad, Pool, Resize, Upsample, op_name

_SIZE = (4, 5, 3)


def one_of_each(seed: int, dtype: str = "float32") -> Iterator[tuple[str, Problem]]:
    """Yield problems, each with the end of an id; the layout depends on the op's name alone."""
    for rank in (1, 2, 3):
        taps, channels = (3, 2, 2)[:rank], (2, 2)
        row = ConvRow("", _SIZE[:rank], taps, channels=channels, bias=True)
        like = replace(row, kernel=(1,) * rank)  # its result is as large as its input
        for ending, geometry in (("plain", row), ("pointwise", like)):
            for make in (conv_problem, transpose_problem):
                is_last = pick((True, False), f"{ending} {make.__name__} {rank}")
                problem = make(geometry, channels_last=is_last, dtype=dtype, seed=seed)
                yield f"{ending}-{layout(problem)}", problem
        for ending, op in _without_weights(rank):
            is_last = pick((True, False), f"{ending} {op_name(op)}")
            placed = replace(op, channels_last=is_last)
            problem = problem_of(placed, size=_SIZE, dtype=dtype, seed=seed)
            yield f"{ending}-{layout(problem)}", problem
    dense = Dense(bias=True, activation="linear")
    yield "plain", problem_of(dense, dtype=dtype, seed=seed)
    square = Problem(
        op=dense, input_shape=(3, 4), weight_shapes=((4, 4), (4,)), dtype=dtype, seed=seed
    )
    yield "square", square


def _without_weights(rank: int) -> Iterator[tuple[str, Pad | Pool | Resize | Upsample]]:
    """Yield the ops that have no weights, and each with nothing to do."""
    ones, none = (1,) * rank, ((0, 0),) * rank
    yield "zeros", Pad(pads=((1, -1), (0, 2), (1, 0))[:rank], channels_last=True)
    yield "nothing", Pad(pads=none, channels_last=True)
    for kind in ("max", "average", "sum"):
        for ending, size in (("windows", (2,) * rank), ("nothing", ones)):
            yield (
                ending,
                Pool(
                    kind=kind,
                    size=size,
                    strides=ones,
                    pads=none,
                    counts_pads=False,
                    channels_last=True,
                ),
            )
    for interpolation in ("nearest", "bilinear"):
        for ending, size in (("other-size", (6, 3, 4)), ("same-size", _SIZE)):
            resize = Resize(
                output_size=size[:rank],
                interpolation=interpolation,
                coordinates="half_pixel",
                channels_last=True,
            )
            yield f"{interpolation}-{ending}", resize
        if interpolation == "nearest" or rank == 2:
            for ending, factors in (("repeated", (2, 3, 2)), ("nothing", (1, 1, 1))):
                upsample = Upsample(
                    factors=factors[:rank], interpolation=interpolation, channels_last=True
                )
                yield f"{interpolation}-{ending}", upsample
