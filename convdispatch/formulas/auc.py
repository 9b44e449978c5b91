"""The area under a curve of hits against misses, over thresholds of predictions, as in Keras 3."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.formulas import lookup
from convdispatch.formulas.confusion import as_thresholds, counts
from convdispatch.formulas.metric_bases import Array, SummedMetric, ratio
from convdispatch.ops import Backend, Tensor
from convdispatch.runtime.selection import epsilon

_CURVES = ("ROC", "PR", "PRGAIN")
_METHODS = ("interpolation", "minoring", "majoring")


class AUC(SummedMetric):
    """The area under the curve 'ROC', 'PR' (precision, recall) or 'PRGAIN' (their gains).

    >>> area = AUC(num_thresholds=3)
    >>> area.update_state(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, 0.5, 0.25, 0.75]))
    >>> area.result()
    0.75
    """

    own_name = "auc"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: object = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        """Check the arguments. `num_labels` is read and not needed: the predictions have them."""
        self.curve = _one_of(curve, "curve", _CURVES)
        self.summation_method = _one_of(summation_method, "summation_method", _METHODS)
        if num_labels and not multi_label:
            raise InvalidArgument(
                f"`num_labels` is for `multi_label=True` alone, received {num_labels!r}. Leave it "
                "out, or count each label apart."
            )
        self.multi_label, self.from_logits = bool(multi_label), bool(from_logits)
        by_label = None if label_weights is None else np.asarray(label_weights, float)
        self.label_weights = by_label
        inner = _inner(num_thresholds, thresholds)
        self.thresholds = [-epsilon(), *inner, 1 + epsilon()]
        super().__init__(
            name,
            dtype,
            num_thresholds=len(self.thresholds),
            curve=self.curve,
            summation_method=self.summation_method,
            thresholds=None if thresholds is None else inner,
            multi_label=self.multi_label,
            num_labels=num_labels,
            label_weights=None if by_label is None else by_label.tolist(),
            from_logits=self.from_logits,
        )

    def sums(self, backend: Backend, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """Return how many samples are found and missed, for each threshold and label."""
        y_true, y_pred = self._measure.fitted(backend, y_true, y_pred)
        if self.multi_label and len(y_pred.shape) != 2:
            raise InvalidShape(
                f"{self.name!r} with `multi_label=True` needs predictions of shape (samples, "
                f"labels), received {tuple(y_pred.shape)}. Reshape them."
            )
        if self.from_logits:
            y_pred = backend.functions["sigmoid"](y_pred)
        found: Tensor = counts(
            backend,
            y_true,
            y_pred,
            self.thresholds,
            weights=sample_weight,
            label_weights=None if self.multi_label else self.label_weights,
            of_each_label=self.multi_label,
        )
        return found

    def value(self, sums: Array) -> Array:
        """Return the area, the mean over labels where each has its own."""
        if self.curve == "PR" and self.summation_method == "interpolation":
            areas = _interpolated(sums)
        else:
            areas = self._strips(sums)
        found: Array = areas.sum(0)
        if not self.multi_label:
            return found
        if self.label_weights is None:
            mean: Array = found.mean()
            return mean
        return ratio((found * self.label_weights).sum(), self.label_weights.sum())

    def _strips(self, sums: Array) -> Array:
        """Return the areas of the strips between neighbouring thresholds."""
        x, y = _points(self.curve, sums)
        if self.summation_method == "interpolation":
            heights = (y[:-1] + y[1:]) / 2
        elif self.summation_method == "minoring":
            heights = np.minimum(y[:-1], y[1:])
        else:
            heights = np.maximum(y[:-1], y[1:])
        strips: Array = (x[:-1] - x[1:]) * heights
        return strips


def _points(curve: str, sums: Array) -> tuple[Array, Array]:
    found, wrong, missed, left = sums
    recall = ratio(found, found + missed)
    if curve == "ROC":
        return ratio(wrong, wrong + left), recall
    if curve == "PR":
        return recall, ratio(found, found + wrong)
    scale = ratio(found + missed, left + wrong)
    gain = np.where(found == 0, 0.0, 1 - scale * ratio(missed, found))
    return np.maximum(gain, 0.0), np.where(found == 0, 1.0, 1 - scale * ratio(wrong, found))


def _interpolated(sums: Array) -> Array:
    """Return the areas of the strips under precision, which is no straight line over recall.

    Davis & Goadrich, "The relationship between precision-recall and ROC curves", 2006.
    """
    found, wrong, missed, _ = sums
    step = found[:-1] - found[1:]
    positive = found + wrong
    before, after = positive[:-1], positive[1:]
    slope = ratio(step, np.maximum(before - after, 0))
    intercept = found[1:] - slope * after
    known = (before > 0) & (after > 0)
    quotient = np.where(known, ratio(before, np.maximum(after, 0)), 1.0)
    increment = slope * (step + intercept * np.log(quotient))
    return ratio(increment, np.maximum(found[1:] + missed[1:], 0))


def _inner(count: Any, thresholds: Any) -> list[float]:
    """Return the thresholds between the first, below 0, and the last, above 1."""
    if thresholds is not None:
        return sorted(as_thresholds(thresholds))
    count = lookup.integer(count, "num_thresholds", at_least=2)
    return [(place + 1) / (count - 1) for place in range(count - 2)]


def _one_of(given: Any, argument: str, allowed: tuple[str, ...]) -> str:
    for one in allowed:
        if isinstance(given, str) and given in (one, one.lower(), one.capitalize()):
            return one
    raise InvalidArgument(
        f"`{argument}` of AUC must be one of {lookup.quoted(allowed)}; received {given!r}."
    )
