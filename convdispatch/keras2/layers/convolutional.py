"""The convolutional layers of Keras 2.2.4, under its module path.

They are those of `convdispatch.layers` with Keras 2's activations, initializers, regularizers and
constraints; where Keras 3 changed a formula (`hard_sigmoid`) the old one holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from convdispatch import layers
from convdispatch.doors.elsewhere import finder
from convdispatch.engine.arguments import IntOrTuple, as_int
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.errors import InvalidArgument
from convdispatch.keras2.layers._vocabulary import Keras2Layer
from convdispatch.support.warnings import warn
from convdispatch.types import (
    ActivationLike,
    CausalPadding,
    ConstraintLike,
    DataFormat,
    InitializerLike,
    RegularizerLike,
)


class _Separable(Keras2Layer):
    # Keras 2's separable layers took these from their base class and never used them: a type
    # checker refuses them, and while a program runs they are taken with a warning.
    def _init(
        self,
        *arguments: Any,
        kernel_initializer: object = None,
        kernel_regularizer: object = None,
        kernel_constraint: object = None,
        **options: Any,
    ) -> None:
        unused = {
            "initializer": kernel_initializer,
            "regularizer": kernel_regularizer,
            "constraint": kernel_constraint,
        }
        for kind, value in unused.items():
            if value is not None:
                warn(
                    f"`kernel_{kind}` has no effect on {type(self).__name__}, as in Keras 2. Use "
                    f"`depthwise_{kind}` or `pointwise_{kind}`."
                )
        super().__init__(*arguments, **options)

    if not TYPE_CHECKING:
        __init__ = _init


class SeparableConv1D(_Separable, layers.SeparableConv1D):
    """`convdispatch.layers.SeparableConv1D` with Keras 2's vocabulary."""


class SeparableConv2D(_Separable, layers.SeparableConv2D):
    """`convdispatch.layers.SeparableConv2D` with Keras 2's vocabulary."""


class Conv1D(Keras2Layer, layers.Conv1D):
    """`convdispatch.layers.Conv1D` with Keras 2's vocabulary.

    `input_dim` and `input_length`, which Keras 2 still took in Keras 1's manner, state the input's
    channels and steps.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: IntOrTuple,
        strides: IntOrTuple = 1,
        padding: CausalPadding = "valid",
        data_format: DataFormat | None = None,
        dilation_rate: IntOrTuple = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        groups: int = 1,
        *,
        input_dim: int | None = None,
        input_length: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        length = None if input_length is None else as_int(input_length, "input_length")
        if input_dim is not None:
            options["input_shape"] = (length, as_int(input_dim, "input_dim"))
        elif length is not None:
            raise InvalidArgument("`input_length` needs `input_dim` beside it; received none.")
        super().__init__(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            groups=groups,
            **options,
        )


class Conv2D(Keras2Layer, layers.Conv2D):
    """`convdispatch.layers.Conv2D` with Keras 2's vocabulary."""


class Conv3D(Keras2Layer, layers.Conv3D):
    """`convdispatch.layers.Conv3D` with Keras 2's vocabulary."""


class Conv1DTranspose(Keras2Layer, layers.Conv1DTranspose):
    """`convdispatch.layers.Conv1DTranspose` with Keras 2's vocabulary."""


class Conv2DTranspose(Keras2Layer, layers.Conv2DTranspose):
    """`convdispatch.layers.Conv2DTranspose` with Keras 2's vocabulary."""


class Conv3DTranspose(Keras2Layer, layers.Conv3DTranspose):
    """`convdispatch.layers.Conv3DTranspose` with Keras 2's vocabulary."""


class DepthwiseConv1D(Keras2Layer, layers.DepthwiseConv1D):
    """`convdispatch.layers.DepthwiseConv1D` with Keras 2's vocabulary."""


class DepthwiseConv2D(Keras2Layer, layers.DepthwiseConv2D):
    """`convdispatch.layers.DepthwiseConv2D` with Keras 2's vocabulary."""


class Cropping1D(Keras2Layer, layers.Cropping1D):
    """`convdispatch.layers.Cropping1D` with Keras 2's vocabulary."""


class Cropping2D(Keras2Layer, layers.Cropping2D):
    """`convdispatch.layers.Cropping2D` with Keras 2's vocabulary."""


class Cropping3D(Keras2Layer, layers.Cropping3D):
    """`convdispatch.layers.Cropping3D` with Keras 2's vocabulary."""


class UpSampling1D(Keras2Layer, layers.UpSampling1D):
    """`convdispatch.layers.UpSampling1D` with Keras 2's vocabulary."""


class UpSampling2D(Keras2Layer, layers.UpSampling2D):
    """`convdispatch.layers.UpSampling2D` with Keras 2's vocabulary."""


class UpSampling3D(Keras2Layer, layers.UpSampling3D):
    """`convdispatch.layers.UpSampling3D` with Keras 2's vocabulary."""


class ZeroPadding1D(Keras2Layer, layers.ZeroPadding1D):
    """`convdispatch.layers.ZeroPadding1D` with Keras 2's vocabulary."""


class ZeroPadding2D(Keras2Layer, layers.ZeroPadding2D):
    """`convdispatch.layers.ZeroPadding2D` with Keras 2's vocabulary."""


class ZeroPadding3D(Keras2Layer, layers.ZeroPadding3D):
    """`convdispatch.layers.ZeroPadding3D` with Keras 2's vocabulary."""


# Names that Keras 2 kept for Keras 1's users.
Convolution1D = Conv1D
Convolution2D = Conv2D
Convolution3D = Conv3D
Deconvolution2D = Conv2DTranspose
Deconvolution3D = Conv3DTranspose
SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D

__all__ = [
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Convolution1D",
    "Convolution2D",
    "Convolution3D",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Deconvolution2D",
    "Deconvolution3D",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
]

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
