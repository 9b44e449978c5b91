"""The convolutional layers of Keras 2.2.4, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from typing import Unpack

from convdispatch import layers
from convdispatch.engine.arguments import IntOrTuple
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.facades.input_length import InputByLength
from convdispatch.keras2.layers._exceptions import Grid, Separable
from convdispatch.keras2.layers._layer import Keras2Layer
from convdispatch.keras2.layers.pooling import AveragePooling1D as AveragePooling1D
from convdispatch.keras2.layers.pooling import AveragePooling2D as AveragePooling2D
from convdispatch.keras2.layers.pooling import AveragePooling3D as AveragePooling3D
from convdispatch.keras2.layers.pooling import AvgPool1D as AvgPool1D
from convdispatch.keras2.layers.pooling import AvgPool2D as AvgPool2D
from convdispatch.keras2.layers.pooling import AvgPool3D as AvgPool3D
from convdispatch.keras2.layers.pooling import GlobalAveragePooling1D as GlobalAveragePooling1D
from convdispatch.keras2.layers.pooling import GlobalAveragePooling2D as GlobalAveragePooling2D
from convdispatch.keras2.layers.pooling import GlobalAveragePooling3D as GlobalAveragePooling3D
from convdispatch.keras2.layers.pooling import GlobalAvgPool1D as GlobalAvgPool1D
from convdispatch.keras2.layers.pooling import GlobalAvgPool2D as GlobalAvgPool2D
from convdispatch.keras2.layers.pooling import GlobalAvgPool3D as GlobalAvgPool3D
from convdispatch.keras2.layers.pooling import GlobalMaxPool1D as GlobalMaxPool1D
from convdispatch.keras2.layers.pooling import GlobalMaxPool2D as GlobalMaxPool2D
from convdispatch.keras2.layers.pooling import GlobalMaxPool3D as GlobalMaxPool3D
from convdispatch.keras2.layers.pooling import GlobalMaxPooling1D as GlobalMaxPooling1D
from convdispatch.keras2.layers.pooling import GlobalMaxPooling2D as GlobalMaxPooling2D
from convdispatch.keras2.layers.pooling import GlobalMaxPooling3D as GlobalMaxPooling3D
from convdispatch.keras2.layers.pooling import MaxPool1D as MaxPool1D
from convdispatch.keras2.layers.pooling import MaxPool2D as MaxPool2D
from convdispatch.keras2.layers.pooling import MaxPool3D as MaxPool3D
from convdispatch.keras2.layers.pooling import MaxPooling1D as MaxPooling1D
from convdispatch.keras2.layers.pooling import MaxPooling2D as MaxPooling2D
from convdispatch.keras2.layers.pooling import MaxPooling3D as MaxPooling3D
from convdispatch.types import (
    ActivationLike,
    CausalPadding,
    ConstraintLike,
    DataFormat,
    InitializerLike,
    Interpolation,
    RegularizerLike,
)

__all__ = [
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Convolution1D",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Deconv2D",
    "Deconv3D",
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

class Conv1D(Keras2Layer, InputByLength, layers.Conv1D):
    """`convdispatch.layers.Conv1D` in the words of Keras 2.2.4.

    `input_dim` and `input_length`, which Keras 2 still took in Keras 1's manner, state the input's
    channels and steps.

    Convolve sequences: a kernel slides over the steps.

        input   (batch, steps, channels)
        output  (batch, new steps, filters)
        kernel  (*kernel_size, channels / groups, filters)
        bias    (filters,)

    With `data_format='channels_first'` the channels of input and output are axis 1.

    An axis of n cells gets, with reach = (kernel_size - 1) * dilation_rate + 1:

        'valid'           ceil((n - reach + 1) / stride)
        'same', 'causal'  ceil(n / stride)
        'full'            ceil((n + reach - 1) / stride)

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A call
    raises `InvalidShape` for another rank, for channels that the layer was not built for, and for
    fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor of another
    framework. Channels that `groups` does not divide are an `InvalidShape`, too.

    Source: Keras 2.2.4 `Conv1D`; `groups` as in Keras 3.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Conv1D
    >>> layer = Conv1D(1, 3, strides=2, padding="same", use_bias=False,
    ...                weights=[np.array([1.0, 10, 100]).reshape(3, 1, 1)])
    >>> layer(np.array([1.0, 2, 3, 4]).reshape(1, 4, 1)).ravel()
    array([321.,  43.])
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
    ) -> None: ...

