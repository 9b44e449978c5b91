"""The functional forms of the merging layers: each makes a layer and calls it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.layers._elementwise import Add, Average, Maximum, Minimum, Multiply, Subtract
from convdispatch.layers._joining import Concatenate, Dot


def add(inputs: Sequence[Any], **options: Unpack[LayerOptions]) -> Any:
    """Return the sum of tensors, cell by cell: `Add`, called.

    >>> import numpy as np
    >>> from convdispatch.layers import add
    >>> add([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[11., 22.]])
    """
    return Add(**options)(inputs)


def subtract(inputs: Sequence[Any], **options: Unpack[LayerOptions]) -> Any:
    """Return the first of two tensors minus the second: `Subtract`, called.

    >>> import numpy as np
    >>> from convdispatch.layers import subtract
    >>> subtract([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[ -9., -18.]])
    """
    return Subtract(**options)(inputs)


def multiply(inputs: Sequence[Any], **options: Unpack[LayerOptions]) -> Any:
    """Return the product of tensors, cell by cell: `Multiply`, called.

    >>> import numpy as np
    >>> from convdispatch.layers import multiply
    >>> multiply([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[10., 40.]])
    """
    return Multiply(**options)(inputs)


def average(inputs: Sequence[Any], **options: Unpack[LayerOptions]) -> Any:
    """Return the average of tensors, cell by cell: `Average`, called.

    >>> import numpy as np
    >>> from convdispatch.layers import average
    >>> average([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[ 5.5, 11. ]])
    """
    return Average(**options)(inputs)


def maximum(inputs: Sequence[Any], **options: Unpack[LayerOptions]) -> Any:
    """Return the largest of several tensors, cell by cell: `Maximum`, called.

    >>> import numpy as np
    >>> from convdispatch.layers import maximum
    >>> maximum([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[10., 20.]])
    """
    return Maximum(**options)(inputs)


def minimum(inputs: Sequence[Any], **options: Unpack[LayerOptions]) -> Any:
    """Return the smallest of several tensors, cell by cell: `Minimum`, called.

    >>> import numpy as np
    >>> from convdispatch.layers import minimum
    >>> minimum([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[1., 2.]])
    """
    return Minimum(**options)(inputs)


def concatenate(inputs: Sequence[Any], axis: int = -1, **options: Unpack[LayerOptions]) -> Any:
    """Return tensors one after the other along an axis: `Concatenate`, called.

    >>> import numpy as np
    >>> from convdispatch.layers import concatenate
    >>> concatenate([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[ 1.,  2., 10., 20.]])
    """
    return Concatenate(axis=axis, **options)(inputs)


def dot(
    inputs: Sequence[Any],
    axes: int | Sequence[int],
    normalize: bool = False,
    **options: Unpack[LayerOptions],
) -> Any:
    """Return products of the samples of two tensors, summed along an axis: `Dot`, called.

    >>> import numpy as np
    >>> from convdispatch.layers import dot
    >>> dot([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])], axes=1)
    array([[50.]])
    """
    return Dot(axes=axes, normalize=normalize, **options)(inputs)
