"""Masking: steps of a sequence that later layers and losses leave out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Unpack

from convdispatch.engine.arguments import as_float
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.layer import Layer
from convdispatch.engine.resolved import Forward, Resolved
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidShape


class Masking(Layer):
    """Leave out the steps of a sequence all of whose numbers are `mask_value`.

        input   (batch, ..., steps, features)
        output  the same, with zeros at these steps

    The output has a mask, (batch, ..., steps). Layers that support masking pass it on or compute
    without the steps that it leaves out, and so do losses.

    Raises `InvalidArgument` or `InvalidType` for a `mask_value` that is no finite number. A call
    raises `InvalidShape` for an input with fewer than two axes.

    Source: Keras 2.2.4 `Masking`.

    >>> import numpy as np
    >>> from convdispatch.layers import Masking
    >>> layer = Masking(mask_value=9)
    >>> x = np.array([[[1.0, 9.0], [9.0, 9.0]]])
    >>> layer(x).tolist(), layer.compute_mask(x).tolist()
    ([[[1.0, 9.0], [0.0, 0.0]]], [[True, False]])
    """

    supports_masking = True

    def __init__(self, mask_value: float = 0.0, **options: Unpack[LayerOptions]) -> None:
        """Check and keep the arguments.

        mask_value: the number that a step to be left out is filled with.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self.mask_value = as_float(mask_value, self.spelled("mask_value"), minimum=-math.inf)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"mask_value": self.mask_value}

    def makes_mask(self, masked: Sequence[bool]) -> bool:
        """Return whether the output has a mask: always."""
        return True

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return which steps count: those with a number other than `mask_value`."""
        return self._counts(inputs, keepdims=False)

    def resolve(self, spec: Spec) -> Resolved:
        """Return what the layer makes of inputs of that spec: the same shape."""
        if len(spec.shape) < 2:
            raise InvalidShape(
                f"{self._title} takes inputs with a batch axis and an axis of features; received "
                f"shape {spec.shape}."
            )

        def lower(dtype: str, activation: Any) -> Forward:
            where: Any = self._backend().functions["where"]
            return lambda weights, inputs: where(self._counts(inputs, keepdims=True), inputs, 0.0)

        return Resolved(output_shape=(None, *spec.shape[1:]), lower=lower)

    def _counts(self, inputs: Any, *, keepdims: bool) -> Any:
        backend = self._backend()
        f = backend.functions
        differs = backend.cast(f["not_equal"](inputs, self.mask_value), "int32")
        return f["greater"](f["max"](differs, (-1,), keepdims=keepdims), 0)
