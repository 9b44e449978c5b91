"""The normalization layers of Keras 1.2.2, under its module path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from convdispatch import layers
from convdispatch.doors.elsewhere import finder
from convdispatch.engine.arguments import as_int
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.in_training import named
from convdispatch.engine.resolved import Effects, Forward, Resolved, Training
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidArgument
from convdispatch.keras1.layers._translation import Keras1Layer, Spelling
from convdispatch.types import InitializerLike, RegularizerLike

__all__ = ["BatchNormalization"]

BY_MOVING_STATISTICS, BY_SAMPLE, BY_BATCH = MODES = range(3)


class BatchNormalization(Keras1Layer, layers.BatchNormalization):
    """Normalize: gamma * (x - mean) / sqrt(variance + epsilon) + beta.

        input   (batch, ..., channels), or with the channels on another `axis`
        output  the same
        gamma, beta, running mean, running std  (channels,), in this order

    mode 0: mean and variance of the batch in training, and the running ones otherwise. What Keras
        calls the running std is a variance.
    mode 1: mean and variance of each sample along the last axis; epsilon is added to the standard
        deviation, too.
    mode 2: mean and variance of the batch, always.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an axis that the input does not have and for channels that the
    layer was not built for.

    Source: Keras 1.2.2 `BatchNormalization`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import BatchNormalization
    >>> BatchNormalization(mode=2, epsilon=0)(np.array([[1.0], [3.0]])).ravel()
    array([-1.,  1.])
    """

    spelling: ClassVar[Spelling] = {
        "beta_initializer": "beta_init",
        "gamma_initializer": "gamma_init",
        "center": None,
        "scale": None,
        "moving_mean_initializer": None,
        "moving_variance_initializer": None,
        "beta_constraint": None,
        "gamma_constraint": None,
    }

    def __init__(
        self,
        epsilon: float = 0.001,
        mode: int = 0,
        axis: int = -1,
        momentum: float = 0.99,
        weights: Any = None,
        beta_init: InitializerLike = "zero",
        gamma_init: InitializerLike = "one",
        gamma_regularizer: RegularizerLike = None,
        beta_regularizer: RegularizerLike = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(
            axis,
            momentum,
            epsilon,
            beta_initializer=beta_init,
            gamma_initializer=gamma_init,
            moving_mean_initializer="zero",
            moving_variance_initializer="one",
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            weights=weights,
            **options,
        )
        self.mode = as_int(mode, "mode", minimum=0)
        if self.mode not in MODES:
            raise InvalidArgument(f"`mode` must be 0, 1 or 2; received {mode!r}.")
        if self.mode == BY_SAMPLE and self.axis != -1:
            raise InvalidArgument(
                f"`axis` must be -1 where `mode` is 1, which normalizes along the last axis; "
                f"received {axis!r}."
            )

    @property
    def _fans_ordering(self) -> str:
        return "tf"  # these weights have one axis, and no fans

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments under Keras 1's names."""
        return super().get_config() | {"mode": self.mode}

    def _inference(self, resolved: Resolved, spec: Spec, axis: int) -> Forward:
        if self.mode == BY_MOVING_STATISTICS:
            return super()._inference(resolved, spec, axis)
        training = self._training(resolved, spec, axis)
        return lambda values, x: training(values, x, None)[0]

    def _training(self, resolved: Resolved, spec: Spec, axis: int) -> Training:
        if self.mode == BY_SAMPLE:
            return self._by_sample(resolved)
        by_batch = super()._training(resolved, spec, axis)
        if self.mode == BY_MOVING_STATISTICS:
            return by_batch

        def training(values: Sequence[Any], x: Any, key: Any) -> tuple[Any, Effects]:
            return by_batch(values, x, key)[0], Effects()

        return training

    def _by_sample(self, resolved: Resolved) -> Training:
        declarations, functions = resolved.declarations, self._backend().functions
        average: Any = functions["mean"]
        sqrt: Any = functions["sqrt"]

        def training(values: Sequence[Any], x: Any, key: Any) -> tuple[Any, Effects]:
            weights = named(declarations, values)
            centred = x - average(x, -1, keepdims=True)
            variance = average(centred * centred, -1, keepdims=True)
            scaled = centred / (sqrt(variance + self.epsilon) + self.epsilon)
            return scaled * weights["gamma"] + weights["beta"], Effects()

        return training


if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
