"""Keras 1's `mode` of BatchNormalization: whose mean and variance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdispatch import layers
from convdispatch.engine.arguments import as_int
from convdispatch.engine.in_training import named
from convdispatch.engine.resolved import Effects, Forward, Resolved, Training
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidArgument

BY_MOVING_STATISTICS, BY_SAMPLE, BY_BATCH = MODES = range(3)


class ByMode(layers.BatchNormalization):
    """Batch normalization by the moving statistics, by each sample's or by each batch's."""

    def __init__(self, *, mode: int, **options: Any) -> None:
        super().__init__(**options)
        self.mode = as_int(mode, "mode", minimum=0)
        if self.mode not in MODES:
            raise InvalidArgument(f"`mode` must be 0, 1 or 2; received {mode!r}.")
        if self.mode == BY_SAMPLE and self.axis != -1:
            raise InvalidArgument(
                f"`axis` must be -1 where `mode` is 1, which normalizes along the last axis; "
                f"received {self.axis!r}."
            )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
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
