"""PReLU: a rectifier whose slope below 0 is learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from convdispatch.engine.arguments import as_int
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.declarations import Weight
from convdispatch.engine.plans import Function
from convdispatch.engine.resolved import Resolved
from convdispatch.engine.specs import Spec
from convdispatch.engine.weight_options import WithWeightOptions
from convdispatch.errors import InvalidShape
from convdispatch.formulas.elementary import negative_part
from convdispatch.ops import PartialShape
from convdispatch.types import ConstraintLike, InitializerLike, RegularizerLike


class PReLU(WithWeightOptions):
    """Keep positive numbers; multiply the others by a weight.

        input   (batch, ...)
        output  the same
        alpha   the shape of a sample, with 1 for each of the `shared_axes`

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for a shared axis that the input does not have, and for sizes that
    the layer was not built for; `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `PReLU` (He et al., arXiv:1502.01852).

    >>> import numpy as np
    >>> from convdispatch.layers import PReLU
    >>> PReLU(weights=[np.array([0.5, 0.25])])(np.array([[-1.0, -1.0], [2.0, 2.0]]))
    array([[-0.5 , -0.25],
           [ 2.  ,  2.  ]])
    """

    family = "activation"
    supports_masking = True

    def __init__(
        self,
        alpha_initializer: InitializerLike = "zeros",
        alpha_regularizer: RegularizerLike = None,
        alpha_constraint: ConstraintLike = None,
        shared_axes: int | Sequence[int] | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments; `build` or the first call makes the weights.

        alpha_initializer, alpha_regularizer, alpha_constraint: of the slopes.
        shared_axes: axes along which the slope is the same, the batch axis counted as 0: 1 and 2
            give each channel of an image one slope. None shares nothing.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self._keep_weight_options("alpha", alpha_initializer, alpha_regularizer, alpha_constraint)
        listed = shared_axes if isinstance(shared_axes, list | tuple) else [shared_axes]
        self.shared_axes = (
            None if shared_axes is None else tuple(as_int(axis, "shared_axes") for axis in listed)
        )

    @property
    def alpha(self) -> Any:
        """The slopes, None before `build`."""
        return self._variable("alpha")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        config = super().get_config() | self._weight_options_config("alpha")
        return config | {"shared_axes": self.shared_axes}

    def resolve(self, spec: Spec) -> Resolved:
        """Return the layer resolved for inputs of that spec; the shape stays."""
        slopes = self._slopes_of(spec.shape)

        def declare() -> tuple[Weight, ...]:
            known = tuple(size for size in slopes if size is not None)
            if len(known) != len(slopes):
                raise InvalidShape(
                    f"{self._title} needs a known size of each axis that is not in `shared_axes`; "
                    f"received shape {spec.shape}."
                )
            return (self._weight("alpha", known),)

        def lower(dtype: str, activation: Any) -> Function:
            functions = self._backend().functions
            where = functions["where"]

            def forward(weights: Sequence[Any], x: Any) -> Any:
                # The part below 0 alone, because 0 times an infinite number is no number.
                return where(x > 0, x, weights[0] * negative_part(functions, x))

            return forward

        return Resolved(output_shape=(None, *spec.shape[1:]), declare=declare, lower=lower)

    @property
    def reduction_length(self) -> int:
        """One product."""
        return 1

    def spread(self, weights: Sequence[Any], x: Any, error: Any) -> tuple[Any, Any]:
        """Return the magnitudes that are rounded, and by how much errors of the input spread."""
        steepest = np.maximum(np.abs(weights[0]), 1.0)
        return steepest * (np.abs(x) + error), steepest * error

    def _slopes_of(self, shape: PartialShape) -> PartialShape:
        """Return the shape of the slopes."""
        shared = self.shared_axes or ()
        if len(shape) < 2 or any(axis >= len(shape) for axis in shared):
            raise InvalidShape(
                f"{self._title} takes inputs with two axes or more and with each of "
                f"`shared_axes` {self.shared_axes}; received shape {shape}."
            )
        return tuple(1 if i in shared else size for i, size in enumerate(shape) if i > 0)

    def _require_as_built(self, shape: PartialShape) -> None:
        if not self._variables or self._built_shape is None:
            return
        built = self._slopes_of(self._built_shape)
        if self._slopes_of(shape) != built:
            raise InvalidShape(
                f"{self._title} was built for slopes of shape {built}; received shape {shape}."
            )
