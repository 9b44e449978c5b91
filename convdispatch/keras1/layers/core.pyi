"""The core layers of Keras 1.2.2, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack

from convdispatch import layers
from convdispatch.engine.constructor_signature import LayerOptions, OptionsBesideWeights
from convdispatch.facades.own_functions import ScriptFunction
from convdispatch.keras1.layers import Merge as Merge
from convdispatch.keras1.layers._exceptions import RowOfAll, Rows
from convdispatch.keras1.layers._layer import Keras1Layer
from convdispatch.keras1.layers._own import Layer as Layer
from convdispatch.types import (
    ActivationLike,
    ConstraintLike,
    DimOrdering,
    InitializerLike,
    RegularizerLike,
)

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

class Activation(Keras1Layer, layers.Activation):
    """Apply an activation to every number, or to every row of them as softmax does.

        input   any shape
        output  the same

    Raises `InvalidArgument` or `InvalidType` for an activation that is unknown or that changes the
    shape. A call raises `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `Activation`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Activation
    >>> Activation("relu")(np.array([[-1.0, 2.0]]))
    array([[0., 2.]])
    """

    def __init__(
        self,
        activation: ActivationLike,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class ActivityRegularization(Keras1Layer, layers.ActivityRegularization):
    """`convdispatch.layers.ActivityRegularization` in the words of Keras 1.2.2.

    Add l1 * sum |x| + l2 * sum x^2 to the losses; return the input.

        input   any shape
        output  the same

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `ActivityRegularization`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import ActivityRegularization
    >>> layer = ActivityRegularization(l1=0.5, l2=1)
    >>> layer(np.array([[1.0, -2.0]])), [float(loss) for loss in layer.losses]
    (array([[ 1., -2.]]), [6.5])
    """

class Dense(Keras1Layer, Rows, layers.Dense):
    """Multiply the last axis by a matrix: activation(x @ kernel + bias).

        input   (batch, ..., channels)
        output  (batch, ..., output_dim)
        kernel  (channels, output_dim)
        bias    (output_dim,)

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an input without an axis beside the batch and for channels that
    the layer was not built for; `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `Dense`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Dense
    >>> layer = Dense(2, weights=[np.array([[1.0, 10.0], [2.0, 20.0]]), np.array([0.5, 0.0])])
    >>> layer(np.array([[1.0, 1.0]]))
    array([[ 3.5, 30. ]])
    """

    def __init__(
        self,
        output_dim: int,
        init: InitializerLike = "glorot_uniform",
        activation: ActivationLike = None,
        weights: Sequence[Any] | None = None,
        W_regularizer: RegularizerLike = None,
        b_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        W_constraint: ConstraintLike = None,
        b_constraint: ConstraintLike = None,
        bias: bool = True,
        input_dim: int | None = None,
        **options: Unpack[OptionsBesideWeights],
    ) -> None: ...

class Dropout(Keras1Layer, layers.Dropout):
    """Leave out numbers with probability `p` in training; divide the others by 1 - `p`.

        input   any shape
        output  the same

    A call outside of training returns its input. Which numbers are left out is decided by the key
    of the step and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type.

    Source: Keras 1.2.2 `Dropout`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Dropout
    >>> Dropout(0.5)(np.array([[1.0, 2.0]]))
    array([[1., 2.]])
    """

    def __init__(
        self,
        p: float,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class Flatten(Keras1Layer, RowOfAll, layers.Flatten):
    """Put all numbers of a sample in one row.

        input   (batch, ...)
        output  (batch, numbers)

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an input that has only a batch axis or an axis without cells;
    `InvalidType` for a tensor of another framework. Integers stay integers.

    Source: Keras 1.2.2 `Flatten`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Flatten
    >>> Flatten()(np.arange(4.0).reshape(1, 2, 2))
    array([[0., 1., 2., 3.]])
    """

    def __init__(
        self,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class Lambda(Keras1Layer, ScriptFunction, layers.Lambda):
    """Apply a function of your own to a tensor, or to a list of them.

        input   any shape, or a list of tensors
        output  what the function returns, with the same batch axis

    The function takes and returns tensors of the layer's backend. It is called once with ones to
    find the shape of its output. Floats are returned in the element type of the input.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type; a
    function is never read from a document. A call raises `InvalidShape` where the function does
    not keep the batch axis or returns another shape than `output_shape`.

    Source: Keras 1.2.2 `Lambda`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Lambda
    >>> Lambda(lambda x: x**2 + 1)(np.array([[1.0, 2.0]]))
    array([[2., 5.]])
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Sequence[int | None] | Callable[..., Any] | None = None,
        arguments: Mapping[str, Any] | None = None,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class Masking(Keras1Layer, layers.Masking):
    """`convdispatch.layers.Masking` in the words of Keras 1.2.2.

    Leave out the steps of a sequence all of whose numbers are `mask_value`.

        input   (batch, ..., steps, features)
        output  the same, with zeros at these steps

    The output has a mask, (batch, ..., steps). Layers that support masking pass it on or compute
    without the steps that it leaves out, and so do losses.

    Raises `InvalidArgument` or `InvalidType` for a `mask_value` that is no finite number. A call
    raises `InvalidShape` for an input with fewer than two axes.

    Source: Keras 2.2.4 `Masking`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Masking
    >>> layer = Masking(mask_value=9)
    >>> x = np.array([[[1.0, 9.0], [9.0, 9.0]]])
    >>> layer(x).tolist(), layer.compute_mask(x).tolist()
    ([[[1.0, 9.0], [0.0, 0.0]]], [[True, False]])
    """