class Conv1DTranspose(Keras2Layer, layers.Conv1DTranspose):
    """`convdispatch.layers.Conv1DTranspose` in the words of Keras 2.2.4.

    Transposed convolution of sequences: each step writes a kernel.

        input   (batch, steps, channels)
        output  (batch, new steps, filters)
        kernel  (*kernel_size, filters / groups, channels)
        bias    (filters,)

    With `data_format='channels_first'` the channels of input and output are axis 1.

    An axis of n cells gets, with reach = (kernel_size - 1) * dilation_rate + 1:

        'valid'  n * stride + max(reach - stride, 0)
        'same'   n * stride
        'full'   n * stride - (stride + reach - 2)

    `output_padding` or `output_size` asks for another of the sizes from which the convolution
    gives n cells.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A call
    raises `InvalidShape` for another rank, for channels that the layer was not built for, and for a
    size that no convolution gives; `InvalidType` for integers and for a tensor of another
    framework. Channels that `groups` does not divide are an `InvalidShape`, too.

    Source: Keras 3 `Conv1DTranspose`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Conv1DTranspose
    >>> layer = Conv1DTranspose(1, 3, strides=2, padding="same", use_bias=False,
    ...                         weights=[np.array([1.0, 10, 100]).reshape(3, 1, 1)])
    >>> layer(np.array([1.0, 2]).reshape(1, 2, 1)).ravel()
    array([  1.,  10., 102.,  20.])
    """

class Conv2D(Keras2Layer, layers.Conv2D):
    """`convdispatch.layers.Conv2D` in the words of Keras 2.2.4.

    Convolve images: a kernel slides over rows and columns.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, filters)
        kernel  (*kernel_size, channels / groups, filters)
        bias    (filters,)

    With `data_format='channels_first'` the channels of input and output are axis 1.

    An axis of n cells gets, with reach = (kernel_size - 1) * dilation_rate + 1:

        'valid'  ceil((n - reach + 1) / stride)
        'same'   ceil(n / stride)
        'full'   ceil((n + reach - 1) / stride)

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A call
    raises `InvalidShape` for another rank, for channels that the layer was not built for, and for
    fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor of another
    framework. Channels that `groups` does not divide are an `InvalidShape`, too.

    Source: Keras 2.2.4 `Conv2D`; `groups` as in Keras 3.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Conv2D
    >>> layer = Conv2D(1, 2, use_bias=False, weights=[np.ones((2, 2, 1, 1))])
    >>> layer(np.arange(9.0).reshape(1, 3, 3, 1))[0, :, :, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """

class Conv2DTranspose(Keras2Layer, layers.Conv2DTranspose):
    """`convdispatch.layers.Conv2DTranspose` in the words of Keras 2.2.4.

    Transposed convolution of images: each cell writes a kernel.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, filters)
        kernel  (*kernel_size, filters / groups, channels)
        bias    (filters,)

    With `data_format='channels_first'` the channels of input and output are axis 1.

    An axis of n cells gets, with reach = (kernel_size - 1) * dilation_rate + 1:

        'valid'  n * stride + max(reach - stride, 0)
        'same'   n * stride
        'full'   n * stride - (stride + reach - 2)

    `output_padding` or `output_size` asks for another of the sizes from which the convolution
    gives n cells.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A call
    raises `InvalidShape` for another rank, for channels that the layer was not built for, and for a
    size that no convolution gives; `InvalidType` for integers and for a tensor of another
    framework. Channels that `groups` does not divide are an `InvalidShape`, too.

    Source: Keras 2.2.4 `Conv2DTranspose`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Conv2DTranspose
    >>> layer = Conv2DTranspose(1, 2, strides=2, use_bias=False, weights=[np.ones((2, 2, 1, 1))])
    >>> layer(np.array([1.0, 2]).reshape(1, 1, 2, 1))[0, :, :, 0]
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.]])
    """

