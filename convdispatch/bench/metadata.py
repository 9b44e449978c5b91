"""The metadata that an installation of a checkout would write, from its pyproject.toml.

The file is untrusted: every name in it is checked before it becomes a part of a path.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from convdispatch.errors import ConvDispatchError
from convdispatch.support.files import read_whole

_GROUP = "convdispatch"
_LARGEST = 2**20  # bytes; ours has four thousand

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")  # PEP 508
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]*")  # the letters of PEP 440
_POINT = re.compile(r"[\w.-]([\w .:+-]*[\w.+-])?")
_TARGET = re.compile(r"[\w.]+(\s*:\s*[\w.]+)?")


class CheckoutError(ConvDispatchError, ValueError):
    """A side of the comparison is neither a folder with a checkout nor a revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Project:
    name: str
    version: str
    entry_points: dict[str, dict[str, str]]  # by group, then by name


def write_metadata(folder: Path, metadata: Path) -> tuple[str, ...]:
    """Write what an installation of the checkout would register; return its plugins' modules.

    It comes first on the path, and hides an installed convdispatch's metadata by its name.
    Raises `CheckoutError` before anything is written.
    """
    project = _read(folder / "pyproject.toml")
    information = metadata / f"{project.name}-{project.version}.dist-info"
    information.mkdir(parents=True)
    information.joinpath("METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project.name}\nVersion: {project.version}\n", "utf-8"
    )
    lines = [
        line
        for group, points in project.entry_points.items()
        for line in (f"[{group}]", *(f"{name} = {target}" for name, target in points.items()))
    ]
    information.joinpath("entry_points.txt").write_text("\n".join(lines) + "\n", "utf-8")
    targets = project.entry_points.get(_GROUP, {}).values()
    return tuple(sorted({re.split("[.:]", target)[0].strip() for target in targets}))


def _read(path: Path) -> _Project:
    try:
        project = tomllib.loads(read_whole(path, _LARGEST).decode("utf-8"))["project"]
        name, version = project["name"], project.get("version", "0")
        points = project.get("entry-points", {})
    except (OSError, LookupError, TypeError, AttributeError, ValueError, RecursionError) as exc:
        raise CheckoutError(
            f"{path} cannot be used: {type(exc).__name__}: {exc}. Give a checkout whose "
            "pyproject.toml has a table [project] with a name."
        ) from exc
    _require(path, "project.name", name, _NAME)
    _require(path, "project.version", version, _VERSION)
    _require_table(path, "project.entry-points", points)
    for group, named in points.items():
        _require(path, "the name of a group of entry points", group, _POINT)
        _require_table(path, f"project.entry-points.{group}", named)
        for point, target in named.items():
            _require(path, "the name of an entry point", point, _POINT)
            _require(path, f"the entry point {point!r}", target, _TARGET)
    return _Project(name=name, version=version, entry_points=points)


def _require(path: Path, what: str, value: object, allowed: re.Pattern[str]) -> None:
    if not isinstance(value, str) or not allowed.fullmatch(value) or len(value) > 200:
        _refuse(path, what, value)


def _require_table(path: Path, what: str, value: object) -> None:
    if not isinstance(value, dict):
        _refuse(path, what, value)


def _refuse(path: Path, what: str, value: object) -> NoReturn:
    raise CheckoutError(
        f"{path} cannot be used: {what} cannot be {value!r}. Give a checkout that pip installs."
    )
