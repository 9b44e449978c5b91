"""The merging layers of Keras 2.2.4 and their functional forms: the rows of its table.

Written by tools/write_stubs.py.
"""

from collections.abc import Sequence
from typing import Any, Unpack

from convdispatch import layers
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.keras2.layers._layer import Keras2Layer
from convdispatch.symbolic.own_merging import MergedBy

__all__ = [
    "Add",
    "Average",
    "Concatenate",
    "Dot",
    "Maximum",
    "Minimum",
    "Multiply",
    "Subtract",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]

class Add(Keras2Layer, MergedBy, layers.Add):
    """`convdispatch.layers.Add` in the words of Keras 2.2.4.

    Add tensors, cell by cell.

        input   a list of at least two tensors of any shapes that fit
        output  the common shape

    Shapes fit where each axis has the same size or 1, which is repeated. Inputs with fewer axes get
    axes of size 1 after the batch axis.

    Raises `InvalidArgument` for fewer than two inputs, `InvalidShape` where shapes do not fit,
    `InvalidType` where the inputs are no list, for different element types, for integers and for
    a tensor of another framework.

    Source: Keras 2.2.4 `Add`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Add
    >>> Add()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[11., 22.]])
    """

class Average(Keras2Layer, MergedBy, layers.Average):
    """`convdispatch.layers.Average` in the words of Keras 2.2.4.

    Average tensors, cell by cell.

        input   a list of at least two tensors of any shapes that fit
        output  the common shape

    Shapes fit as in `Add`.

    Raises `InvalidArgument` for fewer than two inputs, `InvalidShape` where shapes do not fit,
    `InvalidType` where the inputs are no list, for different element types, for integers and for
    a tensor of another framework.

    Source: Keras 2.2.4 `Average`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Average
    >>> Average()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[ 5.5, 11. ]])
    """

class Concatenate(Keras2Layer, layers.Concatenate):
    """`convdispatch.layers.Concatenate` in the words of Keras 2.2.4.

    Put tensors one after the other along an axis.

        input   a list of at least two tensors whose other axes have the same sizes
        output  the same with the sum of their sizes on `axis`

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidArgument` for fewer than two inputs, `InvalidShape` where shapes do not fit
    or lack the axis, `InvalidType` where the inputs are no list, for different element types, for
    integers and for a tensor of another framework.

    Source: Keras 2.2.4 `Concatenate`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Concatenate
    >>> Concatenate()([np.array([[1.0, 2.0]]), np.array([[3.0]])])
    array([[1., 2., 3.]])
    """

class Dot(Keras2Layer, layers.Dot):
    """`convdispatch.layers.Dot` in the words of Keras 2.2.4.

    Multiply the samples of two tensors, summed along an axis of each.

        input   a list of two tensors with the same size on the axes that are summed
        output  (batch, other axes of the first, other axes of the second); (batch, 1) for none

    With `normalize=True` each is divided by its length along that axis first, so that the output
    is the cosine of an angle. The square of a length counts as at least 1e-12, or `epsilon()` under
    the convention 'theano'.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidArgument` unless there are two inputs, `InvalidShape` where shapes do not
    fit or lack an axis, `InvalidType` where the inputs are no list, for different element types,
    for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `Dot`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Dot
    >>> Dot(axes=1)([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[50.]])
    """

class Maximum(Keras2Layer, MergedBy, layers.Maximum):
    """`convdispatch.layers.Maximum` in the words of Keras 2.2.4.

    Take the largest of several tensors, cell by cell; NaN where one is NaN.

        input   a list of at least two tensors of any shapes that fit
        output  the common shape

    Shapes fit as in `Add`. The gradient goes to the first input that has the largest number.

    Raises `InvalidArgument` for fewer than two inputs, `InvalidShape` where shapes do not fit,
    `InvalidType` where the inputs are no list, for different element types, for integers and for
    a tensor of another framework.

    Source: Keras 2.2.4 `Maximum`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Maximum
    >>> Maximum()([np.array([[1.0, 20.0]]), np.array([[10.0, 2.0]])])
    array([[10., 20.]])
    """

class Minimum(Keras2Layer, MergedBy, layers.Minimum):
    """`convdispatch.layers.Minimum` in the words of Keras 2.2.4.

    Take the smallest of several tensors, cell by cell; NaN where one is NaN.

        input   a list of at least two tensors of any shapes that fit
        output  the common shape

    Shapes fit as in `Add`. The gradient goes to the first input that has the smallest number.

    Raises `InvalidArgument` for fewer than two inputs, `InvalidShape` where shapes do not fit,
    `InvalidType` where the inputs are no list, for different element types, for integers and for
    a tensor of another framework.

    Source: Keras 2.2.4 `Minimum`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Minimum
    >>> Minimum()([np.array([[1.0, 20.0]]), np.array([[10.0, 2.0]])])
    array([[1., 2.]])
    """

class Multiply(Keras2Layer, MergedBy, layers.Multiply):
    """`convdispatch.layers.Multiply` in the words of Keras 2.2.4.

    Multiply tensors, cell by cell.

        input   a list of at least two tensors of any shapes that fit
        output  the common shape

    Shapes fit as in `Add`.

    Raises `InvalidArgument` for fewer than two inputs, `InvalidShape` where shapes do not fit,
    `InvalidType` where the inputs are no list, for different element types, for integers and for
    a tensor of another framework.

    Source: Keras 2.2.4 `Multiply`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Multiply
    >>> Multiply()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[10., 40.]])
    """

class Subtract(Keras2Layer, MergedBy, layers.Subtract):
    """`convdispatch.layers.Subtract` in the words of Keras 2.2.4.

    Subtract the second of two tensors from the first, cell by cell.

        input   a list of two tensors of any shapes that fit
        output  the common shape

    Shapes fit as in `Add`.

    Raises `InvalidArgument` unless there are two inputs, `InvalidShape` where shapes do not fit,
    `InvalidType` where the inputs are no list, for different element types, for integers and for
    a tensor of another framework.

    Source: Keras 2.2.4 `Subtract`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Subtract
    >>> Subtract()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[ -9., -18.]])
    """

def add(
    inputs: Sequence[Any],
    **options: Unpack[LayerOptions],
) -> Any:
    """Return `Add` of the same arguments, called with `inputs`."""

def average(
    inputs: Sequence[Any],
    **options: Unpack[LayerOptions],
) -> Any:
    """Return `Average` of the same arguments, called with `inputs`."""

def concatenate(
    inputs: Sequence[Any],
    axis: int = -1,
    **options: Unpack[LayerOptions],
) -> Any:
    """Return `Concatenate` of the same arguments, called with `inputs`."""

def dot(
    inputs: Sequence[Any],
    axes: int | Sequence[int],
    normalize: bool = False,
    **options: Unpack[LayerOptions],
) -> Any:
    """Return `Dot` of the same arguments, called with `inputs`."""

def maximum(
    inputs: Sequence[Any],
    **options: Unpack[LayerOptions],
) -> Any:
    """Return `Maximum` of the same arguments, called with `inputs`."""

def minimum(
    inputs: Sequence[Any],
    **options: Unpack[LayerOptions],
) -> Any:
    """Return `Minimum` of the same arguments, called with `inputs`."""

def multiply(
    inputs: Sequence[Any],
    **options: Unpack[LayerOptions],
) -> Any:
    """Return `Multiply` of the same arguments, called with `inputs`."""

def subtract(
    inputs: Sequence[Any],
    **options: Unpack[LayerOptions],
) -> Any:
    """Return `Subtract` of the same arguments, called with `inputs`."""
