"""What a layer of a script's own says of its inputs, as Keras's `InputSpec` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convdispatch.errors import InvalidShape
from convdispatch.ops import PartialShape


class InputSpec:
    """The ranks and sizes of an input that a layer takes.

    >>> InputSpec(ndim=3, axes={-1: 8}).require((None, 5, 8), "my_layer")
    """

    def __init__(
        self,
        dtype: str | None = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | str | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
    ) -> None:
        """Keep the arguments; those that are None say nothing.

        ndim: how many axes, the batch axis counted; Keras 1 also wrote '3+' for at least 3.
        axes: the sizes of some axes.
        """
        if isinstance(ndim, str) and ndim.endswith("+"):
            min_ndim, ndim = int(ndim[:-1]), None
        self.dtype = dtype
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = dict(axes or {})

    def require(self, shape: PartialShape, owner: str) -> None:
        """Raise `InvalidShape` unless an input of that shape may be given to the layer."""
        rank, wrong = len(shape), ""
        if self.ndim is not None and rank != self.ndim:
            wrong = f"{self.ndim} axes"
        elif self.min_ndim is not None and rank < self.min_ndim:
            wrong = f"at least {self.min_ndim} axes"
        elif self.max_ndim is not None and rank > self.max_ndim:
            wrong = f"at most {self.max_ndim} axes"
        else:
            stated = {**dict(enumerate(self.shape or ())), **self.axes}
            for axis, size in stated.items():
                if None not in (size, shape[axis]) and size != shape[axis]:
                    wrong = f"the size {size} in axis {axis}"
        if wrong:
            raise InvalidShape(
                f"the input of {owner!r} must have {wrong}; received the shape {shape}."
            )
