"""Whether two models compute the same: on random input, in units of what rounding explains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from convdispatch.cli._random_inputs import Array, inputs_for, outputs_of
from convdispatch.errors import ConvDispatchError
from convdispatch.models.parts import computing_dtype
from convdispatch.numerics.rounding import model_with_bounds

_TOLERANCE = 1e-5  # of the largest output, where no bound is derived for the model


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far the new model is from the old one; `reason` says what is wrong, '' for nothing.

    `largest` is absolute. `in_bounds` is None where no bound is derived for one of the layers.
    """

    largest: float | None
    in_bounds: float | None
    reason: str = ""

    @property
    def is_right(self) -> bool:
        """Whether rounding explains the difference."""
        return not self.reason

    @property
    def said(self) -> str:
        """The difference in words."""
        if self.largest is None:
            return "not known"
        if self.in_bounds is None:
            return f"{self.largest:.3g}; no rounding bound is derived for this model"
        return f"{self.largest:.3g}, {self.in_bounds:.3g} of the rounding bound"


def difference(old: Any, new: Any) -> Difference:
    """Return how far the outputs of two models are from each other."""
    inputs = inputs_for(old)
    pairs = list(zip(outputs_of(old, inputs), outputs_of(new, inputs), strict=False))
    for one, other in pairs:
        if one.shape != other.shape:
            reason = f"outputs of shape {one.shape} have the shape {other.shape}"
            return Difference(largest=None, in_bounds=None, reason=reason)
    if all(np.array_equal(one, other, equal_nan=True) for one, other in pairs):
        return Difference(largest=0.0, in_bounds=0.0)
    gaps = [np.abs(one.astype(np.float64) - other) for one, other in pairs]
    largest = max(float(gap.max(initial=0.0)) for gap in gaps)
    if not math.isfinite(largest):
        reason = "one of them gives infinite outputs"
        return Difference(largest=None, in_bounds=None, reason=reason)
    return _judged(gaps, _bounds(old, inputs), largest, [one for one, _ in pairs])


def _judged(
    gaps: list[Array], bounds: list[Any] | None, largest: float, outputs: list[Array]
) -> Difference:
    if bounds is None:
        scale = max(float(np.abs(one).max(initial=0.0)) for one in outputs)
        reason = "" if largest <= _TOLERANCE * scale else "they differ by more than 1e-5 of it"
        return Difference(largest=largest, in_bounds=None, reason=reason)
    ratios = [
        np.divide(gap, bound, out=np.where(gap == 0, 0.0, np.inf), where=bound > 0)
        for gap, bound in zip(gaps, bounds, strict=True)
    ]
    # Each of both may be one bound from the exact output.
    in_bounds = max(float(ratio.max(initial=0.0)) for ratio in ratios)
    reason = "" if in_bounds <= 2 else "they differ by more than rounding explains"
    return Difference(
        largest=largest,
        in_bounds=in_bounds if math.isfinite(in_bounds) else None,
        reason=reason,
    )


def _bounds(model: Any, inputs: list[Array]) -> list[Any] | None:
    """Return the rounding bound of each output, None where none is derived."""
    try:
        found = model_with_bounds(model, inputs, computing_dtype(model))
    except (ConvDispatchError, NotImplementedError):
        return None
    return [bound for _, bound in found]
