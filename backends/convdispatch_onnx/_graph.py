"""An ONNX graph while it grows: its nodes, its constants, and the names of its tensors.

ONNX's convolutions and poolings have the channels first. A result of theirs is kept so, and turned
around only for a reader that needs the channels last: so no tensor is turned to and fro.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import NodeProto, helper, numpy_helper

from convdispatch.kit import numpy_dtype, permutations
from convdispatch.programs import Value


class Graph:
    """The nodes of one graph: of the model, or of a loop's body inside of another graph."""

    def __init__(self, outer: Graph | None = None, wanted: Mapping[int, str] | None = None) -> None:
        self.nodes: list[NodeProto] = []
        self.layer: str = outer.layer if outer else ""  # whose nodes are added
        self._outer = outer
        self._root: Graph = outer._root if outer else self
        self._names: dict[int, str] = {}  # of values, by number
        self._first: dict[int, str] = {}  # of the same values with channels first
        self._wanted = wanted or {}  # names that some values have to have
        if outer is None:
            self.initializers: dict[str, Any] = {}
            self._taken: set[str] = set((wanted or {}).values())

    # Names.

    def fresh(self, base: str) -> str:
        """Return a name of a tensor or a node that nothing has yet."""
        name, count, taken = base, 1, self._root._taken
        while name in taken:
            name, count = f"{base}_{count}", count + 1
        taken.add(name)
        return name

    def bind(self, value: Value, name: str) -> None:
        """Say that a value is the tensor of that name."""
        self._names[value.number] = name

    def bind_first(self, value: Value, name: str) -> None:
        """Say that the tensor of that name is a value with its channels first."""
        self._first[value.number] = name

    def name_of(self, value: Value) -> str:
        """Return the tensor of a value, turned around now if it only is there channels first."""
        found = self._names.get(value.number)
        if found is not None:
            return found
        if value.number in self._first:
            order = permutations(len(value.shape) - 2)[0]
            wanted = self._wanted.get(value.number)
            (name,) = self.add("Transpose", [self._first[value.number]], perm=order, named=wanted)
            self._names[value.number] = name
            return name
        assert self._outer is not None, f"the value {value.number} is read before it is computed"
        return self._outer.name_of(value)

    def first_of(self, value: Value) -> str:
        """Return the tensor of a value whose channels are last, with its channels first."""
        if value.number not in self._first:
            order = permutations(len(value.shape) - 2)[1]
            (name,) = self.add("Transpose", [self.name_of(value)], perm=order)
            self._first[value.number] = name
        return self._first[value.number]

    def has_first(self, value: Value) -> bool:
        """Return whether the value is there with its channels first, and not as it is."""
        return value.number in self._first and value.number not in self._names

    # Nodes.

    def add(
        self,
        kind: str,
        inputs: Sequence[str],
        *,
        outputs: int = 1,
        named: str | None = None,
        **attributes: Any,
    ) -> list[str]:
        """Add a node, and return the names of its outputs."""
        base = f"{self.layer}/{kind}"
        names = [named or self.fresh(base) for _ in range(outputs)]
        node = helper.make_node(kind, list(inputs), names, name=names[0], **attributes)
        self.nodes.append(node)
        return names

    def result(self, kind: str, inputs: Sequence[str], value: Value, **attributes: Any) -> None:
        """Add a node whose output is that value."""
        wanted = self._wanted.get(value.number)
        (name,) = self.add(kind, inputs, named=wanted, **attributes)
        self.bind(value, name)

    def constant(self, array: Any, dtype: str = "", name: str = "") -> str:
        """Return the name of a constant, added to the model."""
        array = np.asarray(array, numpy_dtype(dtype) if dtype else None)
        key = name or self.fresh(f"{self.layer}/constant")
        if name:
            key = self.fresh(name)
        self._root.initializers[key] = numpy_helper.from_array(array, key)
        return key

    def integers(self, *numbers: int) -> str:
        """Return the name of a constant of these integers."""
        return self.constant(np.array(numbers, np.int64))

    def moved(self, x: str, pads: Sequence[tuple[int, int]], value: str = "") -> str:
        """Return a tensor with pads on each axis; a negative number crops."""
        grown = [(max(low, 0), max(high, 0)) for low, high in pads]
        if any(map(any, grown)):
            sizes = self.integers(*(low for low, _ in grown), *(high for _, high in grown))
            (x,) = self.add("Pad", [x, sizes, *([value] if value else [])])
        cropped = [
            (axis, max(-low, 0), max(-high, 0))
            for axis, (low, high) in enumerate(pads)
            if min(low, high) < 0
        ]
        if cropped:
            starts = self.integers(*(low for _, low, _ in cropped))
            ends = self.integers(*(-high or np.iinfo(np.int64).max for *_, high in cropped))
            (x,) = self.add("Slice", [x, starts, ends, self.integers(*(a for a, *_ in cropped))])
        return x
