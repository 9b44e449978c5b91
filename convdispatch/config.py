"""What keras.json and the environment say, as one frozen value.

Reading is pure: a path and a mapping in, a `Config` out. Nothing here writes a file, keeps state,
or knows which backends exist: a file may only *name* a backend, and `selection` judges the name.
"""

from __future__ import annotations

import difflib
import json
import math
import numbers
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from convdispatch._warnings import warn
from convdispatch.errors import ConfigError, InvalidArgument, InvalidType

SIZE_LIMIT = 64 * 1024  # bytes: a keras.json has five short lines
DEFAULT = "default"

# The values that each key with a closed set of them accepts.
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "floatx": ("float16", "bfloat16", "float32", "float64"),
    "image_data_format": ("channels_last", "channels_first"),
    "convention": ("tensorflow", "theano"),
}
KEYS = ("backend", "floatx", "epsilon", "image_data_format", "convention")

# Keras 1's spelling of `image_data_format`.
_DIM_ORDERINGS = {"tf": "channels_last", "th": "channels_first"}
# Keras 3 keeps these in the same file; they concern its training loop and mean nothing here.
_IGNORED_KEYS = ("nnx_enabled", "max_epochs", "max_steps_per_epoch")

# The variables that override a key, the strongest first.
VARIABLES: Mapping[str, tuple[str, ...]] = {
    "backend": ("CONVDISPATCH_BACKEND", "KERAS_BACKEND"),
    "floatx": ("CONVDISPATCH_FLOATX",),
    "convention": ("CONVDISPATCH_CONVENTION",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings in force before the program itself changes any.

    `sources` says where each value came from: 'default', the file's path, or a variable's name.
    """

    backend: str | None = None
    floatx: str = "float32"
    epsilon: float = 1e-7
    image_data_format: str = "channels_last"
    convention: str = "tensorflow"
    sources: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType(dict.fromkeys(KEYS, DEFAULT))
    )


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A keras.json that was read: its values and, for error messages, its text."""

    path: Path
    text: str
    values: Mapping[str, object]

    def fail(self, key: str, reason: str) -> NoReturn:
        """Raise `ConfigError` at the line and column where `key` is written."""
        found = re.search(rf"{re.escape(json.dumps(key))}\s*:", self.text)
        raise ConfigError(f"{_place(self.path, self.text, found.start() if found else 0)}{reason}")


def config_path(environ: Mapping[str, str]) -> Path:
    """Return where keras.json is looked for: in KERAS_HOME if that is set, else in ~/.keras.

    >>> config_path({"KERAS_HOME": "/etc/keras"}).as_posix()
    '/etc/keras/keras.json'
    """
    home = environ.get("USERPROFILE" if os.name == "nt" else "HOME") or os.path.expanduser("~")
    folder = environ.get("KERAS_HOME")
    return (Path(folder) if folder else Path(home) / ".keras") / "keras.json"


def load_config(path: Path, environ: Mapping[str, str]) -> Config:
    """Return the defaults, overridden by the file if it exists, overridden by the environment.

    Warns of unknown keys. Raises `ConfigError` for a file or a variable that cannot be understood.

    >>> load_config(Path("no such file"), {"KERAS_BACKEND": "jax"}).backend
    'jax'
    """
    values: dict[str, object] = {}
    sources = dict.fromkeys(KEYS, DEFAULT)
    file = read_file(path)
    if file is not None:
        values |= file_settings(file)
        sources |= dict.fromkeys(values, str(path))
    for key, value, variable in _environment_settings(environ):
        values[key] = value
        sources[key] = variable
    # check_value has given every value the type of its field.
    return Config(**values, sources=MappingProxyType(sources))  # type: ignore[arg-type] # see above


def check_value(key: str, value: object) -> str | float:
    """Return `value` as the setting `key` keeps it.

    Raises `InvalidArgument` for a value that is not allowed and `InvalidType` for one of another
    kind. Any non-empty string may name a backend.

    >>> check_value("image_data_format", "channels_first")
    'channels_first'
    """
    if key == "epsilon":
        return _check_epsilon(value)
    allowed = ALLOWED.get(key)
    kind = f"one of {', '.join(map(repr, allowed))}" if allowed else "the name of a backend"
    if not isinstance(value, str):
        raise InvalidType(
            f"`{key}` must be a string, received {value!r} of type {type(value).__name__}. "
            f"Give {kind}."
        )
    if not value or (allowed and value not in allowed):
        raise InvalidArgument(
            f"`{key}` cannot be {value!r}. Give {kind}.{close_match(value, allowed or ())}"
        )
    return value


def close_match(name: str, known: tuple[str, ...]) -> str:
    """Return ' Did you mean ...?' where a known name resembles `name`, else nothing."""
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def read_file(path: Path) -> ConfigFile | None:
    """Return the JSON object in the file, or None where there is no file.

    Raises `ConfigError` for anything but a readable, small UTF-8 file with one JSON object.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None  # PermissionError: a home that may not even be looked into is no home
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be read: {exc.strerror}. Repair the path.") from exc
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(
            f"{path}: is not a regular file. Remove it or point KERAS_HOME elsewhere."
        )
    if status.st_size > SIZE_LIMIT:
        raise ConfigError(
            f"{path}: is {status.st_size} bytes long, at most {SIZE_LIMIT} are read. "
            f"Keep only the keys {', '.join(KEYS)} in it."
        )
    try:
        raw = path.read_bytes()
    except OSError as exc:
        raise ConfigError(
            f"{path}: cannot be read: {exc.strerror}. Change its permissions, or point KERAS_HOME "
            "at another folder."
        ) from exc
    text = _decode(path, raw)
    return ConfigFile(path, text, _parse(path, text))


def file_settings(file: ConfigFile) -> dict[str, object]:
    """Return the file's settings under our names, checked; warn of keys that nobody knows."""
    settings: dict[str, object] = {}
    for key, value in file.values.items():
        if key in KEYS:
            try:
                settings[key] = check_value(key, value)
            except (InvalidArgument, InvalidType) as exc:
                file.fail(key, str(exc))
        elif key not in (*_IGNORED_KEYS, "image_dim_ordering"):
            known = (*KEYS, "image_dim_ordering", *_IGNORED_KEYS)
            warn(f"{file.path}: the unknown key {key!r} is ignored.{close_match(key, known)}")
    if "image_dim_ordering" in file.values:
        settings["image_data_format"] = _from_dim_ordering(file)
    return settings


def _from_dim_ordering(file: ConfigFile) -> str:
    ordering = file.values["image_dim_ordering"]
    if not isinstance(ordering, str) or ordering not in _DIM_ORDERINGS:
        file.fail(
            "image_dim_ordering",
            f"`image_dim_ordering` cannot be {ordering!r}. Give one of 'tf', 'th', or use "
            "`image_data_format`.",
        )
    data_format = _DIM_ORDERINGS[ordering]
    if file.values.get("image_data_format", data_format) != data_format:
        file.fail(
            "image_dim_ordering",
            f"`image_dim_ordering` {ordering!r} contradicts `image_data_format` "
            f"{file.values['image_data_format']!r}; it means {data_format!r}. Remove one of them.",
        )
    return data_format


def _environment_settings(environ: Mapping[str, str]) -> list[tuple[str, object, str]]:
    """Return (key, value, variable) for each key that a non-empty variable sets."""
    found: list[tuple[str, object, str]] = []
    for key, variables in VARIABLES.items():
        variable = next((name for name in variables if environ.get(name)), None)
        if variable is not None:
            try:
                found.append((key, check_value(key, environ[variable]), variable))
            except InvalidArgument as exc:
                raise ConfigError(f"the environment variable {variable}: {exc}") from exc
    return found


def _check_epsilon(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise InvalidType(
            f"`epsilon` must be a number, received {value!r} of type {type(value).__name__}. "
            "Give a positive number such as 1e-7."
        )
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not (math.isfinite(number) and number > 0):
        raise InvalidArgument(
            f"`epsilon` cannot be {value!r}. Give a positive, finite number such as 1e-7."
        )
    return number


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
        keys = [key for key, _ in pairs]
        for key in keys:
            if keys.count(key) > 1:
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
