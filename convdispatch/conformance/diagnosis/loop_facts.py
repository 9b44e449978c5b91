"""What is special about loops, training steps and losses, beside the words of their cases."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import formulas, scores
from convdispatch.conformance.cases.formulas_recurrent import RECURRENT

OUTPUTS = "outputs of every step"
GRADIENTS = "gradients in a step"
UNKNOWN_CLASS = "classes that do not exist"


def circumstances(case: Case) -> Iterator[str]:
    """Yield what a recurrent layer returns, what a step computes, and which classes are given."""
    slug = str(case.arguments[0]) if case.arguments else ""
    if case.check is formulas.agrees and _returns_sequences(slug):
        yield OUTPUTS
    if case.op == "steps" and "gradients" in case.features:
        yield GRADIENTS
    if case.check in (scores.values, scores.gradients) and not scores.are_known(slug):
        yield UNKNOWN_CLASS


@cache
def _returns_sequences(slug: str) -> bool:
    """Say whether a row of recurrent layers has a result for each step of its input."""
    row = RECURRENT.get(slug)
    if row is None:
        return False
    result, given = np.shape(row.formula(row.weights, row.inputs)), row.inputs[0].shape
    return len(result) == len(given) and result[1] == given[1]