class Conv3D(Keras2Layer, layers.Conv3D):
    """`convdispatch.layers.Conv3D` in the words of Keras 2.2.4.

    Convolve volumes: a kernel slides over planes, rows and columns.

        input   (batch, planes, rows, cols, channels)
        output  (batch, new planes, new rows, new cols, filters)
        kernel  (*kernel_size, channels / groups, filters)
        bias    (filters,)

    With `data_format='channels_first'` the channels of input and output are axis 1.

    An axis of n cells gets, with reach = (kernel_size - 1) * dilation_rate + 1:

        'valid'  ceil((n - reach + 1) / stride)
        'same'   ceil(n / stride)
        'full'   ceil((n + reach - 1) / stride)

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A call
    raises `InvalidShape` for another rank, for channels that the layer was not built for, and for
    fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor of another
    framework. Channels that `groups` does not divide are an `InvalidShape`, too.

    Source: Keras 2.2.4 `Conv3D`; `groups` as in Keras 3.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Conv3D
    >>> layer = Conv3D(1, 2, use_bias=False, weights=[np.ones((2, 2, 2, 1, 1))])
    >>> layer(np.ones((1, 2, 2, 3, 1))).ravel()
    array([8., 8.])
    """

class Conv3DTranspose(Keras2Layer, layers.Conv3DTranspose):
    """`convdispatch.layers.Conv3DTranspose` in the words of Keras 2.2.4.

    Transposed convolution of volumes: each cell writes a kernel.

        input   (batch, planes, rows, cols, channels)
        output  (batch, new planes, new rows, new cols, filters)
        kernel  (*kernel_size, filters / groups, channels)
        bias    (filters,)

    With `data_format='channels_first'` the channels of input and output are axis 1.

    An axis of n cells gets, with reach = (kernel_size - 1) * dilation_rate + 1:

        'valid'  n * stride + max(reach - stride, 0)
        'same'   n * stride
        'full'   n * stride - (stride + reach - 2)

    `output_padding` or `output_size` asks for another of the sizes from which the convolution
    gives n cells.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A call
    raises `InvalidShape` for another rank, for channels that the layer was not built for, and for a
    size that no convolution gives; `InvalidType` for integers and for a tensor of another
    framework. Channels that `groups` does not divide are an `InvalidShape`, too.

    Source: Keras 2.2.4 `Conv3DTranspose`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Conv3DTranspose
    >>> layer = Conv3DTranspose(1, (1, 1, 2), strides=(1, 1, 2), use_bias=False,
    ...                         weights=[np.array([1.0, 10]).reshape(1, 1, 2, 1, 1)])
    >>> layer(np.array([1.0, 2]).reshape(1, 1, 1, 2, 1)).ravel()
    array([ 1., 10.,  2., 20.])
    """

class Cropping1D(Keras2Layer, layers.Cropping1D):
    """`convdispatch.layers.Cropping1D` in the words of Keras 2.2.4.

    Leave out the first and the last steps of a sequence.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets n - before - after.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for an input of which nothing would be left;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `Cropping1D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Cropping1D
    >>> Cropping1D((1, 0))(np.array([1.0, 2, 3]).reshape(1, 3, 1)).ravel()
    array([2., 3.])
    """

class Cropping2D(Keras2Layer, layers.Cropping2D):
    """`convdispatch.layers.Cropping2D` in the words of Keras 2.2.4.

    Leave out the outer rows and columns of an image; by default none, as in Keras.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets n - before - after.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for an input of which nothing would be left;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `Cropping2D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Cropping2D
    >>> Cropping2D(((1, 0), (0, 1)))(np.arange(4.0).reshape(1, 2, 2, 1)).ravel()
    array([2.])
    """

class Cropping3D(Keras2Layer, layers.Cropping3D):
    """`convdispatch.layers.Cropping3D` in the words of Keras 2.2.4.

    Leave out the outer planes, rows and columns of a volume.

        input   (batch, planes, rows, cols, channels)
        output  (batch, new planes, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets n - before - after.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for an input of which nothing would be left;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `Cropping3D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Cropping3D
    >>> Cropping3D((0, 0, 1))(np.arange(3.0).reshape(1, 1, 1, 3, 1)).ravel()
    array([1.])
    """

