"""A layer's declarations of its weights, and the checks of values for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Any

import numpy as np

from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.ops import NumpyArray, PartialShape, Shape, Tensor
from convdispatch.runtime import selection

# The errors of NumPy and the frameworks for ragged lists, and for symbols without values.
_UNREADABLE = (TypeError, ValueError, RuntimeError, AttributeError)

Functions = Mapping[str, Callable[..., Tensor]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The layout of a façade's weight, if it differs from Keras 2's.

    `axes` permutes the façade's axes into Keras 2's order; an axis of size one that Keras 2 does
    not have is then dropped by a reshape.
    """

    axes: tuple[int, ...]
    dropped_axis: int | None = None

    def public_shape(self, shape: Shape) -> Shape:
        """Return the façade's shape of a weight that has `shape` in Keras 2."""
        permuted = list(shape)
        if self.dropped_axis is not None:
            permuted.insert(self.axes.index(self.dropped_axis), 1)
        public = [0] * len(permuted)
        for size, axis in zip(permuted, self.axes, strict=True):
            public[axis] = size
        return tuple(public)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """One weight: its name, its shape in Keras 2's layout, and the user's options for it."""

    name: str
    shape: Shape
    initializer: Any
    regularizer: Any = None
    constraint: Any = None
    layout: Layout | None = None
    is_flipped: bool = False  # Theano's convolutions flip the kernel
    trainable: bool = True  # by a trainer; a moving mean is not, a step of training updates it
    is_state: bool = False  # what a layer remembers from one call to the next: see `lasting`

    @property
    def public_shape(self) -> Shape:
        """The shape that users see: `get_weights`, `set_weights` and the variables have it."""
        return self.shape if self.layout is None else self.layout.public_shape(self.shape)


def lasting(declarations: Iterable[Weight]) -> list[Weight]:
    """Return the weights in the narrow sense: those of `get_weights` and of files.

    A state belongs to the sequences that are being read, so it is left out.
    """
    return [weight for weight in declarations if not weight.is_state]


def kernel_reader(
    weight: Weight, shape: Shape, functions: Functions
) -> Callable[[Tensor], Tensor] | None:
    """Return the function from a stored weight to the kernel that an op takes, None if the same.

    `shape` is the op's shape of it: a depthwise kernel's last two axes become one.
    """
    steps: list[Callable[[Tensor], Tensor]] = []
    read = weight.public_shape
    if weight.layout is not None and weight.layout.axes != tuple(range(len(read))):
        axes, transpose = weight.layout.axes, functions["transpose"]
        steps.append(lambda kernel: transpose(kernel, axes))
        read = tuple(read[axis] for axis in axes)
    if read != shape:
        reshape = functions["reshape"]
        steps.append(lambda kernel: reshape(kernel, shape))
    spatial = tuple(range(len(shape) - 2))
    if weight.is_flipped and any(shape[axis] > 1 for axis in spatial):
        flip = functions["flip"]
        steps.append(lambda kernel: flip(kernel, spatial))
    return _chain(steps)


def _chain(steps: Sequence[Callable[[Tensor], Tensor]]) -> Callable[[Tensor], Tensor] | None:
    if not steps:
        return None

    def read(kernel: Tensor) -> Tensor:
        for step in steps:
            kernel = step(kernel)
        return kernel

    return read


def checked_values(
    values: Sequence[Any], declarations: Sequence[Weight], *, owner: str
) -> list[NumpyArray]:
    """Return one array per weight, or raise before any of them is used."""
    if not isinstance(values, Sequence) or isinstance(values, str | bytes):
        raise InvalidType(
            f"`weights` of {owner!r} must be a list of arrays; received {type(values).__name__}."
        )
    require_as_many(values, declarations, owner=owner)
    arrays = [_as_array(value, w, owner) for value, w in zip(values, declarations, strict=True)]
    for array, weight in zip(arrays, declarations, strict=True):
        if array.dtype.kind not in "fiub" and array.dtype.name != "bfloat16":
            raise InvalidType(
                f"`weights` of {owner!r} must be arrays of real numbers; received element type "
                f"{array.dtype} for {weight.name!r}."
            )
    require_shapes([array.shape for array in arrays], declarations, owner=owner)
    return arrays


def require_shapes(
    shapes: Sequence[PartialShape], declarations: Sequence[Weight], *, owner: str
) -> None:
    """Raise `InvalidShape` unless each is the shape of that weight; None fits any size."""
    for shape, weight in zip(shapes, declarations, strict=True):
        if shape != weight.public_shape and not is_possible(shape, weight.public_shape):
            wanted = [one.public_shape for one in declarations]
            raise InvalidShape(
                f"`weights` of {owner!r} must have the shapes {wanted}; received {shape} "
                f"for {weight.name!r}."
            )


def is_possible(shape: PartialShape, wanted: Shape) -> bool:
    """Return whether a tensor may have the wanted shape: None is a size that is not known yet."""
    return len(shape) == len(wanted) and all(
        size is None or size == other for size, other in zip(shape, wanted, strict=True)
    )


def require_as_many(values: Sequence[Any], declarations: Sequence[Weight], *, owner: str) -> None:
    """Raise `InvalidArgument` unless there is one value per weight, `InvalidType` for no list."""
    if not isinstance(values, Sized):
        raise InvalidType(
            f"`weights` of {owner!r} must be a list of tensors; received {type(values).__name__}."
        )
    if len(values) != len(declarations):
        shapes = [weight.public_shape for weight in declarations]
        wanted = f"{len(shapes)} arrays of shapes {shapes}" if shapes else "none: it has none"
        raise InvalidArgument(
            f"`weights` of {owner!r} must be {wanted}; received {len(values)} arrays."
        )


def own_arrays(values: Any) -> Any:
    """Return the values with the user's arrays copied: they may change before they are used."""
    if not isinstance(values, list | tuple):
        return values
    return [_copied(value) for value in values]


def _copied(value: Any) -> Any:
    try:
        return np.array(selection.as_array(value))
    except _UNREADABLE:
        return value  # the error comes later, when the weight's name is known


def _as_array(value: Any, weight: Weight, owner: str) -> NumpyArray:
    try:
        return selection.as_array(value)
    except _UNREADABLE as exc:
        raise InvalidType(
            f"`weights` of {owner!r} must be arrays of real numbers; received for "
            f"{weight.name!r} a {type(value).__name__} that NumPy cannot read: {exc}"
        ) from exc
