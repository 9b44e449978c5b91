"""A result written out as a person would compute it: `y[0, 1] = 2*1 + 3*10 = 32; got 23`.

The oracle computes with terms instead of numbers, so that what is written is what it adds up.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from convdispatch.conformance.diagnosis.mistakes.derivatives import NAMES
from convdispatch.conformance.diagnosis.observing import RESULT, Observation
from convdispatch.numerics import oracle, oracle_pooling, oracle_resizing
from convdispatch.numerics.problem import (
    Array,
    Problem,
    add_bias,
    before_bias,
    pool_fields,
    resize_fields,
)
from convdispatch.ops import Conv, ConvTranspose, Dense, Pad, Pool, Resize, Upsample

_MOST_LINES = 6  # of cells; the others are wrong alike
_MOST_TERMS = 12  # in one line


class Terms:
    """A sum of products, as text; a number that is known to be 0, such as a pad, is none."""

    __slots__ = ("parts",)

    def __init__(self, *parts: str) -> None:
        self.parts = parts

    def __add__(self, other: object) -> Terms:
        """Join two sums."""
        return Terms(*self.parts, *(other.parts if isinstance(other, Terms) else ()))

    __radd__ = __add__

    def __mul__(self, other: object) -> Terms:
        """Multiply two numbers; a share of a cell comes first."""
        if isinstance(other, Terms):
            pairs = zip(self.parts, other.parts, strict=False)
            return Terms(*(f"{_factor(a)}*{_factor(b)}" for a, b in pairs))
        if isinstance(other, Fraction) and other != 1:
            return Terms(*(f"{other}*{_factor(part)}" for part in self.parts))
        return self if other else Terms()

    __rmul__ = __mul__

    def __str__(self) -> str:
        """Write the sum down."""
        return " + ".join(self.parts) or "0"


def lines(observation: Observation, problem: Problem) -> tuple[str, ...]:
    """Return the wrong numbers beside the right ones, with every product of an op's result.

    Gradients are listed without their products.
    """
    written = _written(problem) if observation.names == RESULT else None
    found: list[str] = []
    for number in observation.wrong:
        name = _name(observation, number)
        right, got = observation.right[number][0], observation.got[number]
        if got.shape != right.shape:
            found.append(f"{name} has shape {got.shape}; expected {right.shape}")
            continue
        found += _of_array(name, written, observation, number)
    return tuple(found)


def right_lines(problem: Problem) -> tuple[str, ...]:
    """Return the first right numbers of the result, each with its products."""
    written, right = _written(problem), problem.expected[0]
    places = list(np.ndindex(*right.shape))
    found = []
    for place in places[:_MOST_LINES]:
        terms, number = "" if written is None else written[place], _number(float(right[place]))
        sums = f"{terms} = " if terms not in ("", number) else ""
        found.append(f"y[{', '.join(map(str, place))}] = {sums}{number}")
    left = len(places) - len(found)
    return (*found, f"and {left} more") if left else tuple(found)


def _name(observation: Observation, number: int) -> str:
    if observation.names == RESULT:
        return "y"
    name = observation.names[number]
    return name if observation.names == NAMES else f"the second derivative by {name}"


def _of_array(name: str, written: Array | None, observation: Observation, number: int) -> list[str]:
    right, values = observation.right[number][0], observation.got[number].astype(np.float64)
    is_right = observation.right_cells(number)
    wrong = [tuple(map(int, place)) for place in np.argwhere(~is_right)]
    found = []
    for place in wrong[:_MOST_LINES]:
        index = f"[{', '.join(map(str, place))}]"
        terms = f"{written[place]} = " if written is not None else ""
        if terms == f"{_number(right[place])} = ":
            terms = ""
        found.append(
            f"{name}{index} = {terms}{_number(right[place])}; got {_number(values[place])}"
        )
    left = len(wrong) - len(found)
    return [*found, f"and {left} more of {right.size} are wrong"] if left else found


def _written(problem: Problem) -> Array | None:
    """Return the text of each cell of the result."""
    op, arrays = problem.op, [_as_terms(array) for array in problem.arrays]
    x = arrays[0]
    if isinstance(op, Conv | ConvTranspose | Dense):
        return _finished(op, arrays)
    if isinstance(op, Pool):
        return _pooled(op, problem.arrays[0])
    if isinstance(op, Pad):
        y: Any = oracle.pad(x, op.pads, channels_last=op.channels_last)
    elif isinstance(op, Resize):
        y = oracle_resizing.resize(x, output_size=op.output_size, **resize_fields(op))
    elif isinstance(op, Upsample) and op.interpolation == "nearest":
        y = oracle.upsample(x, op.factors, interpolation="nearest", channels_last=op.channels_last)
    else:
        return None
    return _texts(y)


def _finished(op: Conv | ConvTranspose | Dense, arrays: Sequence[Array]) -> Array:
    x, kernel, *bias = arrays
    z = before_bias(op, x, kernel)
    sums = _texts(add_bias(op, z, bias[0] if bias else None))
    if op.activation == "linear":
        return sums
    wrap = np.vectorize(lambda text: f"{op.activation}({text})", otypes=[object])
    return np.asarray(wrap(sums))


def _pooled(op: Pool, x: Array) -> Array:
    """Write each window as a list of its cells."""
    rest = {**pool_fields(op), "kind": "sum", "counts_pads": False}
    y = oracle_pooling.pool(_as_terms(x), **rest)
    counts = oracle_pooling.pool(np.ones_like(x), **rest)
    texts = np.empty(y.shape, object)
    for place in np.ndindex(*y.shape):
        window: Any = y[place]
        cells = window.parts if isinstance(window, Terms) else ("0",)
        if op.kind == "max":
            texts[place] = f"max({', '.join(cells)})"
            continue
        count = int(np.prod(op.size)) if op.counts_pads else int(counts[place])
        total = " + ".join(cells)
        texts[place] = f"({total})/{count}" if op.kind == "average" else total
    return texts


def _as_terms(array: Array) -> Array:
    terms = np.empty(array.shape, object)
    for place in np.ndindex(*array.shape):
        terms[place] = Terms(_number(float(array[place])))
    return terms


def _texts(terms: Array) -> Array:
    texts = np.empty(terms.shape, object)
    for place in np.ndindex(*terms.shape):
        one: Any = terms[place]
        parts = one.parts if isinstance(one, Terms) else ()
        more = ("...",) if len(parts) > _MOST_TERMS else ()
        texts[place] = " + ".join((*parts[:_MOST_TERMS], *more)) or "0"
    return texts


def _number(value: float) -> str:
    return f"{value:.9g}"


def _factor(text: str) -> str:
    return f"({text})" if text.startswith("-") else text
