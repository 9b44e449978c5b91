"""Small weights that an update computes as one tensor, to call fewer functions.

A framework that computes function by function takes about a microsecond for each, however few the
numbers are. A rule that moves each number alone may as well move those of all small weights at
once; the numbers stay the same to the last bit. Only a backend that can `pack` tensors gains by it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convdispatch.ops import Backend, PartialShape, Shape

# Packing copies the weight and its gradient. From about this size on that takes longer than the
# calls that it saves, and a pack of this size still fits into the caches.
_SMALL, _PACK = 2**14, 2**16


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """Which weights are computed together: the places of each group, in any order."""

    backend: Any  # with `pack` and `unpack`
    groups: tuple[tuple[int, ...], ...]

    def packed(self, tensors: Sequence[Any]) -> list[Any]:
        """Return a tensor for each group."""
        return [
            tensors[group[0]]
            if len(group) == 1
            else self.backend.pack([tensors[place] for place in group])
            for group in self.groups
        ]

    def unpacked(self, packed: Sequence[Any], like: Sequence[Any]) -> list[Any]:
        """Return a tensor for each weight, in the shapes of `like`."""
        found: list[Any] = [None] * len(like)
        for group, tensor in zip(self.groups, packed, strict=True):
            if len(group) == 1:
                found[group[0]] = tensor
                continue
            parts = self.backend.unpack(tensor, [like[place] for place in group])
            for place, part in zip(group, parts, strict=True):
                found[place] = part
        return found

    def by_weight(
        self, slots: Sequence[Mapping[str, Any]], shapes: Sequence[Shape]
    ) -> list[dict[str, Any]]:
        """Return slots of groups, as NumPy arrays, for each weight; then what all share."""
        found: list[dict[str, Any]] = [{} for _ in shapes]
        for group, own in zip(self.groups, slots, strict=False):
            ends = np.cumsum([math.prod(shapes[place]) for place in group])[:-1]
            for name, array in own.items():
                for place, part in zip(group, np.split(array.reshape(-1), ends), strict=True):
                    found[place][name] = part.reshape(shapes[place])
        return [*found, *(dict(shared) for shared in slots[len(self.groups) :])]

    def by_group(self, slots: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return slots of weights, as arrays, for each group; then what all share."""
        found: list[dict[str, Any]] = []
        for group in self.groups:
            own = [slots[place] for place in group]
            found.append(
                dict(own[0])
                if len(group) == 1
                else {name: np.concatenate([np.ravel(one[name]) for one in own]) for name in own[0]}
            )
        count = sum(map(len, self.groups))
        return [*found, *(dict(shared) for shared in slots[count:])]


def packing_of(backend: Backend, shapes: Sequence[PartialShape]) -> Packing | None:
    """Return the groups of weights of these shapes, None if each is to stay alone."""
    if not hasattr(backend, "pack"):
        return None
    groups = tuple(map(tuple, _groups(shapes)))
    return None if len(groups) == len(shapes) else Packing(backend=backend, groups=groups)


def _groups(shapes: Iterable[PartialShape]) -> list[list[int]]:
    found: list[list[int]] = []
    pack: list[int] = []  # that is being filled
    count = 0  # of numbers in it
    for place, shape in enumerate(shapes):
        size = math.prod(one or 0 for one in shape)
        if size > _SMALL:
            found.append([place])
            continue
        if not pack or count + size > _PACK:
            pack, count = [], 0
            found.append(pack)
        pack.append(place)
        count += size
    return found
