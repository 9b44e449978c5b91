"""The metrics of Keras 3 that count hits and misses: precision, recall and their like."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from convdispatch.formulas import lookup
from convdispatch.formulas.confusion import (
    NOTHING,
    as_part,
    as_thresholds,
    counts,
    of_class,
    of_top_k,
)
from convdispatch.formulas.metric_bases import Array, SummedMetric, ratio
from convdispatch.ops import Backend, Tensor

# The rows of `counts`.
_FOUND, _FALSE, _MISSED, _LEFT = range(4)


class _Counted(SummedMetric):
    """A metric of hits and misses at some thresholds."""

    thresholds: list[float]
    top_k: int | None = None
    class_id: int | None = None

    def sums(self, backend: Backend, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """Return how many samples are found and missed, for each threshold."""
        y_true, y_pred = self._measure.fitted(backend, y_true, y_pred)
        if self.top_k is not None:
            y_pred = of_top_k(backend, y_pred, self.top_k)
        if self.class_id is not None:
            y_true = of_class(y_true, backend.functions, self.class_id)
            y_pred = of_class(y_pred, backend.functions, self.class_id)
        found: Tensor = counts(backend, y_true, y_pred, self.thresholds, weights=sample_weight)
        return found

    def value(self, sums: Array) -> Array:
        """Return one number for each threshold, or that of the only one."""
        found = self._of(sums)
        return found[0] if len(self.thresholds) == 1 else found

    def _of(self, sums: Array) -> Array:
        raise NotImplementedError


class _Count(_Counted):
    row: ClassVar[int]

    def __init__(
        self, thresholds: Any = None, name: str | None = None, dtype: object = None
    ) -> None:
        """Check the thresholds."""
        self.thresholds = as_thresholds(thresholds)
        super().__init__(name, dtype, thresholds=thresholds)

    def _of(self, sums: Array) -> Array:
        row: Array = sums[self.row]
        return row


class TruePositives(_Count):
    """How many samples are found that are true, for each threshold."""

    own_name, row = "true_positives", _FOUND


class FalsePositives(_Count):
    """How many samples are found that are not true, for each threshold."""

    own_name, row = "false_positives", _FALSE


class TrueNegatives(_Count):
    """How many samples are not found and not true, for each threshold."""

    own_name, row = "true_negatives", _LEFT


class FalseNegatives(_Count):
    """How many samples are not found that are true, for each threshold."""

    own_name, row = "false_negatives", _MISSED


class _Part(_Counted):
    other: ClassVar[int]

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: object = None,
    ) -> None:
        """Check the thresholds, and which predictions and which class count."""
        self.thresholds = as_thresholds(thresholds, 0.5 if top_k is None else NOTHING)
        self.top_k = None if top_k is None else lookup.integer(top_k, "top_k", at_least=1)
        self.class_id = _as_class(class_id)
        super().__init__(name, dtype, thresholds=thresholds, top_k=top_k, class_id=class_id)

    def _of(self, sums: Array) -> Array:
        return ratio(sums[_FOUND], sums[_FOUND] + sums[self.other])


class Precision(_Part):
    """The part of what was found that is true.

    >>> precision = Precision()
    >>> precision.update_state(np.array([0.0, 1.0]), np.array([0.75, 0.75]))
    >>> precision.result()
    0.5
    """

    own_name, other = "precision", _FALSE


class Recall(_Part):
    """The part of what is true that was found."""

    own_name, other = "recall", _MISSED


class _At(_Counted):
    """The greatest of one part at those thresholds where another part is great enough."""

    wanted: ClassVar[str]

    def __init__(
        self, least: Any, num_thresholds: int, class_id: int | None, name: Any, dtype: object
    ) -> None:
        """Check the arguments; `wanted` is the name of the least part."""
        self.least = as_part(least, self.wanted)
        count = lookup.integer(num_thresholds, "num_thresholds", at_least=1)
        self.thresholds = [0.5] if count == 1 else np.linspace(0, 1, count).tolist()
        self.class_id = _as_class(class_id)
        config = {self.wanted: least, "num_thresholds": num_thresholds, "class_id": class_id}
        super().__init__(name, dtype, **config)

    def value(self, sums: Array) -> Array:
        """Return the greatest part, 0 where no threshold is allowed."""
        enough, found = self._both(sums)
        greatest: Array = np.where(enough >= self.least, found, 0.0).max(initial=0.0)
        return greatest

    def _both(self, sums: Array) -> tuple[Array, Array]:
        raise NotImplementedError


class SensitivityAtSpecificity(_At):
    """The greatest sensitivity where the specificity is at least `specificity`."""

    own_name, wanted = "sensitivity_at_specificity", "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: object = None,
    ) -> None:
        """Check the arguments."""
        super().__init__(specificity, num_thresholds, class_id, name, dtype)

    def _both(self, sums: Array) -> tuple[Array, Array]:
        return _specificity(sums), _sensitivity(sums)


class SpecificityAtSensitivity(_At):
    """The greatest specificity where the sensitivity is at least `sensitivity`."""

    own_name, wanted = "specificity_at_sensitivity", "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: object = None,
    ) -> None:
        """Check the arguments."""
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)

    def _both(self, sums: Array) -> tuple[Array, Array]:
        return _sensitivity(sums), _specificity(sums)


class PrecisionAtRecall(_At):
    """The greatest precision where the recall is at least `recall`."""

    own_name, wanted = "precision_at_recall", "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: object = None,
    ) -> None:
        """Check the arguments."""
        super().__init__(recall, num_thresholds, class_id, name, dtype)

    def _both(self, sums: Array) -> tuple[Array, Array]:
        return _sensitivity(sums), _precision(sums)


class RecallAtPrecision(_At):
    """The greatest recall where the precision is at least `precision`."""

    own_name, wanted = "recall_at_precision", "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: object = None,
    ) -> None:
        """Check the arguments."""
        super().__init__(precision, num_thresholds, class_id, name, dtype)

    def _both(self, sums: Array) -> tuple[Array, Array]:
        return _precision(sums), _sensitivity(sums)


def _sensitivity(sums: Array) -> Array:
    return ratio(sums[_FOUND], sums[_FOUND] + sums[_MISSED])


def _specificity(sums: Array) -> Array:
    return ratio(sums[_LEFT], sums[_LEFT] + sums[_FALSE])


def _precision(sums: Array) -> Array:
    return ratio(sums[_FOUND], sums[_FOUND] + sums[_FALSE])


def _as_class(given: Any) -> int | None:
    return None if given is None else lookup.integer(given, "class_id", at_least=0)
