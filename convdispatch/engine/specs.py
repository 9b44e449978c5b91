"""The specification of a tensor before it exists: its shape and its element type."""

from __future__ import annotations

from dataclasses import dataclass

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
