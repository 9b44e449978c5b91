"""The attributes of HDF5's objects: texts and numbers, few of them and small."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from convdispatch.saving.hdf5_format.blocks import NOWHERE, Blocks, Cursor
from convdispatch.saving.hdf5_format.headers import Message
from convdispatch.saving.hdf5_format.indexes import FractalHeap, GlobalHeap, records
from convdispatch.saving.hdf5_format.messages import (
    ElementType,
    TextType,
    element_type,
    name_of,
    shape,
)
from convdispatch.saving.hdf5_format.tree import BFLOAT16, Attribute, Damaged, Unusual

_ATTRIBUTE, _MANY_ATTRIBUTES = 0x0C, 0x15


class Attributes:
    """Reads attributes, and the texts that they hold."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._heap = GlobalHeap(blocks)

    def of(self, found: list[Message]) -> dict[str, Attribute]:
        """Return the attributes that an object's messages hold or lead to."""
        attributes: dict[str, Attribute] = {}
        for data in self._messages(found):
            self._blocks.count()
            name, value = self._attribute(Cursor(data))
            if name in attributes:
                raise Damaged(f"it has two attributes {name!r}")
            attributes[name] = value
        return dict(sorted(attributes.items()))

    def _messages(self, found: list[Message]) -> Iterator[bytes]:
        for message in found:
            if message.kind == _ATTRIBUTE:
                yield message.data
            elif message.kind == _MANY_ATTRIBUTES:
                cursor = message.cursor()
                cursor.take(1)
                cursor.take(2 if cursor.number(1) & 1 else 0)
                heap, tree = cursor.number(8), cursor.number(8)
                if heap != NOWHERE:
                    yield from self._many(heap, tree)

    def _many(self, place: int, tree: int) -> Iterator[bytes]:
        heap = FractalHeap(self._blocks, place)
        for record in records(self._blocks, tree):
            if record[heap.id_size : heap.id_size + 1] not in (b"\0", b"\1", b"\4"):
                raise Unusual("a shared attribute")
            yield heap.object(record[: heap.id_size])

    def _attribute(self, cursor: Cursor) -> tuple[str, Attribute]:
        version, flags = cursor.number(1), cursor.number(1)
        if version not in (1, 2, 3) or (version > 1 and flags):
            raise Unusual("an attribute of an unknown form")
        sizes = [cursor.number(2) for _ in range(3)]
        if version == 3:
            cursor.take(1)
        name, kind, axes = (
            cursor.take(size + (-size % 8 if version == 1 else 0))[:size] for size in sizes
        )
        title = _attribute_name(name)
        dimensions = shape(Cursor(axes))
        if dimensions is None:
            raise Damaged(f"its attribute {title!r} has no value")
        return title, self._value(title, element_type(Cursor(kind)), dimensions, cursor)

    def _value(
        self, name: str, kind: ElementType, dimensions: tuple[int, ...], cursor: Cursor
    ) -> Attribute:
        count = math.prod(dimensions)
        if len(dimensions) > 1 or count > cursor.left:
            raise Damaged(f"its attribute {name!r} of shape {dimensions} is larger than it")
        if isinstance(kind, TextType):
            texts = [self._text(name, kind, cursor) for _ in range(count)]
            return texts if dimensions else texts[0]
        if isinstance(kind, int) or kind == BFLOAT16:
            raise Damaged(f"its attribute {name!r} holds neither texts nor numbers")
        data = cursor.take(count * int(kind[2:]))
        self._blocks.count_text(8 * len(data))
        numbers: list[Any] = np.frombuffer(data, np.dtype(kind)).tolist()
        return numbers if dimensions else cast("int | float", numbers[0])

    def _text(self, name: str, kind: TextType, cursor: Cursor) -> str:
        if kind.size is None:
            data = self._heap.text(cursor.number(4), cursor.number(8), cursor.number(4))
        else:
            data = cursor.take(kind.size)
        try:
            return data.rstrip(b"\0").decode("utf-8")
        except UnicodeDecodeError as exc:
            raise Damaged(f"its attribute {name!r} is not a text in UTF-8") from exc


def _attribute_name(data: bytes) -> str:
    return name_of(data.rstrip(b"\0").replace(b"/", b"|"))
