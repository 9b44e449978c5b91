"""The metrics of Keras 3 about how far classes that are found overlap with the true ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.formulas import lookup
from convdispatch.formulas.measures import as_native, wide
from convdispatch.formulas.metric_bases import Array, SummedMetric, weighed
from convdispatch.ops import Backend, Tensor
from convdispatch.runtime.selection import epsilon

_AVERAGES = (None, "micro", "macro", "weighted")


class FBetaScore(SummedMetric):
    """The weighted harmonic mean of precision and recall of each class.

    Without a `threshold` the class of the greatest prediction is found. `average` is None for the
    score of each class, 'micro', 'macro' or 'weighted'.
    """

    own_name = "fbeta_score"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = None,
        dtype: object = None,
    ) -> None:
        """Check the arguments."""
        if average not in _AVERAGES:
            raise InvalidArgument(
                f"`average` must be one of {lookup.quoted(_AVERAGES)}; received {average!r}."  # type: ignore[arg-type]  # None, too
            )
        self.average, self.beta = average, lookup.number(beta, "beta")
        if self.beta <= 0:
            raise InvalidArgument(f"`beta` must be greater than 0, received {beta!r}.")
        self.threshold = None if threshold is None else lookup.number(threshold, "threshold")
        if self.threshold is not None and not 0 < self.threshold <= 1:
            raise InvalidArgument(
                f"`threshold` must be greater than 0 and at most 1, received {threshold!r}."
            )
        super().__init__(name, dtype, average=average, beta=beta, threshold=threshold)

    def sums(self, backend: Backend, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """Return the hits of each class, what was found, and what is true."""
        f: Any = backend.functions
        y_true, y_pred = self._measure.fitted(backend, y_true, y_pred)
        if len(y_pred.shape) != 2:
            raise InvalidShape(
                f"{self.name!r} needs predictions of shape (samples, classes), received "
                f"{tuple(y_pred.shape)}. Reshape them."
            )
        if self.threshold is None:
            greatest = f["max"](y_pred, axis=(-1,), keepdims=True)
            is_first: Any = backend.cast(f["greater_equal"](y_pred, greatest), "int32")
            is_any: Any = backend.cast(f["greater"](f["abs"](y_pred), 1e-9), "int32")
            is_found = is_first * is_any
        else:
            is_found = f["greater"](y_pred, self.threshold)
        found = backend.cast(is_found, backend.describe(y_pred)[1])
        weight = weighed(backend, sample_weight, y_pred)
        rows = [y_true * found * weight, found * weight, y_true * weight]
        sums: Tensor = f["stack"]([f["sum"](row, axis=(0,)) for row in rows], 0)
        return sums

    def value(self, sums: Array) -> Array:
        """Return the score of each class, or their mean."""
        hits, found, true = sums.sum(1) if self.average == "micro" else sums
        precision, recall = hits / (found + epsilon()), hits / (true + epsilon())
        square = self.beta**2
        score = precision * recall / (square * precision + recall + epsilon()) * (1 + square)
        if self.average == "weighted":
            total: Array = (score * (true / (true.sum() + epsilon()))).sum()
            return total
        found_score: Array = score if self.average is None else np.mean(score)
        return found_score


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall of each class; see `FBetaScore`."""

    own_name = "f1_score"

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = None,
        dtype: object = None,
    ) -> None:
        """Check the arguments."""
        super().__init__(average, 1.0, threshold, name, dtype)
        del self._config["beta"]


