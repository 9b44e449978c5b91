"""Spatial dropout: whole channels left out at random in training."""

from __future__ import annotations

from typing import Any, Unpack

from convdispatch.engine.arguments import as_data_format
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidShape
from convdispatch.layers._noise import DroppingLayer
from convdispatch.ops import PartialShape
from convdispatch.types import DataFormat


class WholeChannels(DroppingLayer):
    """A layer that draws one number for each channel of each sample."""

    data_format = "channels_last"

    @property
    def _channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else 1

    def _noise(self) -> PartialShape:
        cells = (1,) * self.rank
        return (None, *cells, None) if self.data_format == "channels_last" else (None, None, *cells)

    def _require_input(self, spec: Spec) -> None:
        if len(spec.shape) != self.rank + 2:
            raise InvalidShape(
                f"{self._title} takes inputs with {self.rank + 2} axes (batch, channels and "
                f"{self.rank} spatial); received shape {spec.shape}."
            )


class OrderedChannels(WholeChannels):
    """The same for inputs whose channels may be on axis 1."""

    def __init__(
        self,
        rate: float,
        data_format: DataFormat | None = None,
        seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments.

        rate: the probability that a channel is left out, from 0 to 1.
        data_format: where the channels are; None takes the configured one.
        seed: an integer that is mixed into the key; None mixes in nothing.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self._keep_rate(rate)
        self._keep_seed(seed)
        self.data_format = as_data_format(data_format)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"data_format": self.data_format}


class SpatialDropout1D(WholeChannels):
    """Leave out whole channels of sequences in training; divide the others by 1 - `rate`.

        input   (batch, steps, channels)
        output  the same

    A call outside of training returns its input. Which channels of which samples are left out is
    decided by the key of the step and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank.

    Source: Keras 2.2.4 `SpatialDropout1D` (Tompson et al., arXiv:1411.4280).

    >>> import numpy as np
    >>> from convdispatch.layers import SpatialDropout1D
    >>> SpatialDropout1D(0.5)(np.ones((1, 1, 2))).ravel()
    array([1., 1.])
    """

    rank = 1

    def __init__(
        self, rate: float, seed: int | None = None, **options: Unpack[LayerOptions]
    ) -> None:
        """Check and keep the arguments.

        rate: the probability that a channel is left out, from 0 to 1.
        seed: an integer that is mixed into the key; None mixes in nothing.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self._keep_rate(rate)
        self._keep_seed(seed)


class SpatialDropout2D(OrderedChannels):
    """Leave out whole channels of images in training; divide the others by 1 - `rate`.

        input   (batch, rows, cols, channels)
        output  the same

    With `data_format='channels_first'` the channels of input and output are axis 1.

    A call outside of training returns its input. Which channels of which samples are left out is
    decided by the key of the step and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank.

    Source: Keras 2.2.4 `SpatialDropout2D` (Tompson et al., arXiv:1411.4280).

    >>> import numpy as np
    >>> from convdispatch.layers import SpatialDropout2D
    >>> SpatialDropout2D(0.5)(np.ones((1, 1, 1, 2))).ravel()
    array([1., 1.])
    """

    rank = 2


class SpatialDropout3D(OrderedChannels):
    """Leave out whole channels of volumes in training; divide the others by 1 - `rate`.

        input   (batch, planes, rows, cols, channels)
        output  the same

    With `data_format='channels_first'` the channels of input and output are axis 1.

    A call outside of training returns its input. Which channels of which samples are left out is
    decided by the key of the step and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank.

    Source: Keras 2.2.4 `SpatialDropout3D` (Tompson et al., arXiv:1411.4280).

    >>> import numpy as np
    >>> from convdispatch.layers import SpatialDropout3D
    >>> SpatialDropout3D(0.5)(np.ones((1, 1, 1, 1, 2))).ravel()
    array([1., 1.])
    """

    rank = 3
