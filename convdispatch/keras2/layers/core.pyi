"""The core layers of Keras 2.2.4, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from typing import Unpack

from convdispatch import layers
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.facades.input_length import InputByWidth
from convdispatch.facades.own_functions import ScriptFunction
from convdispatch.facades.phased import Phased
from convdispatch.keras2.layers._layer import Keras2Layer
from convdispatch.keras2.layers._own import Layer as Layer
from convdispatch.types import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike

__all__ = [
    "Activation",
    "ActivityRegularization",
    "Dense",
    "Dropout",
    "Flatten",
    "Lambda",
    "Masking",
    "Permute",
    "RepeatVector",
    "Reshape",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
]

class Activation(Keras2Layer, layers.Activation):
    """`convdispatch.layers.Activation` in the words of Keras 2.2.4.

    Apply an activation to every number, or to every row of them as softmax does.

        input   any shape
        output  the same

    Raises `InvalidArgument` or `InvalidType` for an activation that is unknown or that changes the
    shape. A call raises `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `Activation`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Activation
    >>> Activation("relu")(np.array([[-1.0, 2.0]]))
    array([[0., 2.]])
    """

class ActivityRegularization(Keras2Layer, layers.ActivityRegularization):
    """`convdispatch.layers.ActivityRegularization` in the words of Keras 2.2.4.

    Add l1 * sum |x| + l2 * sum x^2 to the losses; return the input.

        input   any shape
        output  the same

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `ActivityRegularization`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import ActivityRegularization
    >>> layer = ActivityRegularization(l1=0.5, l2=1)
    >>> layer(np.array([[1.0, -2.0]])), [float(loss) for loss in layer.losses]
    (array([[ 1., -2.]]), [6.5])
    """

class Dense(Keras2Layer, InputByWidth, layers.Dense):
    """`convdispatch.layers.Dense` in the words of Keras 2.2.4.

    `input_dim` states the input's channels, as in Keras 1.

    Multiply the last axis by a matrix: activation(x @ kernel + bias).

        input   (batch, ..., channels)
        output  (batch, ..., units)
        kernel  (channels, units)
        bias    (units,)

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an input without an axis beside the batch and for channels that
    the layer was not built for; `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `Dense`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Dense
    >>> layer = Dense(2, weights=[np.array([[1.0, 10.0], [2.0, 20.0]]), np.array([0.5, 0.0])])
    >>> layer(np.array([[1.0, 1.0]]))
    array([[ 3.5, 30. ]])
    """

    def __init__(
        self,
        units: int,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        *,
        input_dim: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class Dropout(Keras2Layer, Phased, layers.Dropout):
    """`convdispatch.layers.Dropout` in the words of Keras 2.2.4.

    Leave out numbers with probability `rate` in training; divide the others by 1 - `rate`.

        input   any shape
        output  the same

    A call outside of training returns its input. Which numbers are left out is decided by the key
    of the step and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an input that `noise_shape` does not fit.

    Source: Keras 2.2.4 `Dropout` (Srivastava et al., JMLR 15, 2014). Keras 1 and 2 leave nothing
    out where `rate` is 1, Keras 3 everything.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Dropout
    >>> Dropout(0.5)(np.array([[1.0, 2.0]]))
    array([[1., 2.]])
    """

class Flatten(Keras2Layer, layers.Flatten):
    """`convdispatch.layers.Flatten` in the words of Keras 2.2.4.

    Put all numbers of a sample in one row.

        input   (batch, ...)
        output  (batch, numbers)

    With `data_format='channels_first'` the channels, on axis 1, come last within the row, so that
    the row is the same for both data formats.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an input that has only a batch axis or an axis without cells;
    `InvalidType` for a tensor of another framework. Integers stay integers.

    Source: Keras 2.2.4 `Flatten`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Flatten
    >>> Flatten()(np.arange(4.0).reshape(1, 2, 2))
    array([[0., 1., 2., 3.]])
    """

class Lambda(Keras2Layer, ScriptFunction, layers.Lambda):
    """`convdispatch.layers.Lambda` in the words of Keras 2.2.4.

    Apply a function of your own to a tensor, or to a list of them.

        input   any shape, or a list of tensors
        output  what the function returns, with the same batch axis

    The function takes and returns tensors of the layer's backend. It is called once with ones to
    find the shape of its output. A function with an argument `mask` gets the mask of the input, or
    None. Floats are returned in the element type of the input.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type; a
    function is never read from a document. A call raises `InvalidShape` where the function does
    not keep the batch axis or returns another shape than `output_shape`.

    Source: Keras 2.2.4 `Lambda`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Lambda
    >>> Lambda(lambda x: x**2 + 1)(np.array([[1.0, 2.0]]))
    array([[2., 5.]])
    """

class Masking(Keras2Layer, layers.Masking):
    """`convdispatch.layers.Masking` in the words of Keras 2.2.4.

    Leave out the steps of a sequence all of whose numbers are `mask_value`.

        input   (batch, ..., steps, features)
        output  the same, with zeros at these steps

    The output has a mask, (batch, ..., steps). Layers that support masking pass it on or compute
    without the steps that it leaves out, and so do losses.

    Raises `InvalidArgument` or `InvalidType` for a `mask_value` that is no finite number. A call
    raises `InvalidShape` for an input with fewer than two axes.

    Source: Keras 2.2.4 `Masking`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Masking
    >>> layer = Masking(mask_value=9)
    >>> x = np.array([[[1.0, 9.0], [9.0, 9.0]]])
    >>> layer(x).tolist(), layer.compute_mask(x).tolist()
    ([[[1.0, 9.0], [0.0, 0.0]]], [[True, False]])
    """

class Permute(Keras2Layer, layers.Permute):
    """`convdispatch.layers.Permute` in the words of Keras 2.2.4.

    Put the axes of each sample in another order.

        input   (batch, ...)
        output  (batch, ...), whose axis i is the input's axis dims[i - 1]

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for a tensor of another framework.
    Integers stay integers.

    Source: Keras 2.2.4 `Permute`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Permute
    >>> Permute((2, 1))(np.arange(4.0).reshape(1, 2, 2))
    array([[[0., 2.],
            [1., 3.]]])
    """

class RepeatVector(Keras2Layer, layers.RepeatVector):
    """`convdispatch.layers.RepeatVector` in the words of Keras 2.2.4.

    Repeat the row of each sample.

        input   (batch, features)
        output  (batch, n, features)

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `RepeatVector`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import RepeatVector
    >>> RepeatVector(2)(np.array([[1.0, 2.0]]))
    array([[[1., 2.],
            [1., 2.]]])
    """

class Reshape(Keras2Layer, layers.Reshape):
    """`convdispatch.layers.Reshape` in the words of Keras 2.2.4.

    Give the numbers of each sample another shape; they keep their order.

        input   (batch, ...)
        output  (batch, *target_shape)

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an input with another number of numbers; `InvalidType` for a
    tensor of another framework. Integers stay integers.

    Source: Keras 2.2.4 `Reshape`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Reshape
    >>> Reshape((-1, 2))(np.arange(4.0).reshape(1, 4))
    array([[[0., 1.],
            [2., 3.]]])
    """

class SpatialDropout1D(Keras2Layer, Phased, layers.SpatialDropout1D):
    """`convdispatch.layers.SpatialDropout1D` in the words of Keras 2.2.4.

    Leave out whole channels of sequences in training; divide the others by 1 - `rate`.

        input   (batch, steps, channels)
        output  the same

    A call outside of training returns its input. Which channels of which samples are left out is
    decided by the key of the step and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank.

    Source: Keras 2.2.4 `SpatialDropout1D` (Tompson et al., arXiv:1411.4280).

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import SpatialDropout1D
    >>> SpatialDropout1D(0.5)(np.ones((1, 1, 2))).ravel()
    array([1., 1.])
    """

class SpatialDropout2D(Keras2Layer, Phased, layers.SpatialDropout2D):
    """`convdispatch.layers.SpatialDropout2D` in the words of Keras 2.2.4.

    Leave out whole channels of images in training; divide the others by 1 - `rate`.

        input   (batch, rows, cols, channels)
        output  the same

    With `data_format='channels_first'` the channels of input and output are axis 1.

    A call outside of training returns its input. Which channels of which samples are left out is
    decided by the key of the step and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank.

    Source: Keras 2.2.4 `SpatialDropout2D` (Tompson et al., arXiv:1411.4280).

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import SpatialDropout2D
    >>> SpatialDropout2D(0.5)(np.ones((1, 1, 1, 2))).ravel()
    array([1., 1.])
    """

class SpatialDropout3D(Keras2Layer, Phased, layers.SpatialDropout3D):
    """`convdispatch.layers.SpatialDropout3D` in the words of Keras 2.2.4.

    Leave out whole channels of volumes in training; divide the others by 1 - `rate`.

        input   (batch, planes, rows, cols, channels)
        output  the same

    With `data_format='channels_first'` the channels of input and output are axis 1.

    A call outside of training returns its input. Which channels of which samples are left out is
    decided by the key of the step and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank.

    Source: Keras 2.2.4 `SpatialDropout3D` (Tompson et al., arXiv:1411.4280).

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import SpatialDropout3D
    >>> SpatialDropout3D(0.5)(np.ones((1, 1, 1, 1, 2))).ravel()
    array([1., 1.])
    """
