"""The convolutional layers of Keras 1.2.2, under its module path."""

from typing import TYPE_CHECKING

from convdispatch.doors.elsewhere import finder
from convdispatch.keras1.layers._convolutions import (
    AtrousConvolution2D,
    Convolution2D,
    Convolution3D,
)
from convdispatch.keras1.layers._deconvolution import Deconvolution2D
from convdispatch.keras1.layers._reshaping import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from convdispatch.keras1.layers._separable import SeparableConvolution2D
from convdispatch.keras1.layers._sequence_convolutions import AtrousConvolution1D, Convolution1D
from convdispatch.keras1.layers._upsampling import UpSampling1D, UpSampling2D, UpSampling3D

__all__ = [
    "AtrousConvolution1D",
    "AtrousConvolution2D",
    "Convolution1D",
    "Convolution2D",
    "Convolution3D",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Deconvolution2D",
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
