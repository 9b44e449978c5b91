"""What a picture shows: boxes with lines of text, and links between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

# Where the links point: down, up, to the right, to the left, in Graphviz's words.
DIRECTIONS = ("TB", "BT", "LR", "RL")


class Line(NamedTuple):
    """A line of text in a box: what stands on its left, and on its right."""

    left: str
    right: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle with text.

    title: the first line, which is set in bold.
    lines: those below it.
    family: the kind of thing, which has a colour: a key of `FAMILIES` in `svg`.
    about: what a pointer over the box shows.
    is_pile: whether there is more inside, which a second edge behind the box says.
    """

    title: Line
    lines: tuple[Line, ...] = ()
    family: str = "other"
    about: str = ""
    is_pile: bool = False


class Link(NamedTuple):
    """An arrow from an output of one box to another, by their numbers."""

    source: int
    target: int
    output: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """Boxes, in an order in which each comes after those that lead to it, and links."""

    boxes: tuple[Box, ...]
    links: tuple[Link, ...] = ()
    direction: str = "TB"
    about: str = ""
