"""The dense layer: a product with a matrix along the last axis."""

from __future__ import annotations

from typing import Any, Unpack

from convdispatch import ops
from convdispatch.engine.arguments import as_int
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.declarations import Weight
from convdispatch.engine.plans import Function
from convdispatch.engine.resolved import Resolved
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidShape
from convdispatch.layers._epilogue import EpilogueLayer, split_activation
from convdispatch.ops import PartialShape
from convdispatch.types import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike


class Dense(EpilogueLayer):
    """Multiply the last axis by a matrix: activation(x @ kernel + bias).

        input   (batch, ..., channels)
        output  (batch, ..., units)
        kernel  (channels, units)
        bias    (units,)

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an input without an axis beside the batch and for channels that
    the layer was not built for; `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `Dense`.

    >>> import numpy as np
    >>> from convdispatch.layers import Dense
    >>> layer = Dense(2, weights=[np.array([[1.0, 10.0], [2.0, 20.0]]), np.array([0.5, 0.0])])
    >>> layer(np.array([[1.0, 1.0]]))
    array([[ 3.5, 30. ]])
    """

    family = "dense"
    supports_masking = True
    size_arguments = ("units",)

    def __init__(
        self,
        units: int,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments; `build` or the first call makes the weights.

        units: the size of the output's last axis.
        activation: applied to the result: a word, a configuration or a function of tensors.
        use_bias: whether a number of its own is added to each unit.
        kernel_initializer, kernel_regularizer, kernel_constraint: of the kernel.
        bias_initializer, bias_regularizer, bias_constraint: of the bias.
        activity_regularizer: of the output, summed over the batch.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self.units = as_int(units, self.spelled("units"))
        self._keep_epilogue(activation, use_bias, activity_regularizer)
        self._keep_weight_options(
            "kernel", kernel_initializer, kernel_regularizer, kernel_constraint
        )
        self._keep_weight_options("bias", bias_initializer, bias_regularizer, bias_constraint)

    @property
    def kernel(self) -> Any:
        """The kernel variable, None before `build`."""
        return self._variable("kernel")

    @property
    def reduction_length(self) -> int:
        """How many products are summed into one output, the bias counted as one."""
        self.ensure_built("reduction_length")
        return self._declarations[0].shape[0] + self.use_bias

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {
            "units": self.units,
            **self._epilogue_config(),
            **self._weight_options_config("kernel"),
        }

    def resolve(self, spec: Spec) -> Resolved:
        """Return the layer resolved for inputs of that spec: the last axis changes."""
        shape = spec.shape
        self._require_axes(shape)

        def declare() -> tuple[Weight, ...]:
            channels = shape[-1]
            if channels is None:
                raise InvalidShape(
                    f"{self._title} needs a known size of the last axis; received shape {shape}."
                )
            kernel = self._weight("kernel", (channels, self.units))
            return (kernel, *((self._weight("bias", (self.units,)),) if self.use_bias else ()))

        def lower(dtype: str, activation: Any) -> Function:
            fused, finish = split_activation(activation, self._backend(), dtype)
            op = ops.Dense(bias=self.use_bias, activation=fused)
            shapes = tuple(weight.shape for weight in resolved.declarations)
            dense = self._lower_op(op, shape[1:], shapes, dtype)
            if finish is None:
                return lambda weights, inputs: dense(inputs, *weights)
            return lambda weights, inputs: finish(dense(inputs, *weights))

        resolved = Resolved(
            output_shape=(None, *shape[1:-1], self.units),
            declare=declare,
            lower=self._lowered_once(lower),
        )
        return resolved

    def _require_axes(self, shape: PartialShape) -> None:
        if len(shape) < 2 or 0 in shape[1:]:
            raise InvalidShape(
                f"{self._title} takes inputs with two axes or more (batch, ..., channels) and at "
                f"least one cell on every axis but the batch; received shape {shape}."
            )

    def _require_as_built(self, shape: PartialShape) -> None:
        built = self._built_shape
        if self._variables and built is not None and shape[-1] != built[-1]:
            raise InvalidShape(
                f"{self._title} was built for {built[-1]} channels on its last axis; received "
                f"shape {shape}."
            )
