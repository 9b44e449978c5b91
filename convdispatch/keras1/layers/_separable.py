"""Keras 1's separable convolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Unpack

from convdispatch import layers
from convdispatch.engine.constructor_signature import OptionsBesideWeights
from convdispatch.engine.declarations import Layout
from convdispatch.keras1.layers._translation import (
    CONVOLUTION_SPELLING,
    Keras1Layer,
    Layouts,
    Spelling,
    data_format,
    kernel_size,
)
from convdispatch.types import (
    ActivationLike,
    ConstraintLike,
    DimOrdering,
    InitializerLike,
    Padding,
    RegularizerLike,
)

_THEANO_KERNEL = Layout(axes=(2, 3, 1, 0))


class SeparableConvolution2D(Keras1Layer, layers.SeparableConv2D):
    """Convolve each channel of an image, then mix the channels; on every backend.

        input             (batch, rows, cols, channels)
        output            (batch, new rows, new cols, nb_filter)
        depthwise kernel  (nb_row, nb_col, channels, depth_multiplier)
        pointwise kernel  (1, 1, channels * depth_multiplier, nb_filter)
        bias              (nb_filter,)

    Under `dim_ordering='th'` input and output have their channels on axis 1, and kernels are
    (depth_multiplier, channels, nb_row, nb_col) and (nb_filter, channels * depth_multiplier, 1,
    1).

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for,
    and for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor
    of another framework.

    Source: Keras 1.2.2 `SeparableConvolution2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import SeparableConvolution2D
    >>> layer = SeparableConvolution2D(1, 2, 2, dim_ordering="tf", bias=False,
    ...                                weights=[np.ones((2, 2, 1, 1)), np.full((1, 1, 1, 1), 10.0)])
    >>> layer(np.ones((1, 2, 3, 1))).ravel()
    array([40., 40.])
    """

    spelling: ClassVar[Spelling] = {
        **CONVOLUTION_SPELLING,
        "depthwise_initializer": "init",
        "pointwise_initializer": None,
    }
    layouts: ClassVar[Layouts] = {
        "th": {"depthwise_kernel": _THEANO_KERNEL, "pointwise_kernel": _THEANO_KERNEL}
    }

    def __init__(
        self,
        nb_filter: int,
        nb_row: int,
        nb_col: int,
        init: InitializerLike = "glorot_uniform",
        activation: ActivationLike = None,
        weights: Sequence[Any] | None = None,
        border_mode: Padding = "valid",
        subsample: Sequence[int] = (1, 1),
        depth_multiplier: int = 1,
        dim_ordering: DimOrdering = "default",
        depthwise_regularizer: RegularizerLike = None,
        pointwise_regularizer: RegularizerLike = None,
        b_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        depthwise_constraint: ConstraintLike = None,
        pointwise_constraint: ConstraintLike = None,
        b_constraint: ConstraintLike = None,
        bias: bool = True,
        **options: Unpack[OptionsBesideWeights],
    ) -> None:
        super().__init__(
            nb_filter,
            kernel_size(nb_row=nb_row, nb_col=nb_col),
            strides=subsample,
            padding=border_mode,
            data_format=data_format(dim_ordering),
            depth_multiplier=depth_multiplier,
            activation=activation,
            use_bias=bias,
            depthwise_initializer=init,
            pointwise_initializer=init,
            bias_initializer="zero",
            depthwise_regularizer=depthwise_regularizer,
            pointwise_regularizer=pointwise_regularizer,
            bias_regularizer=b_regularizer,
            activity_regularizer=activity_regularizer,
            depthwise_constraint=depthwise_constraint,
            pointwise_constraint=pointwise_constraint,
            bias_constraint=b_constraint,
            weights=weights,
            **options,
        )
