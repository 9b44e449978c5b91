"""A step with every layer: losses, weights and states are those of the formulas, twice in a row.

The path is a user's: `compile` and `train_on_batch`. Expected numbers are those of
`numerics.reference_layers`, with its slopes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases.formula_rows import made, numbers
from convdispatch.conformance.cases.layer_rows import require_registered
from convdispatch.conformance.cases.training_graphs import GRAPHS
from convdispatch.conformance.cases.training_rows import TRAINED, StepRow
from convdispatch.engine.layer import Layer
from convdispatch.models import Sequential
from convdispatch.numerics import bounds
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.problem import Array
from convdispatch.numerics.reference_layers import slopes_of
from convdispatch.ops import Backend

ROWS: Mapping[str, StepRow] = {**TRAINED, **GRAPHS}
STEPS, RATE = 2, 0.25
# Of two steps: a result, the way back, and the update.
_ROUNDINGS = 200


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for each model; `seed` draws nothing."""
    for slug in ROWS:
        yield Case(
            id=f"training/full/layer-{slug}-float32",
            level="full",
            op="training",
            claim="Steps follow the slope of the loss, and change what they should change.",
            check=trains_layer,
            arguments=(slug, "float32"),
            features=("compile_step", "gradients", "functions", "random", "float32"),
        )


def trains_layer(backend: Backend, slug: str, dtype: str) -> Measured:
    """Compare the losses of two steps of gradient descent, and the weights after each."""
    require_registered(backend)
    row = ROWS[slug]
    model = made(row.model, backend, dtype)
    if isinstance(model, Layer):
        model = Sequential([model], backend=backend.name)
    model.compile({"class_name": "SGD", "config": {"learning_rate": RATE}}, "mean_squared_error")
    measured = []
    for step, (losses, weights) in enumerate(_by_hand(slug), 1):
        x, targets = _batch(row, step)
        x = x if x.dtype.kind == "i" else x.astype(dtype)
        wanted = [one.astype(dtype) for one in targets]
        found = model.train_on_batch(x, wanted if len(wanted) > 1 else wanted[0])
        measured.append(
            _within(np.asarray(found, dtype), losses, dtype, f"the loss of step {step}")
        )
        measured += [
            _within(np.asarray(one), want, dtype, f"after step {step} weight {place}")
            for place, (one, want) in enumerate(zip(model.get_weights(), weights, strict=True))
        ]
    return worst(measured)


@cache
def _by_hand(slug: str) -> list[tuple[Any, list[Array]]]:
    """Return the losses that each step reports and the weights after it, in float64."""
    row = ROWS[slug]
    weights = [array.astype(float) for array in row.model.weights]
    found = []
    for step in range(1, STEPS + 1):
        x, targets = _batch(row, step)

        def losses_of(given: Any, x: Any = x, targets: Any = targets) -> Any:
            """Return the sum that is made smaller, then the parts of several outputs."""
            outputs = _listed(row.model.formula(given, [x]))
            counts = None if row.counts is None else row.counts(x)
            parts = [_mean(one, y, counts) for one, y in zip(outputs, targets, strict=True)]
            total = sum(parts) + row.penalty(given, outputs[0])
            return np.stack([total, *parts]) if len(parts) > 1 else total

        def total_of(given: Any, losses_of: Any = losses_of) -> Any:
            return losses_of(given).ravel()[0]

        slopes = slopes_of(total_of, weights)
        losses, updates = losses_of(weights), row.updates(weights, x)
        weights = [
            np.asarray(updates.get(place, old))
            if place in row.kept
            else row.projected(place, old - RATE * slope)
            for place, (old, slope) in enumerate(zip(weights, slopes, strict=True))
        ]
        found.append((np.asarray(losses), weights))
    return found


def _mean(outputs: Any, targets: Any, counts: Any) -> Any:
    """Return the mean squared error of the cells that count."""
    scores = ((outputs - targets) ** 2).mean(-1)
    return scores.mean() if counts is None else (scores * counts).sum() / counts.sum()


def _batch(row: StepRow, step: int) -> tuple[Array, list[Array]]:
    """Return the inputs and the targets of a step: the second turns the first's round."""
    (x,) = row.model.inputs
    x = x if step == 1 else x[:, ::-1]
    outputs = _listed(row.model.formula(row.model.weights, [x]))
    return x, [numbers(np.shape(one), step) for one in outputs]


def _listed(outputs: Any) -> list[Any]:
    return outputs if isinstance(outputs, list) else [outputs]


def _within(got: Array, want: Any, dtype: str, what: str) -> Measured:
    unit = bounds.gamma(_ROUNDINGS, bounds.unit_roundoff(dtype))
    return require_within(got, want, unit * np.maximum(1, np.abs(want)), dtype, what)
