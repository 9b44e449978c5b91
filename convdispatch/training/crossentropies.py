"""The losses and metrics of a dialect that does not compute them by the formulas of all.

TensorFlow's Keras takes a crossentropy of what a softmax or a sigmoid has computed from the numbers
before it, so no probability is rounded to 0 or 1 first.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from convdispatch.formulas.dialects import Dialect
from convdispatch.formulas.measures import Measure


def in_dialect(given: Any, dialect: Dialect) -> Any:
    """Return a loss or a metric as the dialect computes it."""
    measure = _measure_of(given)
    own = None if measure is None else dialect.formulas.get(measure.name)
    return given if measure is None or own is None else _with(given, replace(measure, function=own))


def of_logits(given: Any, dialect: Dialect) -> Any:
    """Return the same of the numbers before a softmax or a sigmoid, None where it is not so."""
    measure = _measure_of(given)
    if not dialect.takes_logits or measure is None or "from_logits" not in dict(measure.parameters):
        return None
    return _with(given, measure.with_parameters(from_logits=True))


def _measure_of(given: Any) -> Measure | None:
    """Return the measure that a loss or a metric of ours reduces, None of a user's."""
    found = getattr(given, "measure", given)
    return found if isinstance(found, Measure) else None


def _with(given: Any, measure: Measure) -> Any:
    if isinstance(given, Measure):
        return measure
    twin = copy.copy(given)
    twin.measure = measure
    return twin
