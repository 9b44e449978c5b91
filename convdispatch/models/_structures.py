"""Dictionaries and nested lists of tensors as the inputs and outputs of a model.

A model has its tensors in a row. That row goes by the keys of dictionaries in their order as words,
as Keras has it. A structure is a number in that row, or a dictionary or a list of structures.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from convdispatch.errors import InvalidArgument

_BRANCHES = (Mapping, list, tuple)


def is_nested(given: Any) -> bool:
    """Return whether tensors are a dictionary, or a list with more than tensors in it.

    >>> is_nested({"a": 1}), is_nested([1, [2]]), is_nested([1, 2]), is_nested(1)
    (True, True, False, False)
    """
    if isinstance(given, list | tuple):
        return any(isinstance(one, _BRANCHES) for one in given)
    return isinstance(given, Mapping)


def leaves(given: Any, is_leaf: Callable[[Any], bool] = lambda _: False) -> list[Any]:
    """Return the tensors of a structure in a row.

    >>> leaves({"b": [1, 2], "a": 3})
    [3, 1, 2]
    """
    if is_leaf(given) or not isinstance(given, _BRANCHES):
        return [given]
    inner = given
    if isinstance(given, Mapping):
        inner = [given[key] for key in sorted(given, key=str)]
    return [leaf for one in inner for leaf in leaves(one, is_leaf)]


def packed(structure: Any, row: Any) -> Any:
    """Return the tensors of a row in a structure: of numbers, or of any that is like it.

    >>> packed({"b": [0, 0], "a": 0}, [3, 1, 2])
    {'b': [1, 2], 'a': 3}
    """
    return _packed(structure, iter(row))


def _packed(structure: Any, row: Iterator[Any]) -> Any:
    if isinstance(structure, Mapping):
        found = {key: _packed(structure[key], row) for key in sorted(structure, key=str)}
        return {key: found[key] for key in structure}
    if isinstance(structure, list | tuple):
        return [_packed(one, row) for one in structure]
    return next(row)


def numbered(given: Any) -> Any:
    """Return a structure with the places of its tensors; None where they are in a row already."""
    return packed(given, itertools.count()) if is_nested(given) else None


class WithStructures:
    """A model whose inputs and outputs may be structures of tensors."""

    name: str
    input_structure: Any = None
    output_structure: Any = None

    def in_structure(self, outputs: Any) -> Any:
        """Return outputs in a row as those that the model returns."""
        if self.output_structure is None:
            return outputs
        return packed(self.output_structure, outputs)

    def in_row(self, outputs: Any) -> Any:
        """Return what the model returns as outputs in a row."""
        return outputs if self.output_structure is None else leaves(outputs)

    def _in_structures(self, calls: dict[str, Any]) -> dict[str, Any]:
        """Return a graph's document with the ends in their structures."""
        both = {"input_layers": self.input_structure, "output_layers": self.output_structure}
        return calls | {
            key: packed(one, calls[key]) for key, one in both.items() if one is not None
        }

    def _inputs_in_row(self, inputs: Any) -> Any:
        """Return what the model is called with as a row, where it takes a structure."""
        structure = self.input_structure
        if structure is None or not isinstance(inputs, _BRANCHES):
            return inputs
        count = len(leaves(structure))
        if isinstance(inputs, list | tuple) and not is_nested(inputs) and len(inputs) == count:
            return list(inputs)
        if not _is_like(inputs, structure):
            raise InvalidArgument(
                f"`inputs` of {self.name!r} must be tensors in the structure "
                f"{_shown(structure)}; received {_shown(inputs)}."
            )
        return _by_structure(inputs, structure)


def _is_like(given: Any, structure: Any) -> bool:
    if isinstance(structure, Mapping):
        return isinstance(given, Mapping) and all(
            key in given and _is_like(given[key], one) for key, one in structure.items()
        )
    if isinstance(structure, list):
        return (
            isinstance(given, list | tuple)
            and len(given) == len(structure)
            and all(_is_like(one, own) for one, own in zip(given, structure, strict=True))
        )
    return not isinstance(given, Mapping)


def _by_structure(given: Any, structure: Any) -> list[Any]:
    if isinstance(structure, Mapping):
        pairs = [(given[key], structure[key]) for key in sorted(structure, key=str)]
    elif isinstance(structure, list):
        pairs = list(zip(given, structure, strict=True))
    else:
        return [given]
    return [leaf for pair in pairs for leaf in _by_structure(*pair)]


def _shown(structure: Any) -> str:
    if isinstance(structure, Mapping):
        return "{" + ", ".join(f"{key!r}: {_shown(one)}" for key, one in structure.items()) + "}"
    if isinstance(structure, list | tuple):
        return "[" + ", ".join(map(_shown, structure)) + "]"
    return "..."
