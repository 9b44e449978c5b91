"""Mistakes after the sums: bias, activation, and the axes of the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from convdispatch.conformance.diagnosis.mistakes.contents import (
    ALL,
    SPATIAL,
    groups_of,
    other_input,
)
from convdispatch.conformance.diagnosis.mistakes.mistake import (
    CONVOLUTIONS,
    PRODUCTS,
    Answer,
    Mistake,
    OfOp,
    computed,
    of_arrays,
    of_result,
)
from convdispatch.numerics import bounds
from convdispatch.numerics.problem import Array, Problem, add_bias
from convdispatch.ops import FUSED_ACTIVATIONS, ConvTranspose, Dense


def _bias(change: Callable[[Problem, Array], Array]) -> Any:
    def changed(
        problem: Problem, x: Array, kernel: Array, *bias: Array
    ) -> tuple[Array, ...] | None:
        return (x, kernel, change(problem, bias[0])) if bias else None

    return of_arrays(changed)


def _bias_of_the_first_group(problem: Problem, bias: Array) -> Array:
    return bias[np.arange(len(bias)) % max(len(bias) // groups_of(problem), 1)]


def _bias_after(problem: Problem) -> Answer:
    """Apply the activation, and then add the bias."""
    op: Any = problem.op
    x, kernel, *bias = problem.arrays
    if not bias or op.activation == "linear":
        return None
    bare = replace(op, bias=False)
    exact, allowed = computed(bare, (x, kernel), problem.dtype)
    rounding = 2 * bounds.unit_roundoff(problem.dtype) * (np.abs(exact) + np.abs(bias[0]).max())
    return add_bias(bare, exact, bias[0]), allowed + rounding


def _bias_where_reached(problem: Problem) -> Answer:
    """Add no bias to the cells of a transposed convolution that no tap reaches."""
    op: Any = problem.op
    x, kernel, *bias = problem.arrays
    if not bias:
        return None
    bare = replace(op, bias=False)
    counted = replace(bare, activation="linear")
    ones = np.ones_like(x), np.ones_like(kernel)
    is_reached = computed(counted, ones, "float64")[0] > 0
    right, plain = problem.expected, computed(bare, (x, kernel), problem.dtype)
    exact, allowed = (np.where(is_reached, a, b) for a, b in zip(right, plain, strict=True))
    return exact, allowed


def _activated(name: str) -> Any:
    return OfOp(lambda op, _: replace(op, activation=name))


EPILOGUE = (
    Mistake(
        what="leaving out the bias",
        ops=PRODUCTS,
        variants=(_bias(lambda _, bias: 0 * bias),),
    ),
    Mistake(
        what="adding the bias twice", ops=PRODUCTS, variants=(_bias(lambda _, bias: 2 * bias),)
    ),
    Mistake(
        what="subtracting the bias", ops=PRODUCTS, variants=(_bias(lambda _, bias: -bias),)
    ),
    Mistake(
        what="adding the first group's bias to every group",
        ops=CONVOLUTIONS,
        variants=(_bias(_bias_of_the_first_group),),
    ),
    Mistake(
        what="adding the first channel's bias to every channel",
        ops=PRODUCTS,
        variants=(_bias(lambda _, bias: np.repeat(bias[:1], len(bias))),),
    ),
    Mistake(what="applying the activation before the bias", ops=PRODUCTS, variants=(_bias_after,)),
    Mistake(
        what="adding no bias where no tap reaches",
        ops=(ConvTranspose,),
        variants=(_bias_where_reached,),
    ),
    Mistake(what="leaving out the activation", ops=PRODUCTS, variants=(_activated("linear"),)),
    *(
        Mistake(
            what=f"applying {name} as the activation", ops=PRODUCTS, variants=(_activated(name),)
        )
        for name in FUSED_ACTIVATIONS
        if name != "linear"
    ),
    Mistake(
        what="multiplying the rows of a sample in reverse order",
        ops=(Dense,),
        variants=(other_input(lambda _, x: x[:, ::-1] if x.ndim > 2 else x),),
    ),
)  # fmt: skip

SHAPES = (
    Mistake(
        what="dropping the axis of a single channel",
        ops=SPATIAL,
        variants=(of_result(lambda p, y: _squeezed(y, y.ndim - 1 if p.channels_last else 1)),),
    ),
    Mistake(
        what="dropping the batch axis of a single sample",
        ops=ALL,
        variants=(of_result(lambda _, y: _squeezed(y, 0)),),
    ),
    Mistake(
        what="returning the channels on the other side of the cells",
        ops=SPATIAL,
        variants=(
            of_result(
                lambda p, y: np.moveaxis(y, -1, 1) if p.channels_last else np.moveaxis(y, 1, -1)
            ),
        ),
    ),
    Mistake(
        what="returning the input",
        ops=ALL,
        variants=(of_arrays(lambda *_: None), lambda p: (p.arrays[0], 0 * p.arrays[0])),
    ),
    Mistake(what="returning zeros", ops=ALL, variants=(of_result(lambda _, y: 0 * y),)),
)


def _squeezed(y: Array, axis: int) -> Array | None:
    return y.squeeze(axis) if y.shape[axis] == 1 else None