class Permute(Keras1Layer, layers.Permute):
    """Put the axes of each sample in another order.

        input   (batch, ...)
        output  (batch, ...), whose axis i is the input's axis dims[i - 1]

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for a tensor of another framework.
    Integers stay integers.

    Source: Keras 1.2.2 `Permute`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Permute
    >>> Permute((2, 1))(np.arange(4.0).reshape(1, 2, 2))
    array([[[0., 2.],
            [1., 3.]]])
    """

    def __init__(
        self,
        dims: Sequence[int],
        **options: Unpack[LayerOptions],
    ) -> None: ...

class RepeatVector(Keras1Layer, layers.RepeatVector):
    """Repeat the row of each sample.

        input   (batch, features)
        output  (batch, n, features)

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `RepeatVector`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import RepeatVector
    >>> RepeatVector(2)(np.array([[1.0, 2.0]]))
    array([[[1., 2.],
            [1., 2.]]])
    """

    def __init__(
        self,
        n: int,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class Reshape(Keras1Layer, layers.Reshape):
    """Give the numbers of each sample another shape; they keep their order.

        input   (batch, ...)
        output  (batch, *target_shape)

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an input with another number of numbers; `InvalidType` for a
    tensor of another framework. Integers stay integers.

    Source: Keras 1.2.2 `Reshape`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Reshape
    >>> Reshape((-1, 2))(np.arange(4.0).reshape(1, 4))
    array([[[0., 1.],
            [2., 3.]]])
    """

    def __init__(
        self,
        target_shape: Sequence[int],
        **options: Unpack[LayerOptions],
    ) -> None: ...

class SpatialDropout1D(Keras1Layer, layers.SpatialDropout1D):
    """Leave out whole channels of sequences in training; divide the others by 1 - `p`.

        input   (batch, steps, channels)
        output  the same

    A call outside of training returns its input. Which channels of which samples are left out is
    decided by the key of the step and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank.

    Source: Keras 1.2.2 `SpatialDropout1D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import SpatialDropout1D
    >>> SpatialDropout1D(0.5)(np.ones((1, 1, 2))).ravel()
    array([1., 1.])
    """

    def __init__(
        self,
        p: float,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class SpatialDropout2D(Keras1Layer, layers.SpatialDropout2D):
    """Leave out whole channels of images in training; divide the others by 1 - `p`.

        input   (batch, rows, cols, channels)
        output  the same

    With `dim_ordering='th'` the channels of input and output are axis 1.

    A call outside of training returns its input. Which channels of which samples are left out is
    decided by the key of the step and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank.

    Source: Keras 1.2.2 `SpatialDropout2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import SpatialDropout2D
    >>> SpatialDropout2D(0.5)(np.ones((1, 1, 1, 2))).ravel()
    array([1., 1.])
    """

    def __init__(
        self,
        p: float,
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None: ...

class SpatialDropout3D(Keras1Layer, layers.SpatialDropout3D):
    """Leave out whole channels of volumes in training; divide the others by 1 - `p`.

        input   (batch, planes, rows, cols, channels)
        output  the same

    With `dim_ordering='th'` the channels of input and output are axis 1.

    A call outside of training returns its input. Which channels of which samples are left out is
    decided by the key of the step and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank.

    Source: Keras 1.2.2 `SpatialDropout3D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import SpatialDropout3D
    >>> SpatialDropout3D(0.5)(np.ones((1, 1, 1, 1, 2))).ravel()
    array([1., 1.])
    """

    def __init__(
        self,
        p: float,
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None: ...
