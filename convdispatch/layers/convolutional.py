"""The convolutional layers under Keras 2's module path, `layers.convolutional`."""

from typing import TYPE_CHECKING

from convdispatch.doors.elsewhere import finder
from convdispatch.layers._conv import Conv1D, Conv2D, Conv3D
from convdispatch.layers._cropping import Cropping1D, Cropping2D, Cropping3D
from convdispatch.layers._depthwise import DepthwiseConv1D, DepthwiseConv2D
from convdispatch.layers._separable import SeparableConv1D, SeparableConv2D
from convdispatch.layers._transpose import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
from convdispatch.layers._upsampling import UpSampling1D, UpSampling2D, UpSampling3D
from convdispatch.layers._zero_padding import ZeroPadding1D, ZeroPadding2D, ZeroPadding3D

__all__ = [
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "SeparableConv1D",
    "SeparableConv2D",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
]

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
