"""Keras 1's convolutions of images and volumes, plain and atrous (dilated)."""

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


class AtrousConvolution2D(Keras1Layer, layers.Conv2D):
    """Convolve images with a dilated kernel.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, nb_filter)
        kernel  (nb_row, nb_col, channels, nb_filter)
        bias    (nb_filter,)

    Under `dim_ordering='th'` input and output have their channels on axis 1, and kernels are
    (nb_filter, channels, nb_row, nb_col). 'valid', 'same' and 'full' give the sizes of
    `convdispatch.layers.Conv2D`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for,
    and for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor
    of another framework.

    Source: Keras 1.2.2 `AtrousConvolution2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import AtrousConvolution2D
    >>> layer = AtrousConvolution2D(1, 1, 2, atrous_rate=(1, 2), dim_ordering="th", bias=False,
    ...                             weights=[np.array([1.0, 10]).reshape(1, 1, 1, 2)])
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 1, 1, 3)).ravel()
    array([31.])
    """

    spelling: ClassVar[Spelling] = {**CONVOLUTION_SPELLING, "dilation_rate": "atrous_rate"}
    layouts: ClassVar[Layouts] = {"th": {"kernel": Layout(axes=(2, 3, 1, 0))}}

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
        atrous_rate: Sequence[int] = (1, 1),
        dim_ordering: DimOrdering = "default",
        W_regularizer: RegularizerLike = None,
        b_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        W_constraint: ConstraintLike = None,
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
            dilation_rate=atrous_rate,
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


class Convolution2D(AtrousConvolution2D):
    """Convolve images: a kernel slides over rows and columns.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, nb_filter)
        kernel  (nb_row, nb_col, channels, nb_filter)
        bias    (nb_filter,)

    Under `dim_ordering='th'` input and output have their channels on axis 1, and kernels are
    (nb_filter, channels, nb_row, nb_col). 'valid', 'same' and 'full' give the sizes of
    `convdispatch.layers.Conv2D`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for,
    and for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor
    of another framework.

    Source: Keras 1.2.2 `Convolution2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Convolution2D
    >>> layer = Convolution2D(1, 1, 2, dim_ordering="th", bias=False,
    ...                       weights=[np.array([1.0, 10]).reshape(1, 1, 1, 2)])
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 1, 1, 3)).ravel()
    array([21., 32.])
    """

    spelling = CONVOLUTION_SPELLING

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
        dim_ordering: DimOrdering = "default",
        W_regularizer: RegularizerLike = None,
        b_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        W_constraint: ConstraintLike = None,
        b_constraint: ConstraintLike = None,
        bias: bool = True,
        **options: Unpack[OptionsBesideWeights],
    ) -> None:
        super().__init__(
            nb_filter,
            nb_row,
            nb_col,
            init,
            activation,
            weights,
            border_mode,
            subsample,
            (1, 1),
            dim_ordering,
            W_regularizer,
            b_regularizer,
            activity_regularizer,
            W_constraint,
            b_constraint,
            bias,
            **options,
        )


class Convolution3D(Keras1Layer, layers.Conv3D):
    """Convolve volumes: a kernel slides over three axes.

        input   (batch, dim1, dim2, dim3, channels)
        output  (batch, new dim1, new dim2, new dim3, nb_filter)
        kernel  (kernel_dim1, kernel_dim2, kernel_dim3, channels, nb_filter)
        bias    (nb_filter,)

    Under `dim_ordering='th'` input and output have their channels on axis 1, and kernels are
    (nb_filter, channels, kernel_dim1, kernel_dim2, kernel_dim3). 'valid', 'same' and 'full' give
    the sizes of `convdispatch.layers.Conv3D`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for,
    and for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor
    of another framework.

    Source: Keras 1.2.2 `Convolution3D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Convolution3D
    >>> layer = Convolution3D(1, 1, 1, 2, dim_ordering="tf", bias=False,
    ...                       weights=[np.array([1.0, 10]).reshape(1, 1, 2, 1, 1)])
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 1, 1, 3, 1)).ravel()
    array([21., 32.])
    """

    spelling: ClassVar[Spelling] = {
        **CONVOLUTION_SPELLING,
        "kernel_size": ("kernel_dim1", "kernel_dim2", "kernel_dim3"),
    }
    layouts: ClassVar[Layouts] = {"th": {"kernel": Layout(axes=(2, 3, 4, 1, 0))}}

    def __init__(
        self,
        nb_filter: int,
        kernel_dim1: int,
        kernel_dim2: int,
        kernel_dim3: int,
        init: InitializerLike = "glorot_uniform",
        activation: ActivationLike = None,
        weights: Sequence[Any] | None = None,
        border_mode: Padding = "valid",
        subsample: Sequence[int] = (1, 1, 1),
        dim_ordering: DimOrdering = "default",
        W_regularizer: RegularizerLike = None,
        b_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        W_constraint: ConstraintLike = None,
        b_constraint: ConstraintLike = None,
        bias: bool = True,
        **options: Unpack[OptionsBesideWeights],
    ) -> None:
        super().__init__(
            nb_filter,
            kernel_size(kernel_dim1=kernel_dim1, kernel_dim2=kernel_dim2, kernel_dim3=kernel_dim3),
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
