"""An activation as a layer of its own."""

from __future__ import annotations

from typing import Any, Unpack

from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.plans import Function
from convdispatch.engine.resolved import Resolved
from convdispatch.engine.specs import Spec
from convdispatch.formulas import activations
from convdispatch.layers._epilogue import EpilogueLayer, checked_activation, split_activation
from convdispatch.types import ActivationLike


class ActivationLayer(EpilogueLayer):
    """A layer that is an activation alone, which its arguments settle."""

    family = "activation"
    supports_masking = True

    def resolve(self, spec: Spec) -> Resolved:
        """Return the layer resolved for inputs of that spec; the shape stays."""

        def lower(dtype: str, activation: Any) -> Function:
            backend = self._backend()
            name, finish = split_activation(activation, backend, dtype)
            activate = finish or backend.functions[name]
            return lambda weights, inputs: activate(inputs)

        return Resolved(
            output_shape=(None, *spec.shape[1:]),
            lower=self._lowered_once(lower),
        )


class Activation(ActivationLayer):
    """Apply an activation to every number, or to every row of them as softmax does.

        input   any shape
        output  the same

    Raises `InvalidArgument` or `InvalidType` for an activation that is unknown or that changes the
    shape. A call raises `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `Activation`.

    >>> import numpy as np
    >>> from convdispatch.layers import Activation
    >>> Activation("relu")(np.array([[-1.0, 2.0]]))
    array([[0., 2.]])
    """

    def __init__(self, activation: ActivationLike, **options: Unpack[LayerOptions]) -> None:
        """Check and keep the arguments.

        activation: a word, a configuration or a function of tensors.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self.activation = checked_activation(self._named("activation", activation))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"activation": activations.serialize(self.activation)}
