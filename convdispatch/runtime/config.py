"""The settings of keras.json and the environment, as one frozen value.

Reading is pure: a path and a mapping in, a `Config` out. Nothing here writes a file, keeps state,
or knows which backends exist: a file may only *name* a backend, and `selection` judges the name.
"""

from __future__ import annotations

import difflib
import math
import numbers
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from convdispatch.errors import ConfigError, InvalidArgument, InvalidType
from convdispatch.runtime.config_file import ConfigFile, read_file
from convdispatch.support.warnings import warn

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


# Our variables that other modules read, and the prefixes of those that tests and benchmarks read; a
# test compares.
_READ_ELSEWHERE = (
    "CONVDISPATCH_AUTOTUNE",
    "CONVDISPATCH_CACHE_HOME",
    "CONVDISPATCH_GROUP_TIMEOUT",
    "CONVDISPATCH_NUMPY_THREADS",
    "CONVDISPATCH_SHARD_WEIGHTS",
)
_OURS, _OF_TESTS = "CONVDISPATCH_", ("CONVDISPATCH_TEST_", "CONVDISPATCH_BENCH_")


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


def config_path(environ: Mapping[str, str]) -> Path:
    """Return the path of keras.json: in KERAS_HOME if that is set, else in ~/.keras.

    >>> config_path({"KERAS_HOME": "/etc/keras"}).as_posix()
    '/etc/keras/keras.json'
    """
    home = environ.get("USERPROFILE" if os.name == "nt" else "HOME") or os.path.expanduser("~")
    folder = environ.get("KERAS_HOME")
    return (Path(folder) if folder else Path(home) / ".keras") / "keras.json"


def keras_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of keras.json and of the data sets.

    >>> keras_folder({"KERAS_HOME": "/etc/keras"}).as_posix()
    '/etc/keras'
    """
    return config_path(environ).parent


def load_config(path: Path, environ: Mapping[str, str]) -> Config:
    """Return the defaults, overridden by the file if it exists, overridden by the environment.

    Warns of unknown keys and variables. Raises `ConfigError` for a file or a variable that cannot
    be understood.

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
    """Return ' Did you mean ...?' if a known name resembles `name`, else ''."""
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def file_settings(file: ConfigFile) -> dict[str, object]:
    """Return the file's settings under our names, checked; warn of unknown keys."""
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
    _warn_of_unknown(environ)
    found: list[tuple[str, object, str]] = []
    for key, variables in VARIABLES.items():
        variable = next((name for name in variables if environ.get(name)), None)
        if variable is not None:
            try:
                found.append((key, check_value(key, environ[variable]), variable))
            except InvalidArgument as exc:
                raise ConfigError(f"the environment variable {variable}: {exc}") from exc
    return found


def _warn_of_unknown(environ: Mapping[str, str]) -> None:
    """Warn of a variable that looks like ours but has no effect."""
    read = {name for names in VARIABLES.values() for name in names}
    known = (*sorted(read), *_READ_ELSEWHERE)
    for name in sorted(environ):
        if name.startswith(_OURS) and name not in known and not name.startswith(_OF_TESTS):
            warn(
                f"the environment variable {name} is ignored: nothing reads one of that name."
                f"{close_match(name, known)}"
            )


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