class DepthwiseConv1D(Keras2Layer, layers.DepthwiseConv1D):
    """`convdispatch.layers.DepthwiseConv1D` in the words of Keras 2.2.4.

    Convolve each channel of a sequence with kernels of its own.

        input   (batch, steps, channels)
        output  (batch, new steps, channels * depth_multiplier)
        kernel  (*kernel_size, channels, depth_multiplier)
        bias    (channels * depth_multiplier,)

    With `data_format='channels_first'` the channels of input and output are axis 1. The sizes are
    those of `Conv1D`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for,
    and for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor
    of another framework.

    Source: Keras 3 `DepthwiseConv1D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import DepthwiseConv1D
    >>> layer = DepthwiseConv1D(2, use_bias=False, weights=[np.ones((2, 2, 1))])
    >>> layer(np.array([[[1.0, 10], [2, 20], [3, 30]]]))[0]
    array([[ 3., 30.],
           [ 5., 50.]])
    """

class DepthwiseConv2D(Keras2Layer, layers.DepthwiseConv2D):
    """`convdispatch.layers.DepthwiseConv2D` in the words of Keras 2.2.4.

    Convolve each channel of an image with kernels of its own.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels * depth_multiplier)
        kernel  (*kernel_size, channels, depth_multiplier)
        bias    (channels * depth_multiplier,)

    With `data_format='channels_first'` the channels of input and output are axis 1. The sizes are
    those of `Conv2D`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for,
    and for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor
    of another framework.

    Source: Keras 2.2.4 `DepthwiseConv2D`, with 2.3.1's dilation.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import DepthwiseConv2D
    >>> kernel = np.stack([np.ones((2, 2, 1)), np.full((2, 2, 1), 10.0)], axis=2)
    >>> layer = DepthwiseConv2D(2, use_bias=False, weights=[kernel])
    >>> layer(np.ones((1, 2, 2, 2))).ravel()
    array([ 4., 40.])
    """

class SeparableConv1D(Keras2Layer, Separable, layers.SeparableConv1D):
    """`convdispatch.layers.SeparableConv1D` in the words of Keras 2.2.4.

    Convolve each channel of a sequence, then mix the channels.

        input             (batch, steps, channels)
        output            (batch, new steps, filters)
        depthwise kernel  (*kernel_size, channels, depth_multiplier)
        pointwise kernel  (1, channels * depth_multiplier, filters)
        bias              (filters,)

    With `data_format='channels_first'` the channels of input and output are axis 1. The sizes are
    those of `Conv1D`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for,
    and for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor
    of another framework.

    Source: Keras 2.2.4 `SeparableConv1D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import SeparableConv1D
    >>> layer = SeparableConv1D(1, 2, use_bias=False,
    ...                         weights=[np.ones((2, 1, 1)), np.full((1, 1, 1), 10.0)])
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 3, 1)).ravel()
    array([30., 50.])
    """

class SeparableConv2D(Keras2Layer, Separable, layers.SeparableConv2D):
    """`convdispatch.layers.SeparableConv2D` in the words of Keras 2.2.4.

    Convolve each channel of an image, then mix the channels.

        input             (batch, rows, cols, channels)
        output            (batch, new rows, new cols, filters)
        depthwise kernel  (*kernel_size, channels, depth_multiplier)
        pointwise kernel  (1, 1, channels * depth_multiplier, filters)
        bias              (filters,)

    With `data_format='channels_first'` the channels of input and output are axis 1. The sizes are
    those of `Conv2D`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for,
    and for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor
    of another framework.

    Source: Keras 2.2.4 `SeparableConv2D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import SeparableConv2D
    >>> layer = SeparableConv2D(1, 2, use_bias=False,
    ...                         weights=[np.ones((2, 2, 1, 1)), np.full((1, 1, 1, 1), 10.0)])
    >>> layer(np.ones((1, 2, 3, 1))).ravel()
    array([40., 40.])
    """

