"""Concatenation of tensors, and products of the samples of two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Unpack

import numpy as np

from convdispatch.engine.arguments import as_bool, as_int, as_ints
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.formulas.products import batch_dot, normalized
from convdispatch.layers._merging import MergeLayer, Tensors, shown
from convdispatch.ops import PartialShape
from convdispatch.runtime import selection

_ANY = -(2**31)  # no tensor has an axis so far from its end


class Concatenate(MergeLayer):
    """Put tensors one after the other along an axis.

        input   a list of at least two tensors whose other axes have the same sizes
        output  the same with the sum of their sizes on `axis`

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidArgument` for fewer than two inputs, `InvalidShape` where shapes do not fit
    or lack the axis, `InvalidType` where the inputs are no list, for different element types, for
    integers and for a tensor of another framework.

    Source: Keras 2.2.4 `Concatenate`.

    >>> import numpy as np
    >>> from convdispatch.layers import Concatenate
    >>> Concatenate()([np.array([[1.0, 2.0]]), np.array([[3.0]])])
    array([[1., 2., 3.]])
    """

    rounds = False

    def __init__(self, axis: int = -1, **options: Unpack[LayerOptions]) -> None:
        """Check and keep the arguments.

        axis: along which the tensors are put, the batch axis counted as 0; -1 is the last one.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self.axis = as_int(axis, self.spelled("axis"), minimum=_ANY)
        _require_no_batch(self.axis, self.spelled("axis"))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"axis": self.axis}

    def _output_sizes(self, shapes: Sequence[PartialShape]) -> PartialShape:
        axis = axis_of(self.axis, shapes[0], self._title, self.spelled("axis"))
        if any(len(shape) != len(shapes[0]) for shape in shapes):
            raise self._unfit(shapes)
        sizes: list[int | None] = []
        for place, found in enumerate(zip(*shapes, strict=True)):
            known = {size for size in found if size is not None}
            if place == axis:
                sizes.append(None if None in found else sum(size or 0 for size in found))
            elif place > 0 and len(known) > 1:
                raise self._unfit(shapes)
            else:
                sizes.append(next(iter(known), None))
        return tuple(sizes[1:])

    def _unfit(self, shapes: Sequence[PartialShape]) -> InvalidShape:
        return InvalidShape(
            f"the inputs of {self._title} must have the same size on each axis but "
            f"`{self.spelled('axis')}` {self.axis}; received the shapes {shown(shapes)}."
        )

    def _function(self, shapes: Sequence[PartialShape]) -> Callable[[Tensors], Any]:
        concatenate, axis = self._backend().functions["concatenate"], self.axis
        return lambda inputs: concatenate(inputs, axis)

    def compute_mask(self, inputs: Tensors, mask: Any = None) -> Any:
        """Return the inputs' masks joined along a masked axis; else which steps count in all.

        In Keras 3 those that count in one of them. `mask` is a list with a mask or None for each
        input, all of whose steps count where it has none.
        """
        if mask is None or all(one is None for one in mask):
            return None
        f: Any = self._backend().functions
        rank = max(len(f["shape"](one)) for one in mask if one is not None)
        masks = [
            all_true(f, x, rank) if one is None else one
            for x, one in zip(inputs, mask, strict=True)
        ]
        axis = self.axis % len(f["shape"](inputs[0]))
        return f["concatenate"](masks, axis) if axis < rank else self._all_or_any(masks)

    def spread(self, weights: Any, x: Tensors, error: Tensors, *mask: Any) -> tuple[Any, Any]:
        """Return the magnitudes that are rounded, and by how much errors of the inputs spread."""
        joined = np.concatenate(error, self.axis)
        return np.zeros_like(joined), joined


class Dot(MergeLayer):
    """Multiply the samples of two tensors, summed along an axis of each.

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
    >>> from convdispatch.layers import Dot
    >>> Dot(axes=1)([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[50.]])
    """

    most = 2

    def makes_mask(self, masked: Sequence[bool]) -> bool:
        """Return whether the output has a mask: never, for steps are summed or paired."""
        return False

    def __init__(
        self,
        axes: int | Sequence[int],
        normalize: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments.

        axes: of both tensors, or one of each; the batch axis is 0, -1 the last one.
        normalize: whether to divide by lengths first.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        argument = self.spelled("axes")
        both = as_ints(axes, 2, argument, minimum=_ANY)
        for axis in both:
            _require_no_batch(axis, argument)
        self.axes: int | tuple[int, ...] = both if isinstance(axes, Sequence) else both[0]
        self.normalize = as_bool(normalize, self.spelled("normalize"))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"axes": self.axes, "normalize": self.normalize}

    @property
    def reduction_length(self) -> int:
        """How many products are summed into one output, for rounding-error bounds."""
        if self._built_shape is None:
            return 1
        length = self._built_shape[0][self._axes_of(self._built_shape)[0]] or 0
        return 2 * length + 6 if self.normalize else length  # of the lengths as well

    def _axes_of(self, shapes: Sequence[PartialShape]) -> tuple[int, int]:
        """Return the axis of each tensor, counted from 0."""
        both = self.axes if isinstance(self.axes, tuple) else (self.axes, self.axes)
        first, second = (
            axis_of(axis, shape, self._title, self.spelled("axes"))
            for axis, shape in zip(both, shapes, strict=True)
        )
        return first, second

    def _output_sizes(self, shapes: Sequence[PartialShape]) -> PartialShape:
        axes = self._axes_of(shapes)
        sizes = {shape[axis] for shape, axis in zip(shapes, axes, strict=True)} - {None}
        if len(sizes) > 1:
            raise InvalidShape(
                f"the inputs of {self._title} must have the same size on `{self.spelled('axes')}` "
                f"{self.axes}; received the shapes {shown(shapes)}."
            )
        rest = [
            size
            for shape, axis in zip(shapes, axes, strict=True)
            for place, size in enumerate(shape)
            if place not in (0, axis)
        ]
        return tuple(rest or (1,))

    def _function(self, shapes: Sequence[PartialShape]) -> Callable[[Tensors], Any]:
        f, axes = self._backend().functions, self._axes_of(shapes)
        if not self.normalize:
            return lambda inputs: batch_dot(f, inputs, axes)
        floor = selection.epsilon() if self.convention == "theano" else 1e-12

        def cosine(inputs: Tensors) -> Any:
            units = [normalized(f, x, axis, floor) for x, axis in zip(inputs, axes, strict=True)]
            return batch_dot(f, units, axes)

        return cosine

    def spread(self, weights: Any, x: Tensors, error: Tensors, *mask: Any) -> tuple[Any, Any]:
        """Return the magnitudes that are rounded, and by how much errors of the inputs spread."""
        f, axes = self._backend().functions, self._axes_of([one.shape for one in x])
        sizes = [np.abs(one) for one in x]
        offs = list(error)
        if self.normalize:
            pairs = [_unit_with_error(*one) for one in zip(sizes, offs, axes, strict=True)]
            sizes, offs = [size for size, _ in pairs], [off for _, off in pairs]
        exact = batch_dot(f, sizes, axes)
        widest = batch_dot(f, [a + b for a, b in zip(sizes, offs, strict=True)], axes)
        return widest, widest - exact


def _unit_with_error(size: Any, error: Any, axis: int) -> tuple[Any, Any]:
    """Return the magnitudes of a vector divided by its length, and how far they may be off."""
    length = np.maximum(np.sqrt((size**2).sum(axis, keepdims=True)), 1e-6)
    off = np.sqrt((error**2).sum(axis, keepdims=True))
    unit = size / length
    return unit, (error + unit * off) / np.maximum(length - off, 1e-6)


def all_true(f: Any, x: Any, rank: int) -> Any:
    """Return a mask of the tensor's first axes by which all counts."""
    some = f["max"](x, tuple(range(rank, len(f["shape"](x)))))
    same = f["equal"](some, some)
    return f["where"](same, same, f["not_equal"](some, some))  # NaN does not equal itself


def axis_of(axis: int, shape: PartialShape, title: str, argument: str) -> int:
    """Return an axis counted from 0; raise `InvalidShape` where a tensor does not have it."""
    found = axis + len(shape) if axis < 0 else axis
    if not 0 < found < len(shape):
        raise InvalidShape(
            f"`{argument}` {axis} of {title} must be an axis of its inputs other than the batch; "
            f"received shape {shape}."
        )
    return found


def _require_no_batch(axis: int, argument: str) -> None:
    if axis == 0:
        raise InvalidArgument(
            f"`{argument}` must not be 0, the batch axis; received {axis!r}. Count from 1, or from "
            "the end: -1 is the last axis."
        )
