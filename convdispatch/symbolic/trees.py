"""Lists, tuples and dictionaries of arguments, with symbols at their leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a symbol among the arguments of a function: its number among the inputs."""

    number: int


def mapped(tree: Any, change: Callable[[Any], Any]) -> Any:
    """Return lists, tuples and dictionaries with other leaves."""
    if type(tree) in (list, tuple):
        return type(tree)(mapped(one, change) for one in tree)
    if type(tree) is dict:
        return {name: mapped(one, change) for name, one in tree.items()}
    if type(tree) is slice:
        return slice(*(mapped(one, change) for one in (tree.start, tree.stop, tree.step)))
    return change(tree)


def leaves(tree: Any) -> Iterator[Any]:
    """Yield the leaves of lists, tuples and dictionaries."""
    if type(tree) in (list, tuple):
        for one in tree:
            yield from leaves(one)
    elif type(tree) is dict:
        yield from leaves(list(tree.values()))
    elif type(tree) is slice:
        yield from (tree.start, tree.stop, tree.step)
    else:
        yield tree
