"""What is wrong with a file's weights for a model: all of it, in one message."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from convdispatch.errors import InvalidDocument
from convdispatch.models.files import cudnn
from convdispatch.models.files.weights import Origin, Part
from convdispatch.ops import Shape
from convdispatch.saving.checkpoint import StoredArray, StoredLayer
from convdispatch.support.documents import shown
from convdispatch.support.warnings import warn

_MOST = 40  # lines of a message


class Faults:
    """Collects the faults of a file, which is called `title`, for a model."""

    def __init__(self, title: str, owner: str) -> None:
        self.title, self._owner = title, owner
        self._unmatched: list[str] = []
        self._lines: list[str] = []  # on single weights

    def warn_of_shapes(self) -> None:
        """Warn of weights that do not fit, and forget that: they stay as they are."""
        for line in self._lines:
            warn(f"{self.title}: {line}. The layer keeps its weights.")
        self._lines = []

    def forget_unmatched(self) -> None:
        """Forget layers that the file or the model lacks."""
        self._unmatched = []

    def count(self, stored: StoredLayer, name: str, parts: Sequence[Part]) -> None:
        """Record a layer with another number of weights."""
        wanted = ", ".join(f"{part.name} {part.shape}" for part in parts)
        has = ", ".join(f"{shown(one.name)} {one.shape}" for one in stored.arrays)
        self._lines.append(
            f"the layer {name!r} has {len(parts)} weights ({wanted}), and the file has "
            f"{len(stored.arrays)} arrays for it under {shown(stored.name)} ({has})",
        )

    def shapes(
        self, stored: StoredLayer, target: Any, arrays: Sequence[StoredArray], origin: Origin
    ) -> bool:
        """Record the arrays of other shapes; return whether there are any."""
        found = False
        for (layer, _, part), array in zip(target.slots, arrays, strict=True):
            is_fine = array.shape in (part.shape, *part.others)
            is_fine |= origin.reshapes and math.prod(array.shape) == math.prod(part.shape)
            if not is_fine:
                found = True
                self._lines.append(
                    f"the weight {part.name!r} of the layer {layer.name!r} has the shape "
                    f"{part.shape} in such a file, and {shown(array.name)} of {shown(stored.name)} "
                    f"there has {array.shape}{_about_axes(array.shape, part.shape)}"
                    f"{cudnn.about(getattr(layer, 'layer', layer), array.shape)}",
                )
        return found

    def unmatched(self, missing: Sequence[str], surplus: Sequence[str]) -> None:
        """Record layers that the file lacks, and those that the model lacks."""
        if missing:
            names = ", ".join(map(repr, missing))
            self._unmatched.append(f"the file has no weights for the layers {names} of the model")
        if surplus:
            names = ", ".join(map(shown, surplus))
            self._unmatched.append(f"the model has no layers for {names} of the file")

    def raise_if_any(self) -> None:
        """Raise `InvalidDocument` with all faults, if there are any."""
        found = [*self._unmatched, *self._lines]
        if not found:
            return
        lines = found[:_MOST]
        if len(found) > _MOST:
            lines.append(f"and {len(found) - _MOST} more")
        raise InvalidDocument(
            f"the weights in {self.title} do not fit the model {self._owner!r}; no weight is "
            f"changed: {'; '.join(lines)}."
        )


def _about_axes(shape: Shape, wanted: Shape) -> str:
    """Say whether a transposition would make one shape the other."""
    if len(shape) != len(wanted) or len(shape) < 2 or len(shape) > 6:
        return ""
    if sorted(shape) != sorted(wanted):
        return ": no transposition fits"
    axes = next(
        axes
        for axes in itertools.permutations(range(len(shape)))
        if tuple(shape[axis] for axis in axes) == wanted
    )
    return f": transposed by {axes} it would fit"
