"""The classes of metrics of Keras 3 that are means of the values of a function.

In `compile` one counts as its function does. Alone, it adds up batches: `update_state`, `result`.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from convdispatch.formulas import loss_functions as losses
from convdispatch.formulas import metric_functions as metrics
from convdispatch.formulas.measures import Measure
from convdispatch.formulas.metric_bases import Metric
from convdispatch.formulas.reductions import weights_of
from convdispatch.ops import Backend, Tensor
from convdispatch.runtime import selection


class MeanMetric(Metric):
    """A mean over all samples of the values of one of the functions.

    >>> accuracy = BinaryAccuracy(threshold=0.25)
    >>> accuracy.update_state(np.array([1.0, 0.0]), np.array([0.5, 0.5]))
    >>> accuracy.result()
    0.5
    """

    function: ClassVar[Measure]

    def __init__(self, name: str | None = None, dtype: object = None, **parameters: object) -> None:
        """Check the parameters. `dtype` is read and has no effect: predictions keep theirs."""
        del dtype
        self.name = self.function.name if name is None else str(name)
        self.measure = self.function.with_parameters(**parameters)
        self.of_classes = self.measure.of_classes
        self.reset_state()

    def apply(self, backend: Backend, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return one value for each sample, or for each cell of a sample, by native tensors."""
        return self.measure.apply(backend, y_true, y_pred)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add the values of a batch of tensors of any backend, weighted if weights are given."""
        backend = selection.backend_of(y_pred)
        found: Any = self.apply(backend, y_true, y_pred)
        values = np.asarray(backend.to_numpy(found), np.float64)
        weights = np.ones_like(values)
        if sample_weight is not None:
            given = backend.to_numpy(weights_of(backend, sample_weight, found))
            weights = np.broadcast_to(np.asarray(given, np.float64), values.shape)
        self._total += float((values * weights).sum())
        self._count += float(weights.sum())

    def result(self) -> float:
        """Return the mean of what was added, 0.0 before anything was."""
        return self._total / self._count if self._count else 0.0

    def reset_state(self) -> None:
        """Forget what was added."""
        self._total = self._count = 0.0

    def get_config(self) -> dict[str, object]:
        """Return the constructor's arguments."""
        return {"name": self.name, **self.measure.get_config()}


class _WithoutParameters(MeanMetric):
    def __init__(self, name: str | None = None, dtype: object = None) -> None:
        """Take a name for reports."""
        super().__init__(name, dtype)


class Accuracy(_WithoutParameters):
    """The mean of `accuracy`."""

    function = metrics.accuracy


class CategoricalAccuracy(_WithoutParameters):
    """The mean of `categorical_accuracy`."""

    function = metrics.categorical_accuracy


class SparseCategoricalAccuracy(_WithoutParameters):
    """The mean of `sparse_categorical_accuracy`."""

    function = metrics.sparse_categorical_accuracy


class MeanSquaredError(_WithoutParameters):
    """The mean of `mean_squared_error`."""

    function = losses.mean_squared_error


class MeanAbsoluteError(_WithoutParameters):
    """The mean of `mean_absolute_error`."""

    function = losses.mean_absolute_error


class MeanAbsolutePercentageError(_WithoutParameters):
    """The mean of `mean_absolute_percentage_error`."""

    function = losses.mean_absolute_percentage_error


class MeanSquaredLogarithmicError(_WithoutParameters):
    """The mean of `mean_squared_logarithmic_error`."""

    function = losses.mean_squared_logarithmic_error


class Hinge(_WithoutParameters):
    """The mean of `hinge`."""

    function = losses.hinge


class SquaredHinge(_WithoutParameters):
    """The mean of `squared_hinge`."""

    function = losses.squared_hinge


class CategoricalHinge(_WithoutParameters):
    """The mean of `categorical_hinge`."""

    function = losses.categorical_hinge


class KLDivergence(_WithoutParameters):
    """The mean of `kl_divergence`."""

    function = losses.kl_divergence


class Poisson(_WithoutParameters):
    """The mean of `poisson`."""

    function = losses.poisson


class LogCoshError(MeanMetric):
    """The mean of `log_cosh`."""

    function = losses.log_cosh

    def __init__(self, name: str | None = "logcosh", dtype: object = None) -> None:
        """Take a name for reports."""
        super().__init__(name, dtype)


class BinaryAccuracy(MeanMetric):
    """The mean of `binary_accuracy`."""

    function = metrics.binary_accuracy

    def __init__(
        self, name: str | None = None, dtype: object = None, threshold: float = 0.5
    ) -> None:
        """Check the parameters of the function."""
        super().__init__(name, dtype, threshold=threshold)


class TopKCategoricalAccuracy(MeanMetric):
    """The mean of `top_k_categorical_accuracy`."""

    function = metrics.top_k_categorical_accuracy

    def __init__(self, k: int = 5, name: str | None = None, dtype: object = None) -> None:
        """Check the parameters of the function."""
        super().__init__(name, dtype, k=k)


class SparseTopKCategoricalAccuracy(MeanMetric):
    """The mean of `sparse_top_k_categorical_accuracy`."""

    function = metrics.sparse_top_k_categorical_accuracy

    def __init__(self, k: int = 5, name: str | None = None, dtype: object = None) -> None:
        """Check the parameters of the function."""
        super().__init__(name, dtype, k=k)


class CosineSimilarity(MeanMetric):
    """The mean of the metric `cosine_similarity`."""

    function = metrics.cosine_similarity

    def __init__(self, name: str | None = None, dtype: object = None, axis: int = -1) -> None:
        """Check the parameters of the function."""
        super().__init__(name, dtype, axis=axis)


class PearsonCorrelation(MeanMetric):
    """The mean of `pearson_correlation`."""

    function = metrics.pearson_correlation

    def __init__(self, name: str | None = None, dtype: object = None, axis: int = -1) -> None:
        """Check the parameters of the function."""
        super().__init__(name, dtype, axis=axis)


class ConcordanceCorrelation(MeanMetric):
    """The mean of `concordance_correlation`."""

    function = metrics.concordance_correlation

    def __init__(self, name: str | None = None, dtype: object = None, axis: int = -1) -> None:
        """Check the parameters of the function."""
        super().__init__(name, dtype, axis=axis)


class BinaryCrossentropy(MeanMetric):
    """The mean of `binary_crossentropy`."""

    function = losses.binary_crossentropy

    def __init__(
        self,
        name: str | None = None,
        dtype: object = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ) -> None:
        """Check the parameters of the function."""
        parameters = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(name, dtype, **parameters)


class CategoricalCrossentropy(BinaryCrossentropy):
    """The mean of `categorical_crossentropy`."""

    function = losses.categorical_crossentropy


class SparseCategoricalCrossentropy(MeanMetric):
    """The mean of `sparse_categorical_crossentropy`."""

    function = losses.sparse_categorical_crossentropy

    def __init__(
        self,
        name: str | None = None,
        dtype: object = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        """Check the parameters of the function."""
        parameters = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(name, dtype, **parameters)


CLASSES: tuple[type[MeanMetric], ...] = (
    *(Accuracy, BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy),
    *(TopKCategoricalAccuracy, SparseTopKCategoricalAccuracy, MeanSquaredError),
    *(MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredLogarithmicError),
    *(LogCoshError, CosineSimilarity, Hinge, SquaredHinge, CategoricalHinge, KLDivergence),
    *(Poisson, PearsonCorrelation, ConcordanceCorrelation),
    *(BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy),
)
