"""The oracle with the cells of a tap taken together is the oracle: every number is the same.

The numbers are whole, so that no order of a sum hides a wrong one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from convdispatch.conformance.cases import build, strategies
from convdispatch.numerics import oracle, oracle_by_taps
from convdispatch.numerics.problem import Array, Problem, conv_fields
from convdispatch.ops import Conv, ConvTranspose, Pad, Upsample, known_sizes

KINDS = ("conv", "conv_transpose", "pad", "upsample")
OPS = Conv | ConvTranspose | Pad | Upsample


def whole(shape: tuple[int, ...]) -> Array:
    """Return different whole numbers, negative ones included."""
    return np.arange(np.prod(shape)).reshape(shape) * 7 % 101 - 50


def answers(module: Any, problem: Problem, draw: Callable[[tuple[int, ...]], Array]) -> list[Array]:
    """Return the result of the problem's op by one of the two modules, and its gradients."""
    op, x = problem.op, draw(problem.input_shape)
    if isinstance(op, Pad):
        return [module.pad(x, op.pads, channels_last=op.channels_last)]
    if isinstance(op, Upsample):
        fields: dict[str, Any] = {
            "interpolation": op.interpolation,
            "channels_last": op.channels_last,
        }
        y = module.upsample(x, op.factors, **fields)
        return [y, module.upsample_gradient(draw(y.shape), op.factors, **fields)]
    assert isinstance(op, Conv | ConvTranspose)
    kernel, fields = draw(problem.weight_shapes[0]), conv_fields(op)
    shape = problem.weight_shapes[0]
    if isinstance(op, ConvTranspose):
        y = module.conv_transpose(x, kernel, **fields, output_size=known_sizes(op.output_size))
        g = draw(y.shape)
        for_x = module.conv(g, kernel, **fields)
        return [y, for_x, module.conv_kernel_gradient(g, x, kernel_shape=shape, **fields)]
    y = module.conv(x, kernel, **fields)
    g, size = draw(y.shape), x.shape[1:-1] if op.channels_last else x.shape[2:]
    for_x = module.conv_transpose(g, kernel, **fields, output_size=size)
    return [y, for_x, module.conv_kernel_gradient(x, g, kernel_shape=shape, **fields)]


def require_equal(
    problem: Problem, draw: Callable[[tuple[int, ...]], Array] = whole, within: float = 0.0
) -> None:
    """Compare the two modules' answers in value, shape and element type.

    The shares of a bilinear image are quotients, and its gradient adds them up in another order.
    """
    if isinstance(problem.op, Upsample) and problem.op.interpolation == "bilinear":
        within = 1e-12
    pairs = zip(answers(oracle_by_taps, problem, draw), answers(oracle, problem, draw), strict=True)
    for got, want in pairs:
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=within, atol=within, strict=True)


@pytest.mark.parametrize("kind", KINDS)
def test_drawn_geometries_give_the_oracles_numbers(kind: str) -> None:
    """Strides, pads, crops, dilation, groups, both layouts, every rank."""

    @given(strategies.problems(kind))
    @settings(derandomize=True, database=None, max_examples=150, deadline=None)
    def equal(problem: Problem) -> None:
        require_equal(problem)

    equal()


def test_the_suites_own_geometries_give_the_oracles_numbers() -> None:
    """One problem in nine, of all that the cases are made of: the whole takes half a minute."""
    problems = dict.fromkeys(
        argument
        for case in build()
        for argument in case.arguments
        if isinstance(argument, Problem) and isinstance(argument.op, OPS)
    )
    chosen = list(problems)[::9]
    assert len(chosen) > 500
    for problem in chosen:
        require_equal(problem)


@pytest.mark.parametrize("kind", KINDS)
def test_fractions_and_infinities_give_the_oracles_numbers(kind: str) -> None:
    """A pad is a zero that infinity is multiplied by; float64 differs by its rounding alone."""

    def special(shape: tuple[int, ...]) -> Array:
        values = whole(shape) / 3
        values.reshape(-1)[::5] = np.inf
        return values

    @given(strategies.problems(kind))
    @settings(derandomize=True, database=None, max_examples=25, deadline=None)
    def equal(problem: Problem) -> None:
        with np.errstate(all="ignore"):
            require_equal(problem, special, within=1e-12)

    equal()


def test_a_size_that_the_convolution_does_not_give_is_refused() -> None:
    """As the oracle refuses it, in its words."""
    with pytest.raises(ValueError, match=r"a convolution of \(9,\) gives \(7,\), not \(2,\)"):
        oracle_by_taps.conv_transpose(
            np.ones((1, 2, 1)),
            np.ones((3, 1, 1)),
            strides=(1,),
            pads=((0, 0),),
            dilation=(1,),
            groups=1,
            channels_last=True,
            output_size=(9,),
        )
