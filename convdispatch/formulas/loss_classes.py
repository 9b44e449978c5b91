"""The classes of losses that Keras 3 has, and the base of a user's own."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from convdispatch.errors import InvalidArgument
from convdispatch.formulas import lookup
from convdispatch.formulas import loss_functions as losses
from convdispatch.formulas.measures import Measure, as_native, wide
from convdispatch.formulas.reductions import REDUCTIONS, reduced, weights_of
from convdispatch.ops import Backend, Tensor
from convdispatch.runtime import selection


class Loss(lookup.Configured):
    """Base of Keras 3's classes of losses; a user's subclass defines `call(y_true, y_pred)`.

    reduction: 'sum_over_batch_size' or 'mean' (the sum over the number of values), 'sum',
    'mean_with_sample_weight' (over the sum of the weights), or 'none' or None.

    >>> import numpy
    >>> loss = MeanSquaredError(reduction="sum")
    >>> float(loss(numpy.array([[0.0], [0.0]]), numpy.array([[1.0], [2.0]])))
    5.0
    """

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: object = None,
    ) -> None:
        """Check the reduction. `dtype` is read and has no effect: predictions keep theirs."""
        del dtype
        if reduction is not None and reduction not in REDUCTIONS:
            raise InvalidArgument(
                f"`reduction` must be None or one of {lookup.quoted(REDUCTIONS)}, received "
                f"{reduction!r}. {lookup.hint(str(reduction), REDUCTIONS)}"
            )
        self.name = type(self).__name__ if name is None else str(name)
        self.reduction = reduction

    # Whether targets are numbers of classes, and whether they may have any shape.
    of_classes: bool = False
    takes_any: ClassVar[bool] = True

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one value for each sample, or for each cell of a sample."""
        raise NotImplementedError(
            f"{type(self).__name__} does not define `call(self, y_true, y_pred)`; define it: it "
            f"takes native tensors and returns one value for each sample."
        )

    def apply(self, backend: Backend, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the values by the backend's own tensors."""
        predictions = wide(backend, y_pred)
        dtype = backend.describe(predictions)[1]
        return cast("Tensor", self.call(as_native(backend, y_true, dtype), predictions))

    def counted(self, backend: Backend, y_true: Tensor, y_pred: Tensor) -> Tensor | None:
        """Return which of the values count in a mean, None for all."""
        del backend, y_true, y_pred
        return None

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the reduced loss of tensors of any backend."""
        backend = selection.backend_of(y_pred)
        found: Any = self.apply(backend, y_true, y_pred)
        weights: Any = None
        if sample_weight is not None:
            weights = weights_of(backend, sample_weight, found)
            found = found * weights
        counted = self.counted(backend, y_true, y_pred)
        return reduced(backend, found, self.reduction, weights, counted)

    def get_config(self) -> dict[str, object]:
        """Return the constructor's arguments."""
        return {"name": self.name, "reduction": self.reduction}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


class _OfMeasure(Loss):
    """A class of Keras 3 that reduces the values of one of the functions."""

    function: ClassVar[Measure]
    takes_any = False

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: object = None,
        **parameters: object,
    ) -> None:
        """Check the parameters of the function, which subclasses name."""
        super().__init__(self.function.name if name is None else name, reduction, dtype)
        self.measure = self.function.with_parameters(**parameters)
        self.of_classes = self.measure.of_classes

    def apply(self, backend: Backend, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the values by the backend's own tensors."""
        return self.measure.apply(backend, y_true, y_pred)

    def counted(self, backend: Backend, y_true: Tensor, y_pred: Tensor) -> Tensor | None:
        """Return which of the values count in a mean, None for all."""
        return self.measure.counted(backend, y_true, y_pred)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one value for each sample, or for each cell of a sample."""
        return self.measure(y_true, y_pred)

    def get_config(self) -> dict[str, object]:
        """Return the constructor's arguments."""
        return {**super().get_config(), **self.measure.get_config()}


class _WithoutParameters(_OfMeasure):
    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: object = None,
    ) -> None:
        """Check the reduction."""
        super().__init__(reduction, name, dtype)


class MeanSquaredError(_WithoutParameters):
    """`mean_squared_error`, reduced."""

    function = losses.mean_squared_error


class MeanAbsoluteError(_WithoutParameters):
    """`mean_absolute_error`, reduced."""

    function = losses.mean_absolute_error


class MeanAbsolutePercentageError(_WithoutParameters):
    """`mean_absolute_percentage_error`, reduced."""

    function = losses.mean_absolute_percentage_error


class MeanSquaredLogarithmicError(_WithoutParameters):
    """`mean_squared_logarithmic_error`, reduced."""

    function = losses.mean_squared_logarithmic_error


class LogCosh(_WithoutParameters):
    """`log_cosh`, reduced."""

    function = losses.log_cosh


class Hinge(_WithoutParameters):
    """`hinge`, reduced."""

    function = losses.hinge


class SquaredHinge(_WithoutParameters):
    """`squared_hinge`, reduced."""

    function = losses.squared_hinge


class CategoricalHinge(_WithoutParameters):
    """`categorical_hinge`, reduced."""

    function = losses.categorical_hinge


class KLDivergence(_WithoutParameters):
    """`kl_divergence`, reduced."""

    function = losses.kl_divergence


class Poisson(_WithoutParameters):
    """`poisson`, reduced."""

    function = losses.poisson


class CosineSimilarity(_OfMeasure):
    """`cosine_similarity`, reduced."""

    function = losses.cosine_similarity

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: object = None,
    ) -> None:
        """Check the reduction and the parameters of the function."""
        super().__init__(reduction, name, dtype, axis=axis)


class Huber(_OfMeasure):
    """`huber`, reduced."""

    function = losses.huber

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: object = None,
    ) -> None:
        """Check the reduction and the parameters of the function."""
        super().__init__(reduction, name, dtype, delta=delta)


class BinaryCrossentropy(_OfMeasure):
    """`binary_crossentropy`, reduced."""

    function = losses.binary_crossentropy

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: object = None,
    ) -> None:
        """Check the reduction and the parameters of the function."""
        super().__init__(
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalCrossentropy(_OfMeasure):
    """`categorical_crossentropy`, reduced."""

    function = losses.categorical_crossentropy

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: object = None,
    ) -> None:
        """Check the reduction and the parameters of the function."""
        super().__init__(
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class SparseCategoricalCrossentropy(_OfMeasure):
    """`sparse_categorical_crossentropy`, reduced."""

    function = losses.sparse_categorical_crossentropy

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = None,
        dtype: object = None,
    ) -> None:
        """Check the reduction and the parameters of the function."""
        super().__init__(
            reduction, name, dtype, from_logits=from_logits, ignore_class=ignore_class, axis=axis
        )
