"""A penalty of whatever passes through, as a layer of its own."""

from __future__ import annotations

from typing import Any, Unpack

from convdispatch.engine.arguments import as_float
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.layer import Layer
from convdispatch.engine.resolved import Forward, Resolved
from convdispatch.engine.specs import Spec
from convdispatch.formulas.regularizers import L1L2


class ActivityRegularization(Layer):
    """Add l1 * sum |x| + l2 * sum x^2 to the losses; return the input.

        input   any shape
        output  the same

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `ActivityRegularization`.

    >>> import numpy as np
    >>> from convdispatch.layers import ActivityRegularization
    >>> layer = ActivityRegularization(l1=0.5, l2=1)
    >>> layer(np.array([[1.0, -2.0]])), [float(loss) for loss in layer.losses]
    (array([[ 1., -2.]]), [6.5])
    """

    supports_masking = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **options: Unpack[LayerOptions]) -> None:
        """Check and keep the arguments.

        l1: by how much magnitudes cost.
        l2: by how much squares cost.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self.l1 = as_float(l1, "l1")
        self.l2 = as_float(l2, "l2")
        self.activity_regularizer = L1L2(l1=self.l1, l2=self.l2)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"l1": self.l1, "l2": self.l2}

    def resolve(self, spec: Spec) -> Resolved:
        """Return what the layer makes of inputs of that spec: the same."""

        def lower(dtype: str, activation: Any) -> Forward:
            return lambda weights, inputs: inputs

        return Resolved(output_shape=(None, *spec.shape[1:]), lower=lower)
