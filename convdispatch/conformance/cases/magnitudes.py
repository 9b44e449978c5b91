"""Numbers of every size: multiplied by a power of two, an op's result is, to the bit.

Multiples of 1/8 are added exactly, and a power of two rounds nothing, so that the result is known
wherever it lies: near the largest number, near the smallest normal one and between, of the input's
size, the kernel's and the result's in turn. float16 is computed in float32, so its own subnormal
numbers are asked for. Those of the type of the computation are for backends that do not decline
'subnormals'.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Measured, Mismatch
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import apply, described, layout
from convdispatch.conformance.cases.conv_rows import ConvRow, conv_problem, transpose_problem
from convdispatch.conformance.cases.drawn_shapes import Random
from convdispatch.conformance.cases.pool_rows import PoolRow
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.adjoints import cotangent, gradients
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.problem import Array, Problem, round_to
from convdispatch.ops import (
    FLOAT_DTYPES,
    Backend,
    Dense,
    Op,
    Pad,
    Resize,
    Tensor,
    Upsample,
)

SUBNORMALS = "subnormals"
# Exponents of what all numbers are multiplied by, such that no product is subnormal in the type of
# the computation and no sum beyond its largest number: of the result, and of each factor.
_RESULTS = {"float16": (-24, 14), "bfloat16": (-117, 119), "float32": (-117, 119),
            "float64": (-1013, 1014)}  # fmt: skip
_FACTORS = {"float16": (-21, 13), "bfloat16": (-123, 125), "float32": (-123, 125),
            "float64": (-1019, 1021)}  # fmt: skip
# Exponents of subnormal results of which every number's last bit is still there.
_BELOW = {"float32": (-140, -130), "float64": (-1065, -1030)}
_DRAWS = 3

# fmt: off
_ROWS = (
    ConvRow("1d-sizes", (6,), (3,), (2,), ((1, 1),), channels=(2, 3)),
    ConvRow("2d-sizes", (4, 5), (2, 3), pads=((1, 0), (0, 1)), channels=(2, 2)),
    ConvRow("3d-sizes", (3, 2, 3), (2, 1, 2), channels=(1, 2)),
    ConvRow("2d-sizes-pointwise", (3, 2), (1, 1), channels=(4, 4)),
    ConvRow("1d-sizes-depthwise", (5,), (2,), groups=2, channels=(2, 4)),
)
# fmt: on
_POOLS = (PoolRow((7,), (4,), (2,), ((0, 0),)), PoolRow((4, 5), (2, 2), (1, 2), ((0, 0),) * 2))

_CLAIM = "A result of any size is the exact one: none is infinite or zero before its time."
_GRADIENTS = "A gradient of any size is the exact one."
_BELOW_CLAIM = "Results below the smallest normal number are the exact ones, and not zero."


def cases(seed: int) -> Iterator[Case]:
    """Yield every kind of op in each element type, and the gradients of those with weights."""
    for slug, plain in _problems(seed):
        for dtype in FLOAT_DTYPES:
            problem = replace(plain, dtype=dtype)
            ending = f"{slug}-{layout(problem)}-{dtype}"
            yield problem_case("edge", f"sized-{ending}", sized, _CLAIM, problem)
            if dtype in _BELOW:
                needs = (SUBNORMALS,)
                slug_of = f"subnormal-{ending}"
                yield problem_case("edge", slug_of, subnormal, _BELOW_CLAIM, problem, needs=needs)
        if plain.weight_shapes:
            dtype = ("float32", "float64", "bfloat16")[zlib.crc32(slug.encode()) % 3]
            problem = replace(plain, dtype=dtype)
            ending = f"gradients-sized-{slug}-{layout(problem)}-{dtype}"
            needs = ("gradients",)
            yield problem_case("edge", ending, gradients_sized, _GRADIENTS, problem, needs=needs)


def sized(backend: Backend, problem: Problem) -> Measured:
    """Multiply the input and the kernel by powers of two, those of both ends and drawn ones."""
    low, high = _RESULTS[problem.dtype]
    random = _random(problem)
    if not problem.weight_shapes:  # the input is not smaller than the result
        low = max(low, _FACTORS[problem.dtype][0])
    results = [low, high, *(int(e) for e in random.integers(low, high + 1, _DRAWS))]
    function = harness.plan(backend, problem)
    return worst([_scaled(backend, problem, function, result, random) for result in results])


def subnormal(backend: Backend, problem: Problem) -> Measured:
    """Multiply by powers of two such that the results are subnormal."""
    low, high = _BELOW[problem.dtype]
    random = _random(problem)
    results = [int(e) for e in random.integers(low, high + 1, _DRAWS)]
    function = harness.plan(backend, problem)
    return worst([_scaled(backend, problem, function, result, random) for result in results])


def gradients_sized(backend: Backend, problem: Problem) -> Measured:
    """Multiply the input, the kernel or the weights of the result by a power of two."""
    low, high = _RESULTS[problem.dtype]
    arrays, weight, wanted = problem.arrays, cotangent(problem), gradients(problem)
    measured = []
    function = harness.plan(backend, problem)
    total = backend.functions["sum"]

    def weighted(tensors: Sequence[Tensor]) -> tuple[Tensor, None]:
        x, kernel, by = tensors
        return total(harness.product(function(x, kernel), by)), None

    differentiate = backend.value_and_grad(weighted)
    for place in range(3):
        for exponent in (low + 12, high - 12):
            scales = [exponent if place == index else 0 for index in range(3)]
            tensors = [
                backend.asarray(np.ldexp(array, scale), problem.dtype)
                for array, scale in zip((*arrays, weight), scales, strict=True)
            ]
            with np.errstate(all="ignore"):
                _, found = differentiate(tensors)
            if len(found) != len(tensors):
                raise Mismatch(f"{len(found)} gradients came back for {len(tensors)} tensors")
            for index, want in enumerate(wanted):
                power = exponent if place != index else 0
                exact = round_to(np.ldexp(want.value, power), problem.dtype)
                got = np.asarray(backend.to_numpy(found[index]))
                limits = np.ldexp(want.error, power)
                what = f"gradient {index + 1} at 2**{power}"
                measured.append(require_within(got, exact, limits, problem.dtype, what))
    return worst(measured)


def _scaled(
    backend: Backend,
    problem: Problem,
    function: Callable[..., Tensor],
    result: int,
    random: Random,
) -> Measured:
    """Compute with factors of which the product is 2**result."""
    x, *weights = problem.arrays
    low, high = _FACTORS[problem.dtype]
    exponent = result
    if weights:
        exponent = int(random.integers(max(low, result - high), min(high, result - low) + 1))
        weights = [np.ldexp(weights[0], result - exponent)]
    exact = np.ldexp(problem.expected[0], result)
    limits = _limits(backend, problem, result)
    with np.errstate(over="ignore"):
        want = round_to(exact, problem.dtype)
        got = apply(backend, function, problem.dtype, np.ldexp(x, exponent), *weights)
    what = f"the result at 2**{result}"
    return require_within(got, want, np.where(np.isfinite(want), limits, 0), problem.dtype, what)


def _limits(backend: Backend, problem: Problem, result: int) -> Array:
    """Return zeros, or the bound where the backend declares larger errors."""
    factor = harness.accuracy(backend, problem)
    return np.ldexp(problem.expected[1] * (factor if factor > 1 else 0), result)


def _random(problem: Problem) -> Random:
    salt = zlib.crc32(repr((problem.op, problem.dtype)).encode())
    return np.random.default_rng((problem.seed, salt))


def _problems(seed: int) -> Iterator[tuple[str, Problem]]:
    """Yield problems of multiples of 1/8 in float32, with the middle of an id."""
    numbers: dict[str, Any] = {"values": "eighths", "seed": seed}
    for number, row in enumerate(_ROWS):
        is_last = number % 2 == 0
        yield row.id, conv_problem(row, channels_last=is_last, **numbers)
        yield row.id, transpose_problem(row, channels_last=not is_last, **numbers)
    dense = Dense(bias=False, activation="linear")
    shapes = ((5, 4),)
    yield "rows", Problem(op=dense, input_shape=(3, 2, 5), weight_shapes=shapes, **numbers)
    for number, pool in enumerate(_POOLS):
        for kind in ("max", "sum", "average"):
            yield pool.id, pool.problem(kind, channels_last=number == 0, **numbers)
    for is_last in (True, False):
        moving: tuple[Op, ...] = (
            Pad(pads=((1, -1), (0, 2)), channels_last=is_last),
            Upsample(factors=(2, 3), interpolation="nearest", channels_last=is_last),
            Upsample(factors=(2, 4), interpolation="bilinear", channels_last=is_last),
            Resize(output_size=(6, 2), interpolation="bilinear", coordinates="asymmetric",
                   channels_last=is_last),
            Resize(output_size=(5, 2), interpolation="nearest", coordinates="half_pixel",
                   channels_last=is_last),
        )  # fmt: skip
        for op in moving:
            shape = (2, 3, 4, 2) if is_last else (2, 2, 3, 4)
            yield described(op), Problem(op=op, input_shape=shape, **numbers)
