"""The pooling layers of Keras 1.2.2, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from collections.abc import Sequence
from typing import Unpack

from convdispatch import layers
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.keras1.layers._layer import Keras1Layer
from convdispatch.types import DimOrdering, PoolPadding

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
]

class AveragePooling1D(Keras1Layer, layers.AveragePooling1D):
    """Take the average of each window of sequences, for each channel apart.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    An axis of n cells gets floor((n - pool_size) / stride) + 1 windows, with 'same' ceil(n /
    stride). What lies outside of the input does not count.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for fewer cells than a window has;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `AveragePooling1D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import AveragePooling1D
    >>> AveragePooling1D(2)(np.array([1.0, 3, 2, 8]).reshape(1, 4, 1)).ravel()
    array([2., 5.])
    """

    def __init__(
        self,
        pool_length: int = 2,
        stride: int | None = None,
        border_mode: PoolPadding = "valid",
        **options: Unpack[LayerOptions],
    ) -> None: ...

class AveragePooling2D(Keras1Layer, layers.AveragePooling2D):
    """Take the average of each window of images, for each channel apart.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    With `dim_ordering='th'` the channels of input and output are axis 1. An axis of n
    cells gets floor((n - pool_size) / stride) + 1 windows, with 'same' ceil(n / stride). What lies
    outside of the input does not count.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for fewer cells than a window has;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `AveragePooling2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import AveragePooling2D
    >>> AveragePooling2D(2)(np.array([1.0, 3, 2, 8]).reshape(1, 2, 2, 1)).ravel()
    array([3.5])
    """

    def __init__(
        self,
        pool_size: Sequence[int] = (2, 2),
        strides: Sequence[int] | None = None,
        border_mode: PoolPadding = "valid",
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None: ...

class AveragePooling3D(Keras1Layer, layers.AveragePooling3D):
    """Take the average of each window of volumes, for each channel apart.

        input   (batch, planes, rows, cols, channels)
        output  (batch, new planes, new rows, new cols, channels)

    With `dim_ordering='th'` the channels of input and output are axis 1. An axis of n
    cells gets floor((n - pool_size) / stride) + 1 windows, with 'same' ceil(n / stride). What lies
    outside of the input does not count.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for fewer cells than a window has;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `AveragePooling3D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import AveragePooling3D
    >>> AveragePooling3D((1, 2, 2))(np.array([1.0, 3, 2, 8]).reshape(1, 1, 2, 2, 1)).ravel()
    array([3.5])
    """

    def __init__(
        self,
        pool_size: Sequence[int] = (2, 2, 2),
        strides: Sequence[int] | None = None,
        border_mode: PoolPadding = "valid",
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None: ...

class GlobalAveragePooling1D(Keras1Layer, layers.GlobalAveragePooling1D):
    """Take the average of each sequence, for each channel apart.

        input   (batch, steps, channels)
        output  (batch, channels)

    Of a sequence with a mask only the steps that count are averaged; where none counts, the result
    is NaN, as in Keras.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `GlobalAveragePooling1D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import GlobalAveragePooling1D
    >>> GlobalAveragePooling1D()(np.array([1.0, 3]).reshape(1, 2, 1))
    array([[2.]])
    """

    def __init__(
        self,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class GlobalAveragePooling2D(Keras1Layer, layers.GlobalAveragePooling2D):
    """Take the average of each image, for each channel apart.

        input   (batch, rows, cols, channels)
        output  (batch, channels)

    With `dim_ordering='th'` the channels of the input are axis 1.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `GlobalAveragePooling2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import GlobalAveragePooling2D
    >>> GlobalAveragePooling2D()(np.array([1.0, 3, 2, 8]).reshape(1, 2, 2, 1))
    array([[3.5]])
    """

    def __init__(
        self,
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None: ...

class GlobalAveragePooling3D(Keras1Layer, layers.GlobalAveragePooling3D):
    """Take the average of each volume, for each channel apart.

        input   (batch, planes, rows, cols, channels)
        output  (batch, channels)

    With `dim_ordering='th'` the channels of the input are axis 1.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `GlobalAveragePooling3D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import GlobalAveragePooling3D
    >>> GlobalAveragePooling3D()(np.array([1.0, 3, 2, 8]).reshape(1, 1, 2, 2, 1))
    array([[3.5]])
    """

    def __init__(
        self,
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None: ...

class GlobalMaxPooling1D(Keras1Layer, layers.GlobalMaxPooling1D):
    """Take the largest number of each sequence, for each channel apart.

        input   (batch, steps, channels)
        output  (batch, channels)

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `GlobalMaxPooling1D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import GlobalMaxPooling1D
    >>> GlobalMaxPooling1D()(np.array([1.0, 3]).reshape(1, 2, 1))
    array([[3.]])
    """

    def __init__(
        self,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class GlobalMaxPooling2D(Keras1Layer, layers.GlobalMaxPooling2D):
    """Take the largest number of each image, for each channel apart.

        input   (batch, rows, cols, channels)
        output  (batch, channels)

    With `dim_ordering='th'` the channels of the input are axis 1.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `GlobalMaxPooling2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import GlobalMaxPooling2D
    >>> GlobalMaxPooling2D()(np.array([1.0, 3, 2, 8]).reshape(1, 2, 2, 1))
    array([[8.]])
    """

    def __init__(
        self,
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None: ...

class GlobalMaxPooling3D(Keras1Layer, layers.GlobalMaxPooling3D):
    """Take the largest number of each volume, for each channel apart.

        input   (batch, planes, rows, cols, channels)
        output  (batch, channels)

    With `dim_ordering='th'` the channels of the input are axis 1.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `GlobalMaxPooling3D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import GlobalMaxPooling3D
    >>> GlobalMaxPooling3D()(np.array([1.0, 3, 2, 8]).reshape(1, 1, 2, 2, 1))
    array([[8.]])
    """

    def __init__(
        self,
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None: ...

class MaxPooling1D(Keras1Layer, layers.MaxPooling1D):
    """Take the largest number of each window of sequences, for each channel apart.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    An axis of n cells gets floor((n - pool_size) / stride) + 1 windows, with 'same' ceil(n /
    stride).

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for fewer cells than a window has;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `MaxPooling1D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import MaxPooling1D
    >>> MaxPooling1D(2)(np.array([1.0, 3, 2, 8]).reshape(1, 4, 1)).ravel()
    array([3., 8.])
    """

    def __init__(
        self,
        pool_length: int = 2,
        stride: int | None = None,
        border_mode: PoolPadding = "valid",
        **options: Unpack[LayerOptions],
    ) -> None: ...

class MaxPooling2D(Keras1Layer, layers.MaxPooling2D):
    """Take the largest number of each window of images, for each channel apart.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    With `dim_ordering='th'` the channels of input and output are axis 1. An axis of n
    cells gets floor((n - pool_size) / stride) + 1 windows, with 'same' ceil(n / stride).

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for fewer cells than a window has;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `MaxPooling2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import MaxPooling2D
    >>> MaxPooling2D(2)(np.array([1.0, 3, 2, 8]).reshape(1, 2, 2, 1)).ravel()
    array([8.])
    """

    def __init__(
        self,
        pool_size: Sequence[int] = (2, 2),
        strides: Sequence[int] | None = None,
        border_mode: PoolPadding = "valid",
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None: ...

class MaxPooling3D(Keras1Layer, layers.MaxPooling3D):
    """Take the largest number of each window of volumes, for each channel apart.

        input   (batch, planes, rows, cols, channels)
        output  (batch, new planes, new rows, new cols, channels)

    With `dim_ordering='th'` the channels of input and output are axis 1. An axis of n
    cells gets floor((n - pool_size) / stride) + 1 windows, with 'same' ceil(n / stride).

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for fewer cells than a window has;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `MaxPooling3D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import MaxPooling3D
    >>> MaxPooling3D((1, 2, 2))(np.array([1.0, 3, 2, 8]).reshape(1, 1, 2, 2, 1)).ravel()
    array([8.])
    """

    def __init__(
        self,
        pool_size: Sequence[int] = (2, 2, 2),
        strides: Sequence[int] | None = None,
        border_mode: PoolPadding = "valid",
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None: ...
