"""Layers that arrange the numbers of a sample anew: Reshape, Permute and RepeatVector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Unpack

from convdispatch import ops
from convdispatch.engine.arguments import as_int
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.layer import Layer
from convdispatch.engine.plans import Function
from convdispatch.engine.resolved import Resolved
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.layers._lowering import LoweringLayer
from convdispatch.ops import PartialShape


class Reshape(Layer):
    """Give the numbers of each sample another shape; they keep their order.

        input   (batch, ...)
        output  (batch, *target_shape)

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an input with another number of numbers; `InvalidType` for a
    tensor of another framework. Integers stay integers.

    Source: Keras 2.2.4 `Reshape`.

    >>> import numpy as np
    >>> from convdispatch.layers import Reshape
    >>> Reshape((-1, 2))(np.arange(4.0).reshape(1, 4))
    array([[[0., 1.],
            [2., 3.]]])
    """

    family = "shaping"
    only_moves = True

    def __init__(self, target_shape: Sequence[int], **options: Unpack[LayerOptions]) -> None:
        """Check and keep the arguments.

        target_shape: without the batch axis; one size may be -1, which is inferred.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self.target_shape = _integers(target_shape, self.spelled("target_shape"), minimum=-1)
        if self.target_shape.count(-1) > 1 or 0 in self.target_shape:
            raise InvalidArgument(
                f"`{self.spelled('target_shape')}` must have sizes of at least 1, and at most one "
                f"-1, which is what is left; received {self.target_shape}."
            )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"target_shape": self.target_shape}

    def resolve(self, spec: Spec) -> Resolved:
        """Return the layer resolved for inputs of that spec."""
        target = self._target_for(spec.shape)

        def lower(dtype: str, activation: Any) -> Function:
            if None in spec.shape[1:]:
                return self._of_unknown_size(target)
            reshape = self._backend().functions["reshape"]
            return lambda weights, inputs: reshape(inputs, (-1, *target))

        return Resolved(output_shape=(None, *target), lower=lower)

    def _of_unknown_size(self, target: PartialShape) -> Function:
        """Return the function for sizes that are unknown while the framework traces."""
        functions = self._backend().functions
        reshape, sizes_of = functions["reshape"], functions["shape"]
        stated = math.prod(size for size in self.target_shape if size > 0)

        def reshaped(weights: Any, inputs: Any) -> Any:
            sizes: Any = sizes_of(inputs)
            rest = math.prod(sizes[1:]) // stated
            # The batch's own size, not -1: it must not change where the numbers do not fit.
            known = (rest if size is None else size for size in target)
            return reshape(inputs, (sizes[0], *known))

        return reshaped

    def _target_for(self, shape: PartialShape) -> PartialShape:
        """Return the target with the inferred size for -1, None where it is unknown."""
        sizes = [size for size in shape[1:] if size is not None]
        is_known = len(sizes) == len(shape) - 1
        numbers, stated = math.prod(sizes), math.prod(n for n in self.target_shape if n > 0)
        has_rest = -1 in self.target_shape
        fits = numbers % stated == 0 if has_rest else numbers == stated
        if len(shape) < 1 or 0 in sizes or (is_known and not fits):
            raise InvalidShape(
                f"{self._title} cannot give {numbers} numbers a sample the shape "
                f"{self.target_shape}; received shape {shape}."
            )
        rest = numbers // stated if is_known else None
        return tuple(rest if size == -1 else size for size in self.target_shape)


class Permute(Layer):
    """Put the axes of each sample in another order.

        input   (batch, ...)
        output  (batch, ...), whose axis i is the input's axis dims[i - 1]

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for a tensor of another framework.
    Integers stay integers.

    Source: Keras 2.2.4 `Permute`.

    >>> import numpy as np
    >>> from convdispatch.layers import Permute
    >>> Permute((2, 1))(np.arange(4.0).reshape(1, 2, 2))
    array([[[0., 2.],
            [1., 3.]]])
    """

    family = "shaping"
    only_moves = True

    def __init__(self, dims: Sequence[int], **options: Unpack[LayerOptions]) -> None:
        """Check and keep the arguments.

        dims: the axes in their new order; the first axis after the batch is 1.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self.dims = _integers(dims, self.spelled("dims"), minimum=1)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise InvalidArgument(
                f"`{self.spelled('dims')}` must have each axis once, the first after the batch "
                f"being 1; received {self.dims}."
            )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"dims": self.dims}

    def resolve(self, spec: Spec) -> Resolved:
        """Return the layer resolved for inputs of that spec."""
        shape, axes = spec.shape, (0, *self.dims)
        if len(shape) != len(axes):
            raise InvalidShape(
                f"{self._title} takes inputs with {len(axes)} axes, because `dims` is "
                f"{self.dims}; received shape {shape}."
            )

        def lower(dtype: str, activation: Any) -> Function:
            transpose = self._backend().functions["transpose"]
            return lambda weights, inputs: transpose(inputs, axes)

        return Resolved(output_shape=(None, *(shape[axis] for axis in self.dims)), lower=lower)


class RepeatVector(LoweringLayer):
    """Repeat the row of each sample.

        input   (batch, features)
        output  (batch, n, features)

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `RepeatVector`.

    >>> import numpy as np
    >>> from convdispatch.layers import RepeatVector
    >>> RepeatVector(2)(np.array([[1.0, 2.0]]))
    array([[[1., 2.],
            [1., 2.]]])
    """

    family = "shaping"
    rank = 0
    size_arguments = ("n",)

    def __init__(self, n: int, **options: Unpack[LayerOptions]) -> None:
        """Check and keep the arguments.

        n: how many times.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self.n = as_int(n, self.spelled("n"))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"n": self.n}

    def resolve(self, spec: Spec) -> Resolved:
        """Return the layer resolved for inputs of that spec."""
        shape = spec.shape
        if len(shape) != 2 or shape[1] == 0:
            raise InvalidShape(
                f"{self._title} takes inputs (batch, features) with at least one feature; received "
                f"shape {shape}."
            )
        features = shape[1]

        def lower(dtype: str, activation: Any) -> Function:
            reshape = self._backend().functions["reshape"]
            op = ops.Upsample(factors=(self.n,), interpolation="nearest", channels_last=True)
            repeat = self._lower_op(op, (1, features or 0), (), dtype)
            return lambda weights, inputs: repeat(reshape(inputs, (-1, 1, features)))

        return Resolved(output_shape=(None, self.n, features), lower=lower)


def _integers(value: object, argument: str, *, minimum: int) -> tuple[int, ...]:
    """Return a tuple of at least one integer."""
    if not isinstance(value, list | tuple):
        raise InvalidType(f"`{argument}` must be a tuple of integers; received {value!r}.")
    if not value:
        raise InvalidArgument(f"`{argument}` must have at least one integer; received {value!r}.")
    return tuple(as_int(number, argument, minimum=minimum) for number in value)
