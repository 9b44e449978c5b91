"""One row of a Keras's table of layers: what it calls a layer, and how it spells its arguments.

A row holds only words. `facades` looks up what they name and makes the class.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import NamedTuple, TypeAlias

# How a Keras spells an argument of `convdispatch.layers`: by one name, or by one name an axis.
Spelled: TypeAlias = str | tuple[str, ...]


def names_in(spelled: Spelled | None) -> tuple[str, ...]:
    """Return the names that spell one argument."""
    return (spelled,) if isinstance(spelled, str) else spelled or ()


def chosen(candidates: Iterable[Spelled], stated: Container[str]) -> Spelled | None:
    """Return the first spelling whose names are all stated, or None."""
    for one in candidates:
        if all(name in stated for name in names_in(one)):
            return one
    return None


class KernelAxes(NamedTuple):
    """How a Keras stores a kernel: which of its axes are Keras 2's, and the one that Keras 2 lacks.

    That one has size 1.
    """

    axes: tuple[int, ...]
    dropped_axis: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One class of a façade.

    name: what this Keras calls the class; `also` are other names of it, and `aliases` those that
        `convdispatch.layers` has too.
    like: the class of `convdispatch.layers` that it translates, where it has another name.
    arguments: those of the constructor as Python writes a signature; a type is stated where it is
        another one than that of the argument of `like`. None: those of `like`, with other
        `defaults`, and with `more` after them.
    spelling: names of arguments for which the rules of this Keras give another one.
    layouts: by dim_ordering and weight, where this Keras stores the axes in another order.
    fans: the dim_ordering by which fans are read from a kernel's shape, '' for the layer's own.
    note: one sentence for the documentation on what differs from `like`.
    function: the name of the function that makes such a layer and calls it with its first argument.
    """

    name: str
    like: str = ""
    arguments: str | None = None
    _: KW_ONLY
    also: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    defaults: Mapping[str, object] = field(default_factory=dict)
    more: str = ""
    spelling: Mapping[str, Spelled] = field(default_factory=dict)
    layouts: Mapping[str, Mapping[str, KernelAxes]] = field(default_factory=dict)
    fans: str = ""
    note: str = ""
    function: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name of the class."""
        return (self.name, *self.also, *self.aliases)

    @property
    def likeness(self) -> str:
        """The name of the class of `convdispatch.layers`."""
        return self.like or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method of a façade's models, where this Keras states other arguments than ours.

    arguments: as Python writes a signature.
    renames: what this Keras calls an argument, with our name for it.
    like: our method, where it has another name.
    ignored: words of a Keras before this one that it leaves out, each with its warning.
    of: the classes of models that have it.
    """

    arguments: str
    renames: Mapping[str, str] = field(default_factory=dict)
    like: str = ""
    ignored: Mapping[str, str] = field(default_factory=dict)
    of: tuple[str, ...] = ("Sequential", "Model")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """How a Keras reports an epoch: formats of the seconds, the pace of a step and the numbers.

    plain: where `verbose` is 2.
    after_bar: after the bar, where `verbose` is 1.
    says_predictions: whether `predict` ends with the bar too, where `verbose` is 1.
    has_rich_bar: whether rich, where it is installed, draws the bar that moves on a terminal.
    """

    plain: str
    after_bar: str
    says_predictions: bool = True
    has_rich_bar: bool = False


# By module of this Keras's layers, such as 'convolutional'.
Table: TypeAlias = Mapping[str, tuple[Row, ...]]


def rows_of(table: Table) -> Iterator[Row]:
    """Yield every row of a table."""
    for rows in table.values():
        yield from rows


def names_of(rows: Iterable[Row]) -> tuple[str, ...]:
    """Return every name of every row, in the order of the alphabet."""
    names = [name for row in rows for name in (*row.names, row.function) if name]
    return tuple(sorted(names))
