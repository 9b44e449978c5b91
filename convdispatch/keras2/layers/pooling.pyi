"""The pooling layers of Keras 2.2.4, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from convdispatch import layers
from convdispatch.keras2.layers._layer import Keras2Layer

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
]

class AveragePooling1D(Keras2Layer, layers.AveragePooling1D):
    """`convdispatch.layers.AveragePooling1D` in the words of Keras 2.2.4.

    Take the average of each window of sequences, for each channel apart.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets floor((n - pool_size) / stride) + 1 windows, with 'same' ceil(n / stride). What
    lies outside of the input does not count.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for fewer cells than a window has; `InvalidType`
    for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `AveragePooling1D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import AveragePooling1D
    >>> AveragePooling1D(2)(np.array([1.0, 3, 2, 8]).reshape(1, 4, 1)).ravel()
    array([2., 5.])
    """

class AveragePooling2D(Keras2Layer, layers.AveragePooling2D):
    """`convdispatch.layers.AveragePooling2D` in the words of Keras 2.2.4.

    Take the average of each window of images, for each channel apart.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets floor((n - pool_size) / stride) + 1 windows, with 'same' ceil(n / stride). What
    lies outside of the input does not count.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for fewer cells than a window has; `InvalidType`
    for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `AveragePooling2D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import AveragePooling2D
    >>> AveragePooling2D(2)(np.array([1.0, 3, 2, 8]).reshape(1, 2, 2, 1)).ravel()
    array([3.5])
    """

class AveragePooling3D(Keras2Layer, layers.AveragePooling3D):
    """`convdispatch.layers.AveragePooling3D` in the words of Keras 2.2.4.

    Take the average of each window of volumes, for each channel apart.

        input   (batch, planes, rows, cols, channels)
        output  (batch, new planes, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets floor((n - pool_size) / stride) + 1 windows, with 'same' ceil(n / stride). What
    lies outside of the input does not count.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for fewer cells than a window has; `InvalidType`
    for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `AveragePooling3D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import AveragePooling3D
    >>> AveragePooling3D((1, 2, 2))(np.array([1.0, 3, 2, 8]).reshape(1, 1, 2, 2, 1)).ravel()
    array([3.5])
    """

class GlobalAveragePooling1D(Keras2Layer, layers.GlobalAveragePooling1D):
    """`convdispatch.layers.GlobalAveragePooling1D` in the words of Keras 2.2.4.

    Take the average of each sequence, for each channel apart.

        input   (batch, steps, channels)
        output  (batch, channels)

    Of a sequence with a mask only the steps that count are averaged; where none counts, the result
    is NaN, as in Keras.

    With `data_format='channels_first'` the channels of the input are axis 1. With `keepdims=True`
    the spatial axes stay, with one cell each.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `GlobalAveragePooling1D`; `keepdims` as in Keras 3.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import GlobalAveragePooling1D
    >>> GlobalAveragePooling1D()(np.array([1.0, 3]).reshape(1, 2, 1))
    array([[2.]])
    """

class GlobalAveragePooling2D(Keras2Layer, layers.GlobalAveragePooling2D):
    """`convdispatch.layers.GlobalAveragePooling2D` in the words of Keras 2.2.4.

    Take the average of each image, for each channel apart.

        input   (batch, rows, cols, channels)
        output  (batch, channels)

    With `data_format='channels_first'` the channels of the input are axis 1. With `keepdims=True`
    the spatial axes stay, with one cell each.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `GlobalAveragePooling2D`; `keepdims` as in Keras 3.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import GlobalAveragePooling2D
    >>> GlobalAveragePooling2D()(np.array([1.0, 3, 2, 8]).reshape(1, 2, 2, 1))
    array([[3.5]])
    """

class GlobalAveragePooling3D(Keras2Layer, layers.GlobalAveragePooling3D):
    """`convdispatch.layers.GlobalAveragePooling3D` in the words of Keras 2.2.4.

    Take the average of each volume, for each channel apart.

        input   (batch, planes, rows, cols, channels)
        output  (batch, channels)

    With `data_format='channels_first'` the channels of the input are axis 1. With `keepdims=True`
    the spatial axes stay, with one cell each.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `GlobalAveragePooling3D`; `keepdims` as in Keras 3.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import GlobalAveragePooling3D
    >>> GlobalAveragePooling3D()(np.array([1.0, 3, 2, 8]).reshape(1, 1, 2, 2, 1))
    array([[3.5]])
    """

class GlobalMaxPooling1D(Keras2Layer, layers.GlobalMaxPooling1D):
    """`convdispatch.layers.GlobalMaxPooling1D` in the words of Keras 2.2.4.

    Take the largest number of each sequence, for each channel apart.

        input   (batch, steps, channels)
        output  (batch, channels)

    With `data_format='channels_first'` the channels of the input are axis 1. With `keepdims=True`
    the spatial axes stay, with one cell each.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `GlobalMaxPooling1D`; `keepdims` as in Keras 3.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import GlobalMaxPooling1D
    >>> GlobalMaxPooling1D()(np.array([1.0, 3]).reshape(1, 2, 1))
    array([[3.]])
    """

class GlobalMaxPooling2D(Keras2Layer, layers.GlobalMaxPooling2D):
    """`convdispatch.layers.GlobalMaxPooling2D` in the words of Keras 2.2.4.

    Take the largest number of each image, for each channel apart.

        input   (batch, rows, cols, channels)
        output  (batch, channels)

    With `data_format='channels_first'` the channels of the input are axis 1. With `keepdims=True`
    the spatial axes stay, with one cell each.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `GlobalMaxPooling2D`; `keepdims` as in Keras 3.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import GlobalMaxPooling2D
    >>> GlobalMaxPooling2D()(np.array([1.0, 3, 2, 8]).reshape(1, 2, 2, 1))
    array([[8.]])
    """

class GlobalMaxPooling3D(Keras2Layer, layers.GlobalMaxPooling3D):
    """`convdispatch.layers.GlobalMaxPooling3D` in the words of Keras 2.2.4.

    Take the largest number of each volume, for each channel apart.

        input   (batch, planes, rows, cols, channels)
        output  (batch, channels)

    With `data_format='channels_first'` the channels of the input are axis 1. With `keepdims=True`
    the spatial axes stay, with one cell each.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `GlobalMaxPooling3D`; `keepdims` as in Keras 3.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import GlobalMaxPooling3D
    >>> GlobalMaxPooling3D()(np.array([1.0, 3, 2, 8]).reshape(1, 1, 2, 2, 1))
    array([[8.]])
    """

class MaxPooling1D(Keras2Layer, layers.MaxPooling1D):
    """`convdispatch.layers.MaxPooling1D` in the words of Keras 2.2.4.

    Take the largest number of each window of sequences, for each channel apart.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets floor((n - pool_size) / stride) + 1 windows, with 'same' ceil(n / stride).

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for fewer cells than a window has; `InvalidType`
    for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `MaxPooling1D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import MaxPooling1D
    >>> MaxPooling1D(2)(np.array([1.0, 3, 2, 8]).reshape(1, 4, 1)).ravel()
    array([3., 8.])
    """

class MaxPooling2D(Keras2Layer, layers.MaxPooling2D):
    """`convdispatch.layers.MaxPooling2D` in the words of Keras 2.2.4.

    Take the largest number of each window of images, for each channel apart.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets floor((n - pool_size) / stride) + 1 windows, with 'same' ceil(n / stride).

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for fewer cells than a window has; `InvalidType`
    for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `MaxPooling2D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import MaxPooling2D
    >>> MaxPooling2D(2)(np.array([1.0, 3, 2, 8]).reshape(1, 2, 2, 1)).ravel()
    array([8.])
    """

class MaxPooling3D(Keras2Layer, layers.MaxPooling3D):
    """`convdispatch.layers.MaxPooling3D` in the words of Keras 2.2.4.

    Take the largest number of each window of volumes, for each channel apart.

        input   (batch, planes, rows, cols, channels)
        output  (batch, new planes, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets floor((n - pool_size) / stride) + 1 windows, with 'same' ceil(n / stride).

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for fewer cells than a window has; `InvalidType`
    for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `MaxPooling3D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import MaxPooling3D
    >>> MaxPooling3D((1, 2, 2))(np.array([1.0, 3, 2, 8]).reshape(1, 1, 2, 2, 1)).ravel()
    array([8.])
    """

AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
AvgPool3D = AveragePooling3D
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
MaxPool3D = MaxPooling3D