class IoU(SummedMetric):
    """The mean, over `target_class_ids`, of intersection over union of what is found and true.

    Targets and predictions are numbers of classes if they are sparse, else a code along `axis`.
    """

    own_name = "io_u"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: object = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        """Check the arguments."""
        self._settle(num_classes, target_class_ids)
        self.ignore_class, self.axis = ignore_class, lookup.integer(axis, "axis")
        self.sparse_y_true, self.sparse_y_pred = bool(sparse_y_true), bool(sparse_y_pred)
        super().__init__(
            name,
            dtype,
            num_classes=num_classes,
            target_class_ids=self.target_class_ids,
            ignore_class=ignore_class,
            sparse_y_true=self.sparse_y_true,
            sparse_y_pred=self.sparse_y_pred,
            axis=axis,
        )

    def _settle(self, num_classes: Any, target_class_ids: Any) -> None:  # type: ignore[override]  # no dataclass
        self.num_classes = lookup.integer(num_classes, "num_classes", at_least=1)
        listed = [lookup.integer(one, "target_class_ids", at_least=0) for one in target_class_ids]
        if not listed or max(listed) >= self.num_classes:
            raise InvalidArgument(
                f"`target_class_ids` must be numbers of the {self.num_classes} classes, received "
                f"{target_class_ids!r}."
            )
        self.target_class_ids = listed

    def sums(self, backend: Backend, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """Return how often each class is found for each true one."""
        f: Any = backend.functions
        y_pred = wide(backend, y_pred)
        dtype = backend.describe(y_pred)[1]
        y_true = as_native(backend, y_true, dtype)
        true = y_true if self.sparse_y_true else f["argmax"](y_true, self.axis)
        found = self._found(backend, y_pred)
        true = f["reshape"](backend.cast(true, "int32"), (-1,))
        rows = f["one_hot"](true, self.num_classes, dtype)
        if sample_weight is not None:
            like = y_true if self.sparse_y_true else f["sum"](y_true, axis=(self.axis,))
            weights = weighed(backend, sample_weight, like) * (like * 0 + 1)
            rows = rows * f["reshape"](weights, (-1, 1))
        if self.ignore_class is not None:
            counted = backend.cast(f["not_equal"](true, self.ignore_class), dtype)
            rows = rows * f["reshape"](counted, (-1, 1))
        columns = f["one_hot"](f["reshape"](found, (-1,)), self.num_classes, dtype)
        sums: Tensor = f["matmul"](f["transpose"](rows, (1, 0)), columns)
        return sums

    def _found(self, backend: Backend, y_pred: Any) -> Any:
        if not self.sparse_y_pred:
            y_pred = backend.functions["argmax"](y_pred, self.axis)
        return backend.cast(y_pred, "int32")

    def value(self, sums: Array) -> Array:
        """Return the mean over those classes that are found or true."""
        hits = np.diag(sums)[self.target_class_ids]
        either = (sums.sum(0) + sums.sum(1))[self.target_class_ids] - hits
        is_there = either > 1e-9
        parts = np.where(is_there, hits / (either + epsilon()), 0.0)
        mean: Array = parts.sum() / (is_there.sum() + epsilon())
        return mean


class BinaryIoU(IoU):
    """`IoU` of the classes 0 and 1: a prediction of at least `threshold` finds class 1."""

    own_name = "binary_io_u"

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: object = None,
    ) -> None:
        """Check the arguments."""
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = lookup.number(threshold, "threshold")
        self._config = {"target_class_ids": self.target_class_ids, "threshold": threshold}

    def _found(self, backend: Backend, y_pred: Any) -> Any:
        is_found = backend.functions["greater_equal"](y_pred, self.threshold)
        return backend.cast(is_found, "int32")


class MeanIoU(IoU):
    """`IoU` over all classes."""

    own_name = "mean_io_u"

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: object = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        """Check the arguments."""
        every = range(lookup.integer(num_classes, "num_classes", at_least=1))
        sparse = (sparse_y_true, sparse_y_pred)
        super().__init__(num_classes, every, name, dtype, ignore_class, *sparse, axis)
        del self._config["target_class_ids"]


class OneHotIoU(IoU):
    """`IoU` of targets that are codes of classes."""

    own_name = "one_hot_io_u"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: object = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        """Check the arguments."""
        given = (num_classes, target_class_ids, name, dtype, ignore_class)
        super().__init__(*given, False, sparse_y_pred, axis)
        del self._config["sparse_y_true"]


class OneHotMeanIoU(MeanIoU):
    """`IoU` over all classes, of targets that are codes of classes."""

    own_name = "one_hot_mean_io_u"

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: object = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        """Check the arguments."""
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
        del self._config["sparse_y_true"]
