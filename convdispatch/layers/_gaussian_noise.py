"""Layers that add to their input, or multiply it by, normally distributed numbers in training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Unpack

from convdispatch.engine.arguments import as_float
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.formulas.activation_formulas import SELU_ALPHA, SELU_SCALE
from convdispatch.formulas.random import Draws
from convdispatch.layers._noise import Change, DroppingLayer, NoisyLayer, ShapedNoise
from convdispatch.ops import Backend

# Of selu for numbers far below 0: AlphaDropout replaces the numbers left out with it.
SATURATED = -SELU_ALPHA * SELU_SCALE


class GaussianNoise(NoisyLayer):
    """Add normally distributed numbers of mean 0 in training.

        input   any shape
        output  the same

    A call outside of training returns its input. The numbers are decided by the key of the step
    and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type.

    Source: Keras 2.2.4 `GaussianNoise`.

    >>> import numpy as np
    >>> from convdispatch.layers import GaussianNoise
    >>> GaussianNoise(0.5)(np.array([[1.0, 2.0]]))
    array([[1., 2.]])
    """

    def __init__(
        self, stddev: float, seed: int | None = None, **options: Unpack[LayerOptions]
    ) -> None:
        """Check and keep the arguments.

        stddev: the standard deviation of what is added.
        seed: an integer that is mixed into the key; None mixes in nothing.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self.stddev = as_float(stddev, self.spelled("stddev"))
        self._keep_seed(seed)

    @property
    def draws(self) -> bool:
        """Whether the layer uses its key in training."""
        return self.stddev > 0

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"stddev": self.stddev}

    def _change(self, backend: Backend, dtype: str) -> Change:
        draw, stddev = _normal(backend, dtype), self.stddev
        return lambda inputs, key: inputs + stddev * draw(inputs, key)


class GaussianDropout(DroppingLayer):
    """Multiply by normally distributed numbers of mean 1 in training.

        input   any shape
        output  the same

    Their standard deviation is sqrt(rate / (1 - rate)), that of what `Dropout` multiplies by. A
    call outside of training returns its input. The numbers are decided by the key of the step and
    the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type.

    Source: Keras 2.2.4 `GaussianDropout` (Srivastava et al., JMLR 15, 2014), which changes nothing
    where `rate` is 1.

    >>> import numpy as np
    >>> from convdispatch.layers import GaussianDropout
    >>> GaussianDropout(0.5)(np.array([[1.0, 2.0]]))
    array([[1., 2.]])
    """

    may_drop_everything = False  # the formula has no value there

    def __init__(
        self, rate: float, seed: int | None = None, **options: Unpack[LayerOptions]
    ) -> None:
        """Check and keep the arguments.

        rate: that of a `Dropout` with the same standard deviation, from 0 to 1.
        seed: an integer that is mixed into the key; None mixes in nothing.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self._keep_rate(rate)
        self._keep_seed(seed)

    def _change(self, backend: Backend, dtype: str) -> Change:
        draw, stddev = _normal(backend, dtype), math.sqrt(self.rate / (1.0 - self.rate))
        return lambda inputs, key: inputs * (1.0 + stddev * draw(inputs, key))


class AlphaDropout(ShapedNoise):
    """Replace numbers with probability `rate` in training, keeping mean 0 and variance 1.

        input   any shape, with numbers of mean 0 and variance 1 as selu gives them
        output  the same

    The numbers left out become the least value of selu. Then all numbers are scaled and shifted so
    that mean and variance stay. A call outside of training returns its input. Which numbers are
    left out is decided by the key of the step and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an input that `noise_shape` does not fit.

    Source: Keras 2.2.4 `AlphaDropout` (Klambauer et al., arXiv:1706.02515), which changes nothing
    where `rate` is 1.

    >>> import numpy as np
    >>> from convdispatch.layers import AlphaDropout
    >>> AlphaDropout(0.5)(np.array([[1.0, 2.0]]))
    array([[1., 2.]])
    """

    may_drop_everything = False  # the formula has no value there

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments.

        rate: the probability that a number is left out, from 0 to 1.
        noise_shape: the shape of what is drawn: 1 leaves a whole axis out or none of it, None
            takes the input's size; None alone draws for each number.
        seed: an integer that is mixed into the key; None mixes in nothing.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self._keep_rate(rate)
        self._keep_noise_shape(noise_shape)
        self._keep_seed(seed)

    def _change(self, backend: Backend, dtype: str) -> Change:
        rate, draw = self.rate, self._drawing(backend, dtype)
        scale = ((1.0 - rate) * (1.0 + rate * SATURATED**2)) ** -0.5
        shift = -scale * SATURATED * rate

        def change(inputs: Any, key: Any) -> Any:
            kept = draw(inputs, key)
            return scale * (inputs * kept + SATURATED * (1.0 - kept)) + shift

        return change


def _normal(backend: Backend, dtype: str) -> Change:
    """Return the function that draws a number of mean 0 and variance 1 for each of the input's."""
    sizes_of, draw = backend.functions["shape"], Draws(backend).of_samples("normal")
    return lambda inputs, key: draw(key, sizes_of(inputs), dtype)
