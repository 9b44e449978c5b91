"""The engines of the scoreboard, read from a table and checked.

[[engine]]
name = "mlx"                      # also the name of its report
title = "MLX"
backend = "mlx"                   # what the example registers
example = "convdispatch-mlx"      # a folder of examples/
requirements = ["mlx[cpu]"]       # for pip, beside the example's own
environment = { KEY = "value" }   # variables of the run; optional
own = ["conv*", "functions"]      # ops that the engine computes; the kit composes the others
"""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")  # part of paths


class ScoreboardError(Exception):
    """The scoreboard cannot be made; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One row: what to install and what to ask."""

    name: str
    title: str
    backend: str
    example: str
    requirements: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    own: tuple[str, ...] = ("*",)

    def computes(self, op: str) -> bool:
        """Whether the engine has an operator for the op, which the example uses."""
        return any(fnmatch.fnmatchcase(op, pattern) for pattern in self.own)


def read_engines(path: Path) -> tuple[Engine, ...]:
    """Return the engines in the order of the file; raise `ScoreboardError` where it is wrong."""
    values = read_toml(path)
    entries = values.pop("engine", [])
    if values or not isinstance(entries, list) or not entries:
        raise ScoreboardError(f"{path} has the keys {sorted(values)}. Write [[engine]] tables.")
    engines = tuple(_engine(entry, path) for entry in entries)
    names = [engine.name for engine in engines]
    for name in names:
        if names.count(name) > 1:
            raise ScoreboardError(f"{path}: two engines are named {name!r}. Rename one.")
    return engines


def read_toml(path: Path) -> dict[str, Any]:
    """Return the file's values; raise `ScoreboardError`, naming the file, where it cannot."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as exc:
        raise ScoreboardError(f"{path} cannot be read: {exc}. Write it as TOML in UTF-8.") from exc


def select(engines: tuple[Engine, ...], wanted: list[str]) -> tuple[Engine, ...]:
    """Return the wanted engines, or all; raise `ScoreboardError` for a name that is none's."""
    names = [engine.name for engine in engines]
    for name in wanted:
        if name not in names:
            raise ScoreboardError(f"there is no engine {name!r}. There are: {', '.join(names)}.")
    return tuple(engine for engine in engines if not wanted or engine.name in wanted)


def _engine(entry: object, path: Path) -> Engine:
    values = dict(entry) if isinstance(entry, dict) else {}
    known = {one.name for one in fields(Engine)}
    needed = {"name", "title", "backend", "example"}
    if not needed <= set(values) <= known:
        raise ScoreboardError(
            f"{path}: an engine has the keys {sorted(values)}. It needs {sorted(needed)} and may "
            f"have {sorted(known - needed)}."
        )
    for key in needed:
        if not isinstance(values[key], str) or not values[key]:
            raise ScoreboardError(f"{path}: `{key}` is {values[key]!r}. Give a word.")
    if not _NAME.fullmatch(values["name"]):
        raise ScoreboardError(
            f"{path}: an engine is named {values['name']!r}. Use a-z, digits, - and ."
        )
    for key in ("requirements", "own"):
        if key in values:
            values[key] = _words(values[key], f"{path}: `{key}` of {values['name']!r}")
    environment = values.get("environment", {})
    if not isinstance(environment, dict) or not all(
        isinstance(value, str) for value in environment.values()
    ):
        raise ScoreboardError(
            f"{path}: `environment` of {values['name']!r} is {environment!r}. "
            "Give a table of words."
        )
    return Engine(**values)


def _words(value: object, what: str) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise ScoreboardError(f"{what} is {value!r}. Give a list of words.")
