"""Fused activations over their whole range: what is right of a function is right where it is fused.

The kernel holds a single 1, so that a number goes through the product as it is. A sigmoid that is
clipped to an epsilon, or a tanh in half precision, is right near 1 and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import apply
from convdispatch.conformance.cases.function_range import (
    all_of_half,
    allowed,
    of_every_exponent,
)
from convdispatch.conformance.cases.function_rows import REFERENCE
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.problem import Array, Problem, round_to
from convdispatch.ops import FLOAT_DTYPES, HALF_DTYPES, Backend, Conv, ConvTranspose, Dense

_ACTIVATIONS = ("relu", "sigmoid", "tanh")
_COLUMNS = 16
_LINE: dict[str, Any] = {
    "strides": (1,), "pads": ((0, 0),), "dilation": (1,), "groups": 1, "bias": False,
}  # fmt: skip
_PLANE: dict[str, Any] = {
    "strides": (1, 1), "pads": ((0, 0),) * 2, "dilation": (1, 1), "groups": 1, "bias": False,
}  # fmt: skip
_CLAIM = "A fused activation is within a few roundings of every result, as the function itself is."


def cases(seed: int) -> Iterator[Case]:
    """Yield each activation fused with each kind of product, in each element type."""
    for activation in _ACTIVATIONS:
        for dtype in FLOAT_DTYPES:
            for problem in _problems(activation, dtype, seed):
                slug = f"{activation}-everywhere-{dtype}"
                yield problem_case("edge", slug, everywhere, _CLAIM, problem)


def everywhere(backend: Backend, problem: Problem) -> Measured:
    """Send numbers of every size through a product with 1, and compare with the function's."""
    dtype, seed = problem.dtype, problem.seed
    numbers = _numbers(dtype, seed)
    x = np.zeros(problem.input_shape)
    x.reshape(-1)[: numbers.size] = numbers
    kernel = np.ones(problem.weight_shapes[0])
    name = problem.op.activation  # type: ignore[union-attr]  # products have one
    with np.errstate(all="ignore"):
        exact = np.asarray(REFERENCE[name](x), np.float64)
        got = apply(backend, harness.plan(backend, problem), dtype, x, kernel)
        rounded = round_to(exact, dtype)
    want = np.where(np.isfinite(rounded), exact, rounded)
    return require_within(got, want, allowed(name, want, dtype), dtype, f"a fused {name!r}")


def _problems(activation: str, dtype: str, seed: int) -> Iterator[Problem]:
    cells = -(-_numbers(dtype, seed).size // _COLUMNS)
    numbers: dict[str, Any] = {"dtype": dtype, "seed": seed}
    line = {**_LINE, "activation": activation}
    plane = {**_PLANE, "activation": activation}
    one, two = ((1, 1, 1),), ((1, 1, 1, 1),)
    yield Problem(
        op=Conv(**line, channels_last=True),
        input_shape=(_COLUMNS, cells, 1),
        weight_shapes=one,
        **numbers,
    )
    yield Problem(
        op=Conv(**plane, channels_last=False),
        input_shape=(1, 1, _COLUMNS, cells),
        weight_shapes=two,
        **numbers,
    )
    yield Problem(
        op=ConvTranspose(**line, channels_last=False, output_size=(cells,)),
        input_shape=(_COLUMNS, 1, cells),
        weight_shapes=one,
        **numbers,
    )
    yield Problem(
        op=Dense(bias=False, activation=activation),
        input_shape=(_COLUMNS * cells, 1),
        weight_shapes=((1, 1),),
        **numbers,
    )


def _numbers(dtype: str, seed: int) -> Array:
    """Return every number of half precision, or some of every exponent, near to each other."""
    return all_of_half(dtype)[::7] if dtype in HALF_DTYPES else of_every_exponent(dtype, seed)
