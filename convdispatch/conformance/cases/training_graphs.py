"""Models whose steps are compared with formulas: branches, a layer called twice, two outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from convdispatch import layers
from convdispatch.conformance.cases.formula_rows import FormulaRow, Options, numbers, of_shapes
from convdispatch.conformance.cases.training_rows import StepRow
from convdispatch.models import Model
from convdispatch.numerics import reference_layers as reference
from convdispatch.runtime.selection import use_backend

_X = numbers((3, 4), 21)


def _input(options: Options) -> Any:
    with use_backend(options["backend"]):  # a user's configuration has no say
        return layers.Input((4,), dtype=options["dtype"])


def _merging(options: Options) -> Any:
    """Return a model in which every merging layer gets the same two tensors."""
    start = _input(options)
    one, other = (layers.Dense(3, **options)(start) for _ in range(2))
    kinds = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
    merged = [getattr(layers, kind)(**options)([one, other]) for kind in kinds]
    merged.append(layers.Dot(1, **options)([one, other]))
    return Model(start, layers.Concatenate(**options)(merged))


def _merged(weights: Any, inputs: Any) -> Any:
    (x,) = inputs
    one, other = x @ weights[0] + weights[1], x @ weights[2] + weights[3]
    extremes = [reference.first_extreme([one, other], sign) for sign in (1, -1)]
    sums = [one + other, one - other, one * other, (one + other) / 2]
    return np.concatenate([*sums, *extremes, (one * other).sum(1, keepdims=True)], 1)


def _shared(options: Options) -> Any:
    """Return a model that calls one layer twice."""
    start, dense = _input(options), layers.Dense(4, activation="tanh", **options)
    return Model(start, dense(dense(start)))


def _again(weights: Any, inputs: Any) -> Any:
    x, (kernel, bias) = inputs[0], weights
    return np.tanh(np.tanh(x @ kernel + bias) @ kernel + bias)


def _two_outputs(options: Options) -> Any:
    """Return a model of two outputs, each of which depends on the first layer."""
    start = _input(options)
    trunk = layers.Dense(3, activation="tanh", **options)(start)
    return Model(start, [layers.Dense(2, **options)(trunk), layers.Dense(1, **options)(trunk)])


def _both(weights: Any, inputs: Any) -> Any:
    trunk = np.tanh(inputs[0] @ weights[0] + weights[1])
    return [trunk @ weights[2] + weights[3], trunk @ weights[4] + weights[5]]


GRAPHS: Mapping[str, StepRow] = {
    "merging": StepRow(
        model=FormulaRow(
            make=_merging,
            formula=_merged,
            inputs=(_X,),
            weights=of_shapes((4, 3), (3,), (4, 3), (3,)),
        )
    ),
    "called-twice": StepRow(
        model=FormulaRow(
            make=_shared, formula=_again, inputs=(_X,), weights=of_shapes((4, 4), (4,))
        )
    ),
    "two-outputs": StepRow(
        model=FormulaRow(
            make=_two_outputs,
            formula=_both,
            inputs=(_X,),
            weights=of_shapes((4, 3), (3,), (3, 2), (2,), (3, 1), (1,)),
        )
    ),
}
