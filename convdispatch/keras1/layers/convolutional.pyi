"""The convolutional layers of Keras 1.2.2, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from convdispatch import layers
from convdispatch.engine.constructor_signature import LayerOptions, OptionsBesideWeights
from convdispatch.keras1.layers._exceptions import (
    Deconvolution,
    Padding1D,
    Padding2D,
    Padding3D,
    Separable,
    Sequences,
)
from convdispatch.keras1.layers._layer import Keras1Layer
from convdispatch.keras1.layers.pooling import AveragePooling1D as AveragePooling1D
from convdispatch.keras1.layers.pooling import AveragePooling2D as AveragePooling2D
from convdispatch.keras1.layers.pooling import AveragePooling3D as AveragePooling3D
from convdispatch.keras1.layers.pooling import GlobalAveragePooling1D as GlobalAveragePooling1D
from convdispatch.keras1.layers.pooling import GlobalAveragePooling2D as GlobalAveragePooling2D
from convdispatch.keras1.layers.pooling import GlobalAveragePooling3D as GlobalAveragePooling3D
from convdispatch.keras1.layers.pooling import GlobalMaxPooling1D as GlobalMaxPooling1D
from convdispatch.keras1.layers.pooling import GlobalMaxPooling2D as GlobalMaxPooling2D
from convdispatch.keras1.layers.pooling import GlobalMaxPooling3D as GlobalMaxPooling3D
from convdispatch.keras1.layers.pooling import MaxPooling1D as MaxPooling1D
from convdispatch.keras1.layers.pooling import MaxPooling2D as MaxPooling2D
from convdispatch.keras1.layers.pooling import MaxPooling3D as MaxPooling3D
from convdispatch.types import (
    ActivationLike,
    ConstraintLike,
    DimOrdering,
    InitializerLike,
    Padding,
    RegularizerLike,
)

__all__ = [
    "AtrousConv1D",
    "AtrousConv2D",
    "AtrousConvolution1D",
    "AtrousConvolution2D",
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "Convolution1D",
    "Convolution2D",
    "Convolution3D",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Deconv2D",
    "Deconvolution2D",
    "SeparableConv2D",
    "SeparableConvolution2D",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
]

class AtrousConvolution1D(Keras1Layer, Sequences, layers.Conv1D):
    """Convolve sequences with a dilated kernel.

        input   (batch, steps, channels)
        output  (batch, new steps, nb_filter)
        kernel  (filter_length, 1, channels, nb_filter)
        bias    (nb_filter,)

    'valid', 'same' and 'full' give the sizes of `convdispatch.layers.Conv1D`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for, and
    for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `AtrousConvolution1D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import AtrousConvolution1D
    >>> layer = AtrousConvolution1D(1, 2, atrous_rate=2, bias=False,
    ...                             weights=[np.array([1.0, 10]).reshape(2, 1, 1, 1)])
    >>> layer(np.array([1.0, 2, 3, 4]).reshape(1, 4, 1)).ravel()
    array([31., 42.])
    """

    def __init__(
        self,
        nb_filter: int,
        filter_length: int,
        init: InitializerLike = "glorot_uniform",
        activation: ActivationLike = None,
        weights: Sequence[Any] | None = None,
        border_mode: Padding = "valid",
        subsample_length: int = 1,
        atrous_rate: int = 1,
        W_regularizer: RegularizerLike = None,
        b_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        W_constraint: ConstraintLike = None,
        b_constraint: ConstraintLike = None,
        bias: bool = True,
        input_dim: int | None = None,
        input_length: int | None = None,
        **options: Unpack[OptionsBesideWeights],
    ) -> None: ...

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
    call raises `InvalidShape` for another rank, for channels that the layer was not built for, and
    for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `AtrousConvolution2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import AtrousConvolution2D
    >>> layer = AtrousConvolution2D(1, 1, 2, atrous_rate=(1, 2), dim_ordering="th", bias=False,
    ...                             weights=[np.array([1.0, 10]).reshape(1, 1, 1, 2)])
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 1, 1, 3)).ravel()
    array([31.])
    """

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
    ) -> None: ...

class Convolution1D(Keras1Layer, Sequences, layers.Conv1D):
    """Convolve sequences: a kernel slides over the steps.

        input   (batch, steps, channels)
        output  (batch, new steps, nb_filter)
        kernel  (filter_length, 1, channels, nb_filter)
        bias    (nb_filter,)

    'valid', 'same' and 'full' give the sizes of `convdispatch.layers.Conv1D`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for, and
    for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `Convolution1D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Convolution1D
    >>> layer = Convolution1D(1, 2, bias=False, weights=[np.array([1.0, 10]).reshape(2, 1, 1, 1)])
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 3, 1)).ravel()
    array([21., 32.])
    """

    def __init__(
        self,
        nb_filter: int,
        filter_length: int,
        init: InitializerLike = "glorot_uniform",
        activation: ActivationLike = None,
        weights: Sequence[Any] | None = None,
        border_mode: Padding = "valid",
        subsample_length: int = 1,
        W_regularizer: RegularizerLike = None,
        b_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        W_constraint: ConstraintLike = None,
        b_constraint: ConstraintLike = None,
        bias: bool = True,
        input_dim: int | None = None,
        input_length: int | None = None,
        **options: Unpack[OptionsBesideWeights],
    ) -> None: ...

class Convolution2D(Keras1Layer, layers.Conv2D):
    """Convolve images: a kernel slides over rows and columns.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, nb_filter)
        kernel  (nb_row, nb_col, channels, nb_filter)
        bias    (nb_filter,)

    Under `dim_ordering='th'` input and output have their channels on axis 1, and kernels are
    (nb_filter, channels, nb_row, nb_col). 'valid', 'same' and 'full' give the sizes of
    `convdispatch.layers.Conv2D`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for, and
    for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `Convolution2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Convolution2D
    >>> layer = Convolution2D(1, 1, 2, dim_ordering="th", bias=False,
    ...                       weights=[np.array([1.0, 10]).reshape(1, 1, 1, 2)])
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 1, 1, 3)).ravel()
    array([21., 32.])
    """

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
    ) -> None: ...

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
    call raises `InvalidShape` for another rank, for channels that the layer was not built for, and
    for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `Convolution3D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Convolution3D
    >>> layer = Convolution3D(1, 1, 1, 2, dim_ordering="tf", bias=False,
    ...                       weights=[np.array([1.0, 10]).reshape(1, 1, 2, 1, 1)])
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 1, 1, 3, 1)).ravel()
    array([21., 32.])
    """

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
    ) -> None: ...

