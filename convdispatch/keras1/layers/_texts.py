"""What `help` says about Keras 1's layers where it differs from `convdispatch.layers`.

Paragraphs on errors and sources are added to each; one that begins with "Raises" takes the place of
the added one.
"""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, str] = {
    "AtrousConvolution1D": """
    Convolve sequences with a dilated kernel.

        input   (batch, steps, channels)
        output  (batch, new steps, nb_filter)
        kernel  (filter_length, 1, channels, nb_filter)
        bias    (nb_filter,)

    'valid', 'same' and 'full' give the sizes of `convdispatch.layers.Conv1D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import AtrousConvolution1D
    >>> layer = AtrousConvolution1D(1, 2, atrous_rate=2, bias=False,
    ...                             weights=[np.array([1.0, 10]).reshape(2, 1, 1, 1)])
    >>> layer(np.array([1.0, 2, 3, 4]).reshape(1, 4, 1)).ravel()
    array([31., 42.])
    """,
    "Convolution1D": """
    Convolve sequences: a kernel slides over the steps.

        input   (batch, steps, channels)
        output  (batch, new steps, nb_filter)
        kernel  (filter_length, 1, channels, nb_filter)
        bias    (nb_filter,)

    'valid', 'same' and 'full' give the sizes of `convdispatch.layers.Conv1D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Convolution1D
    >>> layer = Convolution1D(1, 2, bias=False, weights=[np.array([1.0, 10]).reshape(2, 1, 1, 1)])
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 3, 1)).ravel()
    array([21., 32.])
    """,
    "AtrousConvolution2D": """
    Convolve images with a dilated kernel.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, nb_filter)
        kernel  (nb_row, nb_col, channels, nb_filter)
        bias    (nb_filter,)

    Under `dim_ordering='th'` input and output have their channels on axis 1, and kernels are
    (nb_filter, channels, nb_row, nb_col). 'valid', 'same' and 'full' give the sizes of
    `convdispatch.layers.Conv2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import AtrousConvolution2D
    >>> layer = AtrousConvolution2D(1, 1, 2, atrous_rate=(1, 2), dim_ordering="th", bias=False,
    ...                             weights=[np.array([1.0, 10]).reshape(1, 1, 1, 2)])
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 1, 1, 3)).ravel()
    array([31.])
    """,
    "Convolution2D": """
    Convolve images: a kernel slides over rows and columns.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, nb_filter)
        kernel  (nb_row, nb_col, channels, nb_filter)
        bias    (nb_filter,)

    Under `dim_ordering='th'` input and output have their channels on axis 1, and kernels are
    (nb_filter, channels, nb_row, nb_col). 'valid', 'same' and 'full' give the sizes of
    `convdispatch.layers.Conv2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Convolution2D
    >>> layer = Convolution2D(1, 1, 2, dim_ordering="th", bias=False,
    ...                       weights=[np.array([1.0, 10]).reshape(1, 1, 1, 2)])
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 1, 1, 3)).ravel()
    array([21., 32.])
    """,
    "Convolution3D": """
    Convolve volumes: a kernel slides over three axes.

        input   (batch, dim1, dim2, dim3, channels)
        output  (batch, new dim1, new dim2, new dim3, nb_filter)
        kernel  (kernel_dim1, kernel_dim2, kernel_dim3, channels, nb_filter)
        bias    (nb_filter,)

    Under `dim_ordering='th'` input and output have their channels on axis 1, and kernels are
    (nb_filter, channels, kernel_dim1, kernel_dim2, kernel_dim3). 'valid', 'same' and 'full' give
    the sizes of `convdispatch.layers.Conv3D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Convolution3D
    >>> layer = Convolution3D(1, 1, 1, 2, dim_ordering="tf", bias=False,
    ...                       weights=[np.array([1.0, 10]).reshape(1, 1, 2, 1, 1)])
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 1, 1, 3, 1)).ravel()
    array([21., 32.])
    """,
    "Deconvolution2D": """
    Transposed convolution of images: each cell writes a kernel.

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

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Deconvolution2D
    >>> layer = Deconvolution2D(1, 1, 2, (None, 1, 4, 1), subsample=(1, 2), dim_ordering="tf",
    ...                         bias=False, weights=[np.array([1.0, 10]).reshape(1, 2, 1, 1)])
    >>> layer(np.array([1.0, 2]).reshape(1, 1, 2, 1)).ravel()
    array([ 1., 10.,  2., 20.])
    """,
    "SeparableConvolution2D": """
    Convolve each channel of an image, then mix the channels; on every backend.

        input             (batch, rows, cols, channels)
        output            (batch, new rows, new cols, nb_filter)
        depthwise kernel  (nb_row, nb_col, channels, depth_multiplier)
        pointwise kernel  (1, 1, channels * depth_multiplier, nb_filter)
        bias              (nb_filter,)

    Under `dim_ordering='th'` input and output have their channels on axis 1, and kernels are
    (depth_multiplier, channels, nb_row, nb_col) and (nb_filter, channels * depth_multiplier, 1,
    1).

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import SeparableConvolution2D
    >>> layer = SeparableConvolution2D(1, 2, 2, dim_ordering="tf", bias=False,
    ...                                weights=[np.ones((2, 2, 1, 1)), np.full((1, 1, 1, 1), 10.0)])
    >>> layer(np.ones((1, 2, 3, 1))).ravel()
    array([40., 40.])
    """,
    "Cropping1D": """
    Leave out the first and the last steps of a sequence.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    `cropping` is (first, last), in steps.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Cropping1D
    >>> Cropping1D((1, 0))(np.array([1.0, 2, 3]).reshape(1, 3, 1)).ravel()
    array([2., 3.])
    """,
    "Cropping2D": """
    Leave out the outer rows and columns of an image.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    Under `dim_ordering='th'` input and output have their channels on axis 1. `cropping` is ((top,
    bottom), (left, right)), in cells.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Cropping2D
    >>> Cropping2D(((1, 0), (0, 1)), dim_ordering="th")(np.arange(4.0).reshape(1, 1, 2, 2)).ravel()
    array([2.])
    """,
    "Cropping3D": """
    Leave out the outer cells of a volume.

        input   (batch, dim1, dim2, dim3, channels)
        output  (batch, new dim1, new dim2, new dim3, channels)

    Under `dim_ordering='th'` input and output have their channels on axis 1. `cropping` is a
    (first, last) pair an axis, in cells.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Cropping3D
    >>> layer = Cropping3D(((0, 0), (0, 0), (1, 1)), dim_ordering="th")
    >>> layer(np.arange(3.0).reshape(1, 1, 1, 1, 3)).ravel()
    array([1.])
    """,
    "ZeroPadding1D": """
    Put zeros before and after the steps of a sequence.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    `padding` is one integer for both sides, (left, right), or {'left_pad': .., 'right_pad': ..},
    in steps.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import ZeroPadding1D
    >>> ZeroPadding1D((1, 2))(np.array([1.0, 2]).reshape(1, 2, 1)).ravel()
    array([0., 1., 2., 0., 0.])
    """,
    "ZeroPadding2D": """
    Put zeros around the rows and columns of an image.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    Under `dim_ordering='th'` input and output have their channels on axis 1. `padding` is (rows,
    cols) for both sides, (top, bottom, left, right), or a dictionary of 'top_pad', 'bottom_pad',
    'left_pad' and 'right_pad', where a missing side is 0; in cells.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import ZeroPadding2D
    >>> ZeroPadding2D((1, 0, 0, 2), dim_ordering="th")(np.full((1, 1, 1, 1), 5.0))[0, 0]
    array([[0., 0., 0.],
           [5., 0., 0.]])
    """,
    "ZeroPadding3D": """
    Put zeros around the cells of a volume; on every backend.

        input   (batch, dim1, dim2, dim3, channels)
        output  (batch, new dim1, new dim2, new dim3, channels)

    Under `dim_ordering='th'` input and output have their channels on axis 1. `padding` is one
    integer an axis, for both of its sides, in cells.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import ZeroPadding3D
    >>> ZeroPadding3D((0, 0, 1), dim_ordering="th")(np.full((1, 1, 1, 1, 1), 5.0)).ravel()
    array([0., 5., 0.])
    """,
    "UpSampling2D": """
    Repeat each row and each column of an image.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    Under `dim_ordering='th'` input and output have their channels on axis 1. Each row comes
    size[0] times, each column size[1] times.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import UpSampling2D
    >>> UpSampling2D((1, 2), dim_ordering="th")(np.array([1.0, 2]).reshape(1, 1, 1, 2)).ravel()
    array([1., 1., 2., 2.])
    """,
    "BatchNormalization": """
    Normalize: gamma * (x - mean) / sqrt(variance + epsilon) + beta.

        input   (batch, ..., channels), or with the channels on another `axis`
        output  the same
        gamma, beta, running mean, running std  (channels,), in this order

    mode 0: mean and variance of the batch in training, and the running ones otherwise. What Keras
        calls the running std is a variance.
    mode 1: mean and variance of each sample along the last axis; epsilon is added to the standard
        deviation, too.
    mode 2: mean and variance of the batch, always.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import BatchNormalization
    >>> BatchNormalization(mode=2, epsilon=0)(np.array([[1.0], [3.0]])).ravel()
    array([-1.,  1.])
    """,
}
