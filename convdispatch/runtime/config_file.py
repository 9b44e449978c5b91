"""Read keras.json safely as a JSON object, without interpreting its keys."""

from __future__ import annotations

import codecs
import json
import re
import stat
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from convdispatch.errors import ConfigError
from convdispatch.support.files import read_whole

SIZE_LIMIT = 64 * 1024  # bytes: a keras.json has five short lines


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A keras.json that was read: its values and, for error messages, its text."""

    path: Path
    text: str
    values: Mapping[str, object]
    has_mark: bool  # a byte order mark before the text

    def fail(self, key: str, reason: str) -> NoReturn:
        """Raise `ConfigError` at the line and column where `key` is written."""
        found = re.search(rf"{re.escape(json.dumps(key))}\s*:", self.text)
        raise ConfigError(f"{_place(self.path, self.text, found.start() if found else 0)}{reason}")


def read_file(path: Path) -> ConfigFile | None:
    """Return the JSON object in the file, or None if there is no file.

    Raises `ConfigError` for anything but a readable, small UTF-8 file with one JSON object.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None  # PermissionError: an unreadable home counts as no home
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be read: {exc.strerror}. Repair the path.") from exc
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(
            f"{path}: is not a regular file. Remove it or point KERAS_HOME elsewhere."
        )
    if status.st_size > SIZE_LIMIT:
        raise _too_long(path, status.st_size)
    try:
        raw = read_whole(path, SIZE_LIMIT)
    except OSError as exc:
        raise ConfigError(
            f"{path}: cannot be read: {exc.strerror}. Change its permissions, or point KERAS_HOME "
            "at another folder."
        ) from exc
    return parsed(path, raw)


def parsed(path: Path, raw: bytes) -> ConfigFile:
    """Return the JSON object in `raw`, the content of `path`; raise `ConfigError`."""
    if len(raw) > SIZE_LIMIT:
        raise _too_long(path, len(raw))
    text = _decode(path, raw)
    return ConfigFile(path, text, _parse(path, text), raw.startswith(codecs.BOM_UTF8))


def _too_long(path: Path, size: int) -> ConfigError:
    return ConfigError(
        f"{path}: is {size} bytes long, at most {SIZE_LIMIT} are read. "
        "Keep only Keras's and convdispatch's own keys in it."
    )


def _decode(path: Path, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")  # Windows editors put a byte order mark first
    except UnicodeDecodeError as exc:
        before = raw[: exc.start].decode("utf-8", "replace")
        raise ConfigError(
            f"{_place(path, before, len(before))}is not UTF-8 text: byte 0x{raw[exc.start]:02x} "
            f"({exc.reason}). Save the file as UTF-8."
        ) from exc


def _parse(path: Path, text: str) -> dict[str, object]:
    def reject_constant(name: str) -> NoReturn:
        raise ConfigError(f"{_place(path, text, text.index(name))}{name} is not JSON.")

    def require_distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
        for key, times in Counter(key for key, _ in pairs).items():
            if times > 1:
                where = text.rindex(json.dumps(key)) if json.dumps(key) in text else 0
                raise ConfigError(
                    f"{_place(path, text, where)}the key {key!r} is written more than once. "
                    "Keep one of them."
                )
        return dict(pairs)

    try:
        value = json.loads(text, parse_constant=reject_constant, object_pairs_hook=require_distinct)
    except json.JSONDecodeError as exc:
        raise ConfigError(
            f"{_place(path, text, exc.pos)}is not JSON: {exc.msg}. Repair or remove the file."
        ) from exc
    except ConfigError:
        raise
    except (RecursionError, ValueError) as exc:  # beyond the limits of Python's own parser
        raise ConfigError(
            f"{path}: holds a number that is too long or is nested too deeply ({exc}). "
            "Repair or remove the file."
        ) from exc
    if not isinstance(value, dict):
        raise ConfigError(
            f"{_place(path, text, 0)}must hold one JSON object such as "
            f'{{"backend": "numpy"}}, received a JSON {_json_kind(value)}.'
        )
    return value


def _json_kind(value: object) -> str:
    kinds = {list: "array", str: "string", bool: "boolean", type(None): "null"}
    return kinds.get(type(value), "number")


def _place(path: Path, text: str, position: int) -> str:
    """Return 'file:line N, column M: ' for a position in the text, both counted from 1."""
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    return f"{path}: line {line}, column {column}: "
