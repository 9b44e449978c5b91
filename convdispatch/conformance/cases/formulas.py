"""Layers that are no single op agree with their formulas: results, and gradients of all they read.

Expected numbers are those of `numerics.reference_layers`, in float64.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases.formula_rows import FormulaRow, made, native, numbers
from convdispatch.conformance.cases.formulas_cells import CELLS
from convdispatch.conformance.cases.formulas_merging import MERGING
from convdispatch.conformance.cases.formulas_recurrent import RECURRENT
from convdispatch.conformance.cases.formulas_single import SINGLE
from convdispatch.conformance.cases.layer_rows import require_registered
from convdispatch.numerics import bounds, gradients
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.problem import Array
from convdispatch.numerics.reference_layers import slopes_of
from convdispatch.ops import Backend

ROWS: Mapping[str, FormulaRow] = {**RECURRENT, **CELLS, **MERGING, **SINGLE}
# One of each kind, in which a backend that computes in float32 would show.
_IN_FLOAT64 = ("simple-rnn-masked", "dot-normalized", "softmax-of-rows")

# A result has gone through fewer roundings of numbers of about its size: four steps with products
# of up to six numbers, and functions that count as several.
_ROUNDINGS = 100


def cases(seed: int) -> Iterator[Case]:
    """Yield each row in float32, and some in float64; `seed` draws nothing."""
    for slug in ROWS:
        yield _case(slug, "float32")
    for slug in _IN_FLOAT64:
        yield _case(slug, "float64")


def agrees(backend: Backend, slug: str, dtype: str) -> Measured:
    """Compare the result of a row's layer, and its gradients, with those of the formula."""
    require_registered(backend)
    row = ROWS[slug]
    model = made(row, backend, dtype)
    wanted, cotangent, slopes = _by_hand(slug)
    inputs = [native(backend, array, dtype) for array in row.inputs]
    found = gradients.gradients(model, inputs if len(inputs) > 1 else inputs[0], cotangent)
    of_inputs = found.inputs if len(inputs) > 1 else [found.inputs]
    kinds = [("the gradient of input", of_inputs), ("the gradient of weight", found.weights)]
    names = ["the result", *(f"{what} {n}" for what, some in kinds for n in range(len(some)))]
    got = [found.output, *of_inputs, *found.weights]
    types = [dtype, *("float32" if one.dtype.kind == "i" else dtype for one in row.inputs)]
    types += [dtype] * len(found.weights)
    return worst(
        [
            require_within(np.asarray(one), want, _limits(want, dtype), own, name)
            for name, one, want, own in zip(names, got, [wanted, *slopes], types, strict=True)
        ]
    )


@cache
def _by_hand(slug: str) -> tuple[Array, Array, list[Array]]:
    """Return the result, its weights in the sum that is differentiated, and the gradients."""
    row = ROWS[slug]
    count = len(row.inputs)
    wanted = np.asarray(row.formula(row.weights, row.inputs))
    cotangent = numbers(wanted.shape, salt=3)
    arrays = [*row.inputs, *row.weights]
    slopes = slopes_of(lambda given: row.formula(given[count:], given[:count]), arrays, cotangent)
    return wanted, cotangent, slopes


def _limits(want: Array, dtype: str) -> Any:
    unit = bounds.gamma(_ROUNDINGS, bounds.unit_roundoff(dtype))
    return unit * np.maximum(1, np.abs(want))


def _case(slug: str, dtype: str) -> Case:
    return Case(
        id=f"layers/grad/formula-{slug}-{dtype}",
        level="grad",
        op="layers",
        claim=ROWS[slug].claim,
        check=agrees,
        arguments=(slug, dtype),
        features=("functions", "gradients", dtype, *ROWS[slug].needs),
    )