class Cropping1D(Keras1Layer, layers.Cropping1D):
    """Leave out the first and the last steps of a sequence.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    `cropping` is (first, last), in steps.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for an input of which nothing would be left;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `Cropping1D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Cropping1D
    >>> Cropping1D((1, 0))(np.array([1.0, 2, 3]).reshape(1, 3, 1)).ravel()
    array([2., 3.])
    """

    def __init__(
        self,
        cropping: Sequence[int] = (1, 1),
        **options: Unpack[LayerOptions],
    ) -> None: ...

class Cropping2D(Keras1Layer, layers.Cropping2D):
    """Leave out the outer rows and columns of an image.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    Under `dim_ordering='th'` input and output have their channels on axis 1. `cropping` is ((top,
    bottom), (left, right)), in cells.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for an input of which nothing would be left;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `Cropping2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Cropping2D
    >>> Cropping2D(((1, 0), (0, 1)), dim_ordering="th")(np.arange(4.0).reshape(1, 1, 2, 2)).ravel()
    array([2.])
    """

    def __init__(
        self,
        cropping: Sequence[Sequence[int]] = ((0, 0), (0, 0)),
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None: ...

class Cropping3D(Keras1Layer, layers.Cropping3D):
    """Leave out the outer cells of a volume.

        input   (batch, dim1, dim2, dim3, channels)
        output  (batch, new dim1, new dim2, new dim3, channels)

    Under `dim_ordering='th'` input and output have their channels on axis 1. `cropping` is a
    (first, last) pair an axis, in cells.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for an input of which nothing would be left;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `Cropping3D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Cropping3D
    >>> layer = Cropping3D(((0, 0), (0, 0), (1, 1)), dim_ordering="th")
    >>> layer(np.arange(3.0).reshape(1, 1, 1, 1, 3)).ravel()
    array([1.])
    """

    def __init__(
        self,
        cropping: Sequence[Sequence[int]] = ((1, 1), (1, 1), (1, 1)),
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None: ...

class Deconvolution2D(Keras1Layer, Deconvolution, layers.Conv2DTranspose):
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
    ) -> None: ...

class SeparableConvolution2D(Keras1Layer, Separable, layers.SeparableConv2D):
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
    call raises `InvalidShape` for another rank, for channels that the layer was not built for, and
    for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `SeparableConvolution2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import SeparableConvolution2D
    >>> layer = SeparableConvolution2D(1, 2, 2, dim_ordering="tf", bias=False,
    ...                                weights=[np.ones((2, 2, 1, 1)), np.full((1, 1, 1, 1), 10.0)])
    >>> layer(np.ones((1, 2, 3, 1))).ravel()
    array([40., 40.])
    """

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
    ) -> None: ...

class UpSampling1D(Keras1Layer, layers.UpSampling1D):
    """Repeat each step of a sequence.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    An axis of n steps gets n * `length`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `UpSampling1D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import UpSampling1D
    >>> UpSampling1D(2)(np.array([1.0, 2]).reshape(1, 2, 1)).ravel()
    array([1., 1., 2., 2.])
    """

    def __init__(
        self,
        length: int = 2,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class UpSampling2D(Keras1Layer, layers.UpSampling2D):
    """Repeat each row and each column of an image.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    Under `dim_ordering='th'` input and output have their channels on axis 1. Each row comes
    size[0] times, each column size[1] times.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `UpSampling2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import UpSampling2D
    >>> UpSampling2D((1, 2), dim_ordering="th")(np.array([1.0, 2]).reshape(1, 1, 1, 2)).ravel()
    array([1., 1., 2., 2.])
    """

    def __init__(
        self,
        size: Sequence[int] = (2, 2),
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None: ...

class UpSampling3D(Keras1Layer, layers.UpSampling3D):
    """Repeat each cell of a volume along planes, rows and columns.

        input   (batch, planes, rows, cols, channels)
        output  (batch, new planes, new rows, new cols, channels)

    With `dim_ordering='th'` the channels of input and output are axis 1. An axis of n
    cells gets n * `size`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `UpSampling3D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import UpSampling3D
    >>> UpSampling3D((1, 1, 2))(np.array([1.0, 2]).reshape(1, 1, 1, 2, 1)).ravel()
    array([1., 1., 2., 2.])
    """

    def __init__(
        self,
        size: Sequence[int] = (2, 2, 2),
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None: ...

class ZeroPadding1D(Keras1Layer, Padding1D, layers.ZeroPadding1D):
    """Put zeros before and after the steps of a sequence.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    `padding` is one integer for both sides, (left, right), or {'left_pad': .., 'right_pad': ..},
    in steps.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `ZeroPadding1D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import ZeroPadding1D
    >>> ZeroPadding1D((1, 2))(np.array([1.0, 2]).reshape(1, 2, 1)).ravel()
    array([0., 1., 2., 0., 0.])
    """

    def __init__(
        self,
        padding: int | Sequence[int] | Mapping[str, int] = 1,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class ZeroPadding2D(Keras1Layer, Padding2D, layers.ZeroPadding2D):
    """Put zeros around the rows and columns of an image.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    Under `dim_ordering='th'` input and output have their channels on axis 1. `padding` is (rows,
    cols) for both sides, (top, bottom, left, right), or a dictionary of 'top_pad', 'bottom_pad',
    'left_pad' and 'right_pad', where a missing side is 0; in cells.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `ZeroPadding2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import ZeroPadding2D
    >>> ZeroPadding2D((1, 0, 0, 2), dim_ordering="th")(np.full((1, 1, 1, 1), 5.0))[0, 0]
    array([[0., 0., 0.],
           [5., 0., 0.]])
    """

    def __init__(
        self,
        padding: Sequence[int] | Mapping[str, int] = (1, 1),
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None: ...

class ZeroPadding3D(Keras1Layer, Padding3D, layers.ZeroPadding3D):
    """Put zeros around the cells of a volume; on every backend.

        input   (batch, dim1, dim2, dim3, channels)
        output  (batch, new dim1, new dim2, new dim3, channels)

    Under `dim_ordering='th'` input and output have their channels on axis 1. `padding` is one
    integer an axis, for both of its sides, in cells.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `ZeroPadding3D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import ZeroPadding3D
    >>> ZeroPadding3D((0, 0, 1), dim_ordering="th")(np.full((1, 1, 1, 1, 1), 5.0)).ravel()
    array([0., 5., 0.])
    """

    def __init__(
        self,
        padding: Sequence[int] = (1, 1, 1),
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None: ...

AtrousConv1D = AtrousConvolution1D
AtrousConv2D = AtrousConvolution2D
Conv1D = Convolution1D
Conv2D = Convolution2D
Conv3D = Convolution3D
Deconv2D = Deconvolution2D
SeparableConv2D = SeparableConvolution2D
