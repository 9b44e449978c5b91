"""Layers that combine several tensors cell by cell: sums, products, averages, extremes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convdispatch.layers._masked_merging import extreme, product
from convdispatch.layers._merging import Elementwise, Tensors, of_one_rank


class _OfWhatCounts(Elementwise):
    """A merge that leaves out, in Keras 3, the steps of each tensor that do not count there."""

    @property
    def takes_mask(self) -> bool:  # type: ignore[override]  # it depends on the Keras
        """Whether its functions take the masks of the inputs as a last argument."""
        return self.dialect.merges_what_counts


class Add(Elementwise):
    """Add tensors, cell by cell.

        input   a list of at least two tensors of any shapes that fit
        output  the common shape

    Shapes fit where each axis has the same size or 1, which is repeated. Inputs with fewer axes get
    axes of size 1 after the batch axis.

    Raises `InvalidArgument` for fewer than two inputs, `InvalidShape` where shapes do not fit,
    `InvalidType` where the inputs are no list, for different element types, for integers and for
    a tensor of another framework.

    Source: Keras 2.2.4 `Add`.

    >>> import numpy as np
    >>> from convdispatch.layers import Add
    >>> Add()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[11., 22.]])
    """

    @property
    def reduction_length(self) -> int:
        """How many roundings one output goes through, for rounding-error bounds."""
        return len(self._built_shape or ()) or 2

    def _combining(self) -> Callable[[Tensors], Any]:
        return _added


class Subtract(Elementwise):
    """Subtract the second of two tensors from the first, cell by cell.

        input   a list of two tensors of any shapes that fit
        output  the common shape

    Shapes fit as in `Add`.

    Raises `InvalidArgument` unless there are two inputs, `InvalidShape` where shapes do not fit,
    `InvalidType` where the inputs are no list, for different element types, for integers and for
    a tensor of another framework.

    Source: Keras 2.2.4 `Subtract`.

    >>> import numpy as np
    >>> from convdispatch.layers import Subtract
    >>> Subtract()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[ -9., -18.]])
    """

    most = 2

    @property
    def reduction_length(self) -> int:
        """How many roundings one output goes through, for rounding-error bounds."""
        return 2

    def _combining(self) -> Callable[[Tensors], Any]:
        return lambda inputs: inputs[0] - inputs[1]


class Multiply(_OfWhatCounts):
    """Multiply tensors, cell by cell.

        input   a list of at least two tensors of any shapes that fit
        output  the common shape

    Shapes fit as in `Add`.

    Raises `InvalidArgument` for fewer than two inputs, `InvalidShape` where shapes do not fit,
    `InvalidType` where the inputs are no list, for different element types, for integers and for
    a tensor of another framework.

    Source: Keras 2.2.4 `Multiply`.

    >>> import numpy as np
    >>> from convdispatch.layers import Multiply
    >>> Multiply()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[10., 40.]])
    """

    @property
    def reduction_length(self) -> int:
        """How many roundings one output goes through, for rounding-error bounds."""
        return len(self._built_shape or ()) or 2

    def _combining(self) -> Callable[[Tensors], Any]:
        return _multiplied

    def _merged_where(self, inputs: Tensors, masks: Sequence[Any]) -> Any:
        return product(self._backend().functions, inputs, masks)

    def spread(self, weights: Any, x: Tensors, error: Tensors, *mask: Any) -> tuple[Any, Any]:
        """Return the magnitudes that are rounded, and by how much errors of the inputs spread."""
        sizes, offs = of_one_rank([np.abs(one) for one in x]), of_one_rank(error)
        widest = _multiplied([size + off for size, off in zip(sizes, offs, strict=True)])
        return widest, widest - _multiplied(sizes)


class Average(Add):
    """Average tensors, cell by cell.

        input   a list of at least two tensors of any shapes that fit
        output  the common shape

    Shapes fit as in `Add`.

    Raises `InvalidArgument` for fewer than two inputs, `InvalidShape` where shapes do not fit,
    `InvalidType` where the inputs are no list, for different element types, for integers and for
    a tensor of another framework.

    Source: Keras 2.2.4 `Average`.

    >>> import numpy as np
    >>> from convdispatch.layers import Average
    >>> Average()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[ 5.5, 11. ]])
    """

    @property
    def reduction_length(self) -> int:
        """How many roundings one output goes through, for rounding-error bounds."""
        return super().reduction_length + 1

    def _combining(self) -> Callable[[Tensors], Any]:
        return lambda inputs: _added(inputs) / len(inputs)

    def _sum_of(self, arrays: Tensors) -> Any:
        return super()._sum_of(arrays) / len(arrays)


class Maximum(_OfWhatCounts):
    """Take the largest of several tensors, cell by cell; NaN where one is NaN.

        input   a list of at least two tensors of any shapes that fit
        output  the common shape

    Shapes fit as in `Add`. The gradient goes to the first input that has the largest number.

    Raises `InvalidArgument` for fewer than two inputs, `InvalidShape` where shapes do not fit,
    `InvalidType` where the inputs are no list, for different element types, for integers and for
    a tensor of another framework.

    Source: Keras 2.2.4 `Maximum`.

    >>> import numpy as np
    >>> from convdispatch.layers import Maximum
    >>> Maximum()([np.array([[1.0, 20.0]]), np.array([[10.0, 2.0]])])
    array([[10., 20.]])
    """

    rounds = False

    def _combining(self) -> Callable[[Tensors], Any]:
        where: Any = self._backend().functions["where"]

        def larger(x: Any, y: Any) -> Any:
            # Not `maximum`, whose slope at a tie differs by framework.
            return where(x >= y, x, where(x == x, y, x))

        return lambda inputs: functools.reduce(larger, inputs)

    def _merged_where(self, inputs: Tensors, masks: Sequence[Any]) -> Any:
        return extreme(self._backend().functions, inputs, masks, self._combining())

    def spread(self, weights: Any, x: Tensors, error: Tensors, *mask: Any) -> tuple[Any, Any]:
        """Return the magnitudes that are rounded, and by how much errors of the inputs spread."""
        largest = self._sum_of(error)  # at most the largest error, and never less than it
        return np.zeros_like(largest), largest


class Minimum(Maximum):
    """Take the smallest of several tensors, cell by cell; NaN where one is NaN.

        input   a list of at least two tensors of any shapes that fit
        output  the common shape

    Shapes fit as in `Add`. The gradient goes to the first input that has the smallest number.

    Raises `InvalidArgument` for fewer than two inputs, `InvalidShape` where shapes do not fit,
    `InvalidType` where the inputs are no list, for different element types, for integers and for
    a tensor of another framework.

    Source: Keras 2.2.4 `Minimum`.

    >>> import numpy as np
    >>> from convdispatch.layers import Minimum
    >>> Minimum()([np.array([[1.0, 20.0]]), np.array([[10.0, 2.0]])])
    array([[1., 2.]])
    """

    def _combining(self) -> Callable[[Tensors], Any]:
        where: Any = self._backend().functions["where"]

        def smaller(x: Any, y: Any) -> Any:
            return where(x <= y, x, where(x == x, y, x))

        return lambda inputs: functools.reduce(smaller, inputs)


def _added(inputs: Tensors) -> Any:
    return functools.reduce(lambda x, y: x + y, inputs)


def _multiplied(inputs: Tensors) -> Any:
    return functools.reduce(lambda x, y: x * y, inputs)
