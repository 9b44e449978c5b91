"""The specification of tensors before they exist: their shapes and their element types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from convdispatch.ops import PartialShape


@dataclass(frozen=True, slots=True)
class Spec:
    """One tensor: its shape with the batch axis, None where a size is unknown, and its type."""

    shape: PartialShape
    dtype: str

    @property
    def of_a_sample(self) -> tuple[PartialShape, str]:
        """The shape without the batch axis, and the element type: what plans are kept under."""
        return self.shape[1:], self.dtype


# The inputs of a layer: one, or those of a layer that takes a list.
Specs: TypeAlias = Spec | Sequence[Spec]
# The same for shapes alone. (A shape and a list of shapes are both sequences.)
Shapes: TypeAlias = Any


def listed(specs: Specs) -> Sequence[Spec]:
    """Return the specs, also of a layer with one input, as a list."""
    return [specs] if isinstance(specs, Spec) else specs


def shapes_of(specs: Specs) -> Shapes:
    """Return the shape, or the list of shapes of a layer that takes a list."""
    return specs.shape if isinstance(specs, Spec) else [spec.shape for spec in specs]


def of_samples(specs: Specs) -> Any:
    """Return what a plan for such inputs is kept under."""
    if isinstance(specs, Spec):
        return specs.of_a_sample
    return tuple(spec.of_a_sample for spec in specs)