class UpSampling1D(Keras2Layer, layers.UpSampling1D):
    """`convdispatch.layers.UpSampling1D` in the words of Keras 2.2.4.

    Repeat each step of a sequence.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    steps gets n * `size`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `UpSampling1D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import UpSampling1D
    >>> UpSampling1D(2)(np.array([1.0, 2]).reshape(1, 2, 1)).ravel()
    array([1., 1., 2., 2.])
    """

class UpSampling2D(Keras2Layer, Grid, layers.UpSampling2D):
    """`convdispatch.layers.UpSampling2D` in the words of Keras 2.2.4.

    `coordinates` is the grid of 'bilinear'. 'asymmetric' begins in the centre of the first cell:
    `[0, 1]` becomes `[0, 0.5, 1, 1]`, as on Theano and on TensorFlow 1. 'half_pixel' makes `[0,
    0.25, 0.75, 1]` of it, as TensorFlow 2 does. None is the grid of the convention: 'asymmetric'
    for Theano's, 'half_pixel' for TensorFlow's.

    Enlarge images by an integer factor an axis.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets n * `size`. `interpolation` 'nearest' repeats cells; 'bilinear' samples between cell
    centres (half-pixel grid), as TensorFlow 2 and PyTorch without aligned corners do.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `UpSampling2D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import UpSampling2D
    >>> layer = UpSampling2D((1, 2), interpolation="bilinear")
    >>> layer(np.array([0.0, 4]).reshape(1, 1, 2, 1)).ravel()
    array([0., 1., 3., 4.])
    """

    def __init__(
        self,
        size: IntOrTuple = 2,
        data_format: DataFormat | None = None,
        interpolation: Interpolation = "nearest",
        *,
        coordinates: str | None = None,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class UpSampling3D(Keras2Layer, layers.UpSampling3D):
    """`convdispatch.layers.UpSampling3D` in the words of Keras 2.2.4.

    Repeat each cell of a volume along planes, rows and columns.

        input   (batch, planes, rows, cols, channels)
        output  (batch, new planes, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets n * `size`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `UpSampling3D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import UpSampling3D
    >>> UpSampling3D((1, 1, 2))(np.array([1.0, 2]).reshape(1, 1, 1, 2, 1)).ravel()
    array([1., 1., 2., 2.])
    """

class ZeroPadding1D(Keras2Layer, layers.ZeroPadding1D):
    """`convdispatch.layers.ZeroPadding1D` in the words of Keras 2.2.4.

    Put zeros before and after the steps of a sequence.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets n + before + after.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `ZeroPadding1D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import ZeroPadding1D
    >>> ZeroPadding1D((1, 2))(np.array([1.0, 2]).reshape(1, 2, 1)).ravel()
    array([0., 1., 2., 0., 0.])
    """

class ZeroPadding2D(Keras2Layer, layers.ZeroPadding2D):
    """`convdispatch.layers.ZeroPadding2D` in the words of Keras 2.2.4.

    Put zeros around the rows and columns of an image.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets n + before + after.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `ZeroPadding2D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import ZeroPadding2D
    >>> ZeroPadding2D(((1, 0), (0, 2)))(np.full((1, 1, 1, 1), 5.0))[0, :, :, 0]
    array([[0., 0., 0.],
           [5., 0., 0.]])
    """

class ZeroPadding3D(Keras2Layer, layers.ZeroPadding3D):
    """`convdispatch.layers.ZeroPadding3D` in the words of Keras 2.2.4.

    Put zeros around the planes, rows and columns of a volume.

        input   (batch, planes, rows, cols, channels)
        output  (batch, new planes, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets n + before + after.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `ZeroPadding3D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import ZeroPadding3D
    >>> ZeroPadding3D((0, 0, 1))(np.full((1, 1, 1, 1, 1), 5.0)).ravel()
    array([0., 5., 0.])
    """

Convolution1D = Conv1D
Convolution2D = Conv2D
Convolution2DTranspose = Conv2DTranspose
Convolution3D = Conv3D
Deconv2D = Conv2DTranspose
Deconv3D = Conv3DTranspose
Deconvolution2D = Conv2DTranspose
Deconvolution3D = Conv3DTranspose
SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D
