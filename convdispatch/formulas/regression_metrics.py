"""The metrics of Keras 3 for targets that are quantities, which are no means of samples' values."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.formulas import lookup
from convdispatch.formulas.metric_bases import Array, SummedMetric, ratio, weighed
from convdispatch.ops import Backend, Tensor
from convdispatch.support.warnings import warn

_AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


class RootMeanSquaredError(SummedMetric):
    """The square root of the mean of all squares of errors.

    >>> root = RootMeanSquaredError()
    >>> root.update_state(np.array([[0.0, 0.0]]), np.array([[1.0, 7.0]]))
    >>> root.result()
    5.0
    """

    own_name = "root_mean_squared_error"

    def __init__(self, name: str | None = None, dtype: object = None) -> None:
        """Take a name for reports."""
        super().__init__(name, dtype)

    def sums(self, backend: Backend, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """Return the weighted sum of the squares, and that of the weights."""
        y_true, y_pred = self._measure.fitted(backend, y_true, y_pred)
        f: Any = backend.functions
        square = (y_pred - y_true) ** 2
        weight = weighed(backend, sample_weight, square) * (square * 0 + 1)
        sums: Tensor = f["stack"]([f["sum"](square * weight), f["sum"](weight)], 0)
        return sums

    def value(self, sums: Array) -> Array:
        """Return the root."""
        root: Array = np.sqrt(ratio(sums[0], sums[1]))
        return root


class R2Score(SummedMetric):
    """The part of the targets' variance that predictions explain, for each output.

    `class_aggregation` is None for that of each, 'uniform_average' or 'variance_weighted_average'.
    `num_regressors` adjusts it for so many variables that predictions depend on.
    """

    own_name = "r2_score"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = None,
        dtype: object = None,
    ) -> None:
        """Check the arguments."""
        if class_aggregation not in _AGGREGATIONS:
            raise InvalidArgument(
                "`class_aggregation` must be None, 'uniform_average' or "
                f"'variance_weighted_average'; received {class_aggregation!r}."
            )
        self.class_aggregation = class_aggregation
        self.num_regressors = lookup.integer(num_regressors, "num_regressors", at_least=0)
        config = {"class_aggregation": class_aggregation, "num_regressors": num_regressors}
        super().__init__(name, dtype, **config)

    def sums(self, backend: Backend, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """Return sums of targets, squares of targets and of errors, weights, and numbers."""
        f: Any = backend.functions
        y_true, y_pred = self._measure.fitted(backend, y_true, y_pred)
        if len(y_pred.shape) != 2:
            raise InvalidShape(
                f"{self.name!r} needs predictions of shape (samples, outputs), received "
                f"{tuple(y_pred.shape)}. Reshape them."
            )
        one = y_pred * 0 + 1
        weight = weighed(backend, sample_weight, y_pred) * one
        error = (y_true - y_pred) ** 2
        rows = [y_true * weight, y_true * y_true * weight, error * weight, weight, one]
        sums: Tensor = f["stack"]([f["sum"](row, axis=(0,)) for row in rows], 0)
        return sums

    def value(self, sums: Array) -> Array:
        """Return the part of each output, or their mean."""
        total, squares, errors, count, samples = sums
        variance = squares - total * (total / count)
        scores = 1 - errors / variance
        scores = np.where(np.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = scores.mean()
        elif self.class_aggregation == "variance_weighted_average":
            scores = (variance * scores).sum() / variance.sum()
        return self._adjusted(scores, float(samples.sum()))

    def _adjusted(self, scores: Array, samples: float) -> Array:
        if not self.num_regressors:
            return scores
        if self.num_regressors >= samples - 1:
            warn(
                f"{self.name!r} is not adjusted: it has {self.num_regressors} regressors for "
                f"{samples:.0f} numbers. Give more samples, or fewer regressors."
            )
            return scores
        return 1 - (1 - scores) * (samples - 1) / (samples - self.num_regressors - 1)
