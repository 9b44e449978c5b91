"""What may follow what on the command line, as every shell's script is made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FILES, FOLDERS, NOTHING = "files", "folders", "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What may stand at one place: these words, files, folders, or what nobody can know."""

    kind: str = NOTHING
    words: tuple[str, ...] = ()
    is_list: bool = False  # several of the words, joined by commas


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option: its spellings, and what follows it, None for a flag."""

    names: tuple[str, ...]
    help: str
    value: Value | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What may follow a command; `path` is such as 'config set', '' for `convdispatch` itself."""

    path: str
    options: tuple[Option, ...]
    places: tuple[Value, ...]
    children: Mapping[str, str]  # the help of each command below it
