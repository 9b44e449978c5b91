"""Pooling, resampling and products with a matrix in the checks that all ops share.

One problem of each op and rank, for checks that other modules make of convolutions: compiled,
kept, called by two threads, of any batch, of views, beside another op.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator
from dataclasses import replace

from convdispatch.conformance.case import Case, Check
from convdispatch.conformance.cases import compiling, concurrency, contract, inputs
from convdispatch.conformance.cases.computing import described, problem_of
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.conformance.cases.signatures import interleaved
from convdispatch.conformance.cases.values import forward_case
from convdispatch.numerics.problem import Problem, with_batch
from convdispatch.ops import FLOAT_DTYPES, Dense, Op, Pool, Resize, op_name

_SIZE = (5, 4, 3)


def cases(seed: int) -> Iterator[Case]:
    """Yield every check for every problem; `seed` draws the numbers."""
    for op in _ops():
        problem = problem_of(op, size=_SIZE, seed=seed)
        slug = described(op) + ("" if isinstance(op, Dense) else f"-{_layout(problem)}")
        chance = zlib.crc32(f"{op_name(op)} {slug}".encode()) >> 8
        yield forward_case("edge", f"empty-batch-{slug}", with_batch(problem, 0))
        yield forward_case("edge", f"one-sample-{slug}", with_batch(problem, 1))
        for ending, level, check, claim in _CHECKS:
            if chance & 1 or ending == "batch-sizes":
                yield problem_case(level, f"{ending}-{slug}", check, claim, problem)
            chance = zlib.crc32(f"{chance} {ending}".encode()) >> 8
        dtype = FLOAT_DTYPES[chance & 3]
        claim = "The result is the backend's own tensor, of a known shape and element type."
        typed = replace(problem, dtype=dtype)
        ending = f"{slug}-{dtype}"
        yield problem_case("contract", f"described-{ending}", contract.described, claim, typed)
        claim = "Numbers are read by value, however they lie in memory."
        kind, view = [*inputs.KINDS][chance % 5], ("transposed", "flipped")[chance & 1]
        ending = f"{kind}-arrays-{slug}"
        yield problem_case("edge", ending, inputs.numpy_views, claim, problem, kind)
        ending = f"{view}-views-{slug}"
        yield problem_case("edge", ending, inputs.native_views, claim, problem, view)
        if chance & 1 and op_name(op).endswith("2d"):
            claim = "Compiled, the op gives the exact result within the bound, for any batch size."
            compiled = problem_case("edge", f"compiled-{slug}", compiling.compiled, claim, problem)
            yield replace(compiled, features=(*compiled.features, "compile"))
    yield from _pairs(seed)


def _ops() -> Iterator[Op]:
    for bias in (True, False):
        yield Dense(bias=bias, activation="tanh" if bias else "linear")
    for rank, last in itertools.product((1, 2, 3), (True, False)):
        yield from _pools(rank, last)
        for interpolation, coordinates in (
            ("nearest", "half_pixel") if last else ("bilinear", "half_pixel"),
            ("bilinear", "corners"),
        ):
            yield Resize(
                output_size=(3, 7, 2)[:rank],
                interpolation=interpolation,
                coordinates=coordinates,
                channels_last=last,
            )


def _pools(rank: int, last: bool) -> Iterator[Op]:
    for kind, counts_pads in (
        ("max", False), ("sum", False), ("average", False), ("average", True)
    ):  # fmt: skip
        yield Pool(
            kind=kind,
            size=(3, 2, 2)[:rank],
            strides=(2, 1, 2)[:rank],
            pads=((1, 0), (0, 1), (1, 1))[:rank],
            counts_pads=counts_pads,
            channels_last=last,
        )


def _pairs(seed: int) -> Iterator[Case]:
    """Yield pairs of ops that differ in one field, lowered side by side."""
    claim = "Two functions lowered side by side each give their own answer."
    for last in (True, False):
        pool = Pool(
            kind="average",
            size=(2, 3),
            strides=(1, 2),
            pads=((1, 0), (0, 1)),
            counts_pads=False,
            channels_last=last,
        )
        resize = Resize(
            output_size=(3, 6),
            interpolation="bilinear",
            coordinates="half_pixel",
            channels_last=last,
        )
        changed: dict[str, tuple[Op, Op]] = {
            "pads": (pool, replace(pool, pads=((0, 1), (1, 0)))),
            "counting": (pool, replace(pool, counts_pads=True)),
            "kind": (pool, replace(pool, kind="max")),
            "window": (pool, replace(pool, size=(3, 2))),
            "strides": (pool, replace(pool, strides=(2, 1))),
            "coordinates": (resize, replace(resize, coordinates="corners")),
            "interpolation": (resize, replace(resize, interpolation="nearest")),
            "output": (resize, replace(resize, output_size=(6, 3))),
        }
        for slug, (one, other) in changed.items():
            problem = problem_of(one, size=(5, 5), seed=seed)
            second = problem_of(other, size=(5, 5), seed=seed + 1)
            ending = f"lowered-beside-other-{slug}-{_layout(problem)}"
            arguments = (interleaved, claim, problem, second)
            yield problem_case("contract", ending, *arguments, used=[second])


_CHECKS: tuple[tuple[str, str, Check, str], ...] = (
    (
        "batch-sizes",
        "contract",
        contract.any_batch,
        "One function serves every batch size, the empty one included.",
    ),
    (
        "device",
        "contract",
        contract.on_the_device,
        "The result is on the device of the input, where tensors have one.",
    ),
    (
        "same-bits",
        "edge",
        concurrency.repeated,
        "The same call gives the same bits, whatever was computed in between.",
    ),
    (
        "kept",
        "edge",
        concurrency.kept,
        "An answer does not change when the function is called again.",
    ),
    (
        "threads",
        "edge",
        concurrency.together,
        "Two threads calling one function at once each get their own answer.",
    ),
    (
        "inputs-untouched",
        "edge",
        inputs.untouched,
        "Neither the given arrays nor the given tensors are written to.",
    ),
)


def _layout(problem: Problem) -> str:
    return "last" if problem.channels_last else "first"
