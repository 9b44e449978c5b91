"""The words that may follow each other on the command line; every shell's script uses them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FILES, FOLDERS, NOTHING = "files", "folders", "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """The values of one place: these words, files, folders, or free text."""

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
    """The words after a command; `path` is 'config set', say, or '' for `convdispatch` itself."""

    path: str
    options: tuple[Option, ...]
    places: tuple[Value, ...]
    children: Mapping[str, str]  # the help of each command below it
