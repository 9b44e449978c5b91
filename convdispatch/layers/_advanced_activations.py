"""Activations with parameters, each as a layer of its own."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, ClassVar, Unpack

from convdispatch.engine.arguments import as_float, as_int
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.resolved import Resolved
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidShape
from convdispatch.formulas import activations
from convdispatch.layers._activation import ActivationLayer


class ParametricActivation(ActivationLayer):
    """An activation whose parameters are the layer's arguments."""

    parameters: ClassVar[tuple[str, ...]]  # the attributes that keep them

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {name: getattr(self, name) for name in self.parameters}


class LeakyReLU(ParametricActivation):
    """Keep positive numbers; multiply the others by a small slope.

        input   any shape
        output  the same

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 3 `LeakyReLU` (Maas et al., ICML 2013); Keras 2.2.4 calls the slope `alpha`.

    >>> import numpy as np
    >>> from convdispatch.layers import LeakyReLU
    >>> LeakyReLU(0.5)(np.array([[-1.0, 2.0]]))
    array([[-0.5,  2. ]])
    """

    parameters = ("negative_slope",)
    least_slope: ClassVar[float] = 0.0

    def __init__(self, negative_slope: float = 0.3, **options: Unpack[LayerOptions]) -> None:
        """Check and keep the arguments.

        negative_slope: what a negative number is multiplied by, at least 0.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        own = self.spelled("negative_slope")
        self.negative_slope = as_float(negative_slope, own, minimum=self.least_slope)
        known = replace(activations.leaky_relu, at_least=self.least_slope)
        self.activation = known.with_parameters(negative_slope=self.negative_slope)


class ELU(ParametricActivation):
    """Keep positive numbers; the others become alpha * (exp(x) - 1).

        input   any shape
        output  the same

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `ELU` (Clevert et al., arXiv:1511.07289).

    >>> import numpy as np
    >>> from convdispatch.layers import ELU
    >>> ELU()(np.array([[-np.inf, 2.0]]))
    array([[-1.,  2.]])
    """

    parameters = ("alpha",)

    def __init__(self, alpha: float = 1.0, **options: Unpack[LayerOptions]) -> None:
        """Check and keep the arguments.

        alpha: how far below 0 the outputs go.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self.alpha = as_float(alpha, self.spelled("alpha"), minimum=-math.inf)
        self.activation = activations.elu.with_parameters(alpha=self.alpha)


class ThresholdedReLU(ParametricActivation):
    """Keep numbers above a threshold; the others become 0.

        input   any shape
        output  the same

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `ThresholdedReLU` (Konda et al., arXiv:1402.3337).

    >>> import numpy as np
    >>> from convdispatch.layers import ThresholdedReLU
    >>> ThresholdedReLU()(np.array([[0.5, 1.0, 2.0]]))
    array([[0., 0., 2.]])
    """

    parameters = ("theta",)

    def __init__(self, theta: float = 1.0, **options: Unpack[LayerOptions]) -> None:
        """Check and keep the arguments.

        theta: the threshold, which itself becomes 0.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self.theta = as_float(theta, self.spelled("theta"), minimum=-math.inf)
        self.activation = activations.threshold.with_parameters(
            threshold=self.theta, default_value=0.0
        )


class ReLU(ParametricActivation):
    """Keep numbers between a threshold and a greatest number.

        input   any shape
        output  the same

    Numbers above `max_value` become `max_value`; those up to the threshold become
    negative_slope * (x - threshold).

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `ReLU`.

    >>> import numpy as np
    >>> from convdispatch.layers import ReLU
    >>> ReLU(6.0, negative_slope=0.5)(np.array([[-1.0, 2.0, 7.0]]))
    array([[-0.5,  2. ,  6. ]])
    """

    parameters = ("max_value", "negative_slope", "threshold")

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments.

        max_value: the greatest output, at least 0; None sets no limit.
        negative_slope: the slope up to the threshold, at least 0.
        threshold: where the line of slope 1 begins, at least 0.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self.max_value = None if max_value is None else as_float(max_value, "max_value")
        self.negative_slope = as_float(negative_slope, "negative_slope")
        self.threshold = as_float(threshold, "threshold")
        self.activation = activations.relu.with_parameters(**self._parameters())

    def _parameters(self) -> dict[str, float | None]:
        return {name: getattr(self, name) for name in self.parameters}


class Softmax(ParametricActivation):
    """Turn the numbers along an axis into probabilities: exp(x) / sum(exp(x)).

        input   (batch, ...)
        output  the same

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an axis that the input does not have; `InvalidType` for integers
    and for a tensor of another framework.

    Source: Keras 2.2.4 `Softmax`.

    >>> import numpy as np
    >>> from convdispatch.layers import Softmax
    >>> Softmax()(np.array([[5.0, 5.0]]))
    array([[0.5, 0.5]])
    """

    parameters = ("axis",)

    def __init__(self, axis: int = -1, **options: Unpack[LayerOptions]) -> None:
        """Check and keep the arguments.

        axis: the axis whose numbers add up to 1, the batch axis counted as 0; not that one.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self.axis = as_int(axis, self.spelled("axis"), minimum=-(2**31))
        softmax: Any = self.dialect.activations["softmax"]  # of Keras 2, the last of two axes
        self.activation = softmax.with_parameters(axis=self.axis)

    def resolve(self, spec: Spec) -> Resolved:
        """Return the layer resolved for inputs of that spec; the shape stays."""
        rank = len(spec.shape)
        if not 0 < (self.axis + rank if self.axis < 0 else self.axis) < rank:
            raise InvalidShape(
                f"{self._title} computes along `{self.spelled('axis')}` {self.axis}, which must be "
                f"an axis of its input other than the batch; received shape {spec.shape}."
            )
        return super().resolve(spec)
