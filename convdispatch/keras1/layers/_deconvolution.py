"""Keras 1's transposed convolution, which is told its output's shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Unpack

from convdispatch import layers
from convdispatch.engine.arguments import as_partial_shape
from convdispatch.engine.constructor_signature import OptionsBesideWeights
from convdispatch.engine.declarations import Layout
from convdispatch.errors import InvalidArgument
from convdispatch.keras1.layers._translation import (
    CONVOLUTION_SPELLING,
    Keras1Layer,
    Layouts,
    Spelling,
    data_format,
    kernel_size,
)
from convdispatch.ops import PartialShape
from convdispatch.types import (
    ActivationLike,
    ConstraintLike,
    DimOrdering,
    InitializerLike,
    Padding,
    RegularizerLike,
)


class Deconvolution2D(Keras1Layer, layers.Conv2DTranspose):
    """Transposed convolution of images: each cell writes a kernel.

        input   (batch, rows, cols, channels)
        output  `output_shape`: (batch, new rows, new cols, nb_filter)
        kernel  (nb_row, nb_col, channels, nb_filter)
        bias    (nb_filter,)

    Under `dim_ordering='th'` input and output have their channels on axis 1, and kernels are
    (out, in, rows, cols) as Keras 1 saves them. `output_shape` has four entries in the layer's
    dim_ordering; that of the batch may be None and is not looked at.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for,
    and where the convolution does not give the input's size from `output_shape`; `InvalidType`
    for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `Deconvolution2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Deconvolution2D
    >>> layer = Deconvolution2D(1, 1, 2, (None, 1, 4, 1), subsample=(1, 2), dim_ordering="tf",
    ...                         bias=False, weights=[np.array([1.0, 10]).reshape(1, 2, 1, 1)])
    >>> layer(np.array([1.0, 2]).reshape(1, 1, 2, 1)).ravel()
    array([ 1., 10.,  2., 20.])
    """

    spelling: ClassVar[Spelling] = {
        **CONVOLUTION_SPELLING,
        "output_padding": None,
        "output_size": "output_shape",
    }
    layouts: ClassVar[Layouts] = {
        "tf": {"kernel": Layout(axes=(0, 1, 3, 2))},
        "th": {"kernel": Layout(axes=(2, 3, 0, 1))},
    }

    def __init__(
        self,
        nb_filter: int,
        nb_row: int,
        nb_col: int,
        output_shape: Sequence[int | None],
        init: InitializerLike = "glorot_uniform",
        activation: ActivationLike = None,
        weights: Sequence[Any] | None = None,
        border_mode: Padding = "valid",
        subsample: Sequence[int] = (1, 1),
        dim_ordering: DimOrdering = "default",
        W_regularizer: RegularizerLike = None,
        b_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        W_constraint: ConstraintLike = None,
        b_constraint: ConstraintLike = None,
        bias: bool = True,
        **options: Unpack[OptionsBesideWeights],
    ) -> None:
        self._stated_shape = as_partial_shape(output_shape, "output_shape")
        super().__init__(
            nb_filter,
            kernel_size(nb_row=nb_row, nb_col=nb_col),
            strides=subsample,
            padding=border_mode,
            data_format=data_format(dim_ordering),
            activation=activation,
            use_bias=bias,
            kernel_initializer=init,
            bias_initializer="zero",
            kernel_regularizer=W_regularizer,
            bias_regularizer=b_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=W_constraint,
            bias_constraint=b_constraint,
            weights=weights,
            **options,
        )
        self.output_size = self._stated_size(self._stated_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments under Keras 1's names."""
        return super().get_config() | {"output_shape": self._stated_shape}

    def _stated_size(self, shape: PartialShape) -> tuple[int, ...]:
        channels_axis = -1 if self.channels_last else 1
        sizes = [size for size in self._spatial(shape) if size]
        if len(shape) != 4 or len(sizes) != 2 or shape[channels_axis] not in (None, self.filters):
            order = "rows, cols, nb_filter" if self.channels_last else "nb_filter, rows, cols"
            raise InvalidArgument(
                f"`output_shape` must be (batch, {order}) under dim_ordering "
                f"{self.dim_ordering!r}, with known rows and cols of at least 1 and with "
                f"{self.filters} or None for nb_filter; received {shape}."
            )
        return tuple(sizes)
