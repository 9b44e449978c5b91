"""The base of a script's own merging layers: `_merge_function` makes one tensor of several.

Keras's own sums and products of layers have the same method, which scripts override, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdispatch.engine.layer_options import is_of_this_package
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType, UnsupportedOp
from convdispatch.layers._merging import MergeLayer
from convdispatch.symbolic.arrays import expand_dims, stack
from convdispatch.symbolic.custom import CustomLayer
from convdispatch.symbolic.extended import Overridable
from convdispatch.symbolic.reducing import all as all_of


class CustomMerging(CustomLayer):
    """A layer of a list of tensors of one batch, which are given as many axes each."""

    def __init__(self, **options: Any) -> None:
        """Take what every layer takes, such as `name`, `trainable`, `input_shape`."""
        super().__init__(**options)
        self.supports_masking = True

    def _merge_function(self, inputs: list[Any]) -> Any:
        """Return one tensor for the list; each class says which."""
        raise UnsupportedOp(
            f"{type(self).__name__} has no `_merge_function(inputs)`, which makes one tensor of a "
            "list of them. Define it."
        )

    def build(self, input_shape: Any) -> None:
        """Make no weights; raise unless the shapes are those of a list that can be merged."""
        shapes = _checked(input_shape, self.name)
        sizes = [tuple(shape[1:]) for shape in shapes]
        rank = max(map(len, sizes))
        aligned = [(1,) * (rank - len(one)) + one for one in sizes]
        for along in zip(*aligned, strict=True):
            if len({size for size in along if size not in (None, 1)}) > 1:
                raise InvalidShape(
                    f"the inputs of {self.name!r} must have the same size on each axis, or 1; "
                    f"received the shapes {', '.join(map(str, shapes))}."
                )

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Return what `_merge_function` makes of the inputs, with axes of size 1 put in."""
        _checked(inputs, self.name)
        rank = max(len(x.shape) for x in inputs)
        return self._merge_function([_of_rank(x, rank) for x in inputs])

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the steps that count in all inputs that have a mask."""
        found = [one for one in mask or () if one is not None]
        return all_of(stack(found), axis=0) if found else None

    def makes_mask(self, masked: Sequence[bool]) -> bool:
        """Return whether an input has a mask."""
        return any(masked)


def _checked(given: Any, name: str) -> list[Any]:
    """Return the shapes or the tensors of a list; raise for one alone."""
    if not isinstance(given, list):
        raise InvalidType(f"{name!r} takes a list of tensors; received one tensor.")
    if len(given) < 2:
        raise InvalidArgument(f"{name!r} takes at least two tensors; received {len(given)}.")
    return given


def _of_rank(x: Any, rank: int) -> Any:
    for _ in range(rank - len(x.shape)):
        x = expand_dims(x, 1)
    return x


class MergedBy(Overridable, MergeLayer):
    """A merging layer of this package whose `_merge_function` scripts may override."""

    def __init_subclass__(cls, **options: Any) -> None:
        own = vars(cls)
        if "_merge_function" in own and "call" not in own and not is_of_this_package(cls):
            cls.call = _merged  # type: ignore[assignment,method-assign] # what the method is for
        super().__init_subclass__(**options)

    def _merge_function(self, inputs: Any) -> Any:
        """Return what the layer makes of a list of symbols."""
        return Overridable.call(self, inputs)


def _merged(self: MergedBy, inputs: Any) -> Any:
    return self._merge_function(inputs)
