"""`convdispatch config`: shows the configuration, and is the only writer of keras.json.

A write replaces the file in one step and changes the one value and no other character. It never
replaces an invalid file, and never writes an invalid one.
"""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path
from typing import TypeAlias

from convdispatch.cli._json_edit import edited
from convdispatch.cli._output import show, table, warn
from convdispatch.errors import ConfigError, InvalidArgument
from convdispatch.runtime import config, selection
from convdispatch.runtime.config_file import parsed, read_file
from convdispatch.runtime.registry import AVAILABLE, registry
from convdispatch.support.file_locks import passing
from convdispatch.support.files import (
    remove_drafts,
    require_replaceable,
    resolved,
    write_atomically,
)

# The answer of an action: for --json, and for people.
Result: TypeAlias = tuple[dict[str, object], str]

_PATIENCE = 60.0  # seconds; many processes may wait, each of them for a disk
_DIM_ORDERINGS = {"channels_last": "tf", "channels_first": "th"}


def run(arguments: argparse.Namespace) -> int:
    """Run one action of `convdispatch config`."""
    actions = {"show": _show, "get": _get, "set": _set, "path": _path}
    value, text = actions[arguments.action](config.config_path(os.environ), arguments)
    show(arguments, value, text)
    return 0


def read_settings(path: Path) -> tuple[dict[str, dict[str, object]], list[str]]:
    """Return each key's value and source, and the warnings that reading them gave."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loaded = config.load_config(path, os.environ)
    settings: dict[str, dict[str, object]] = {
        key: {"value": getattr(loaded, key), "source": loaded.sources[key]} for key in config.KEYS
    }
    settings["backend"]["value"] = loaded.backend or selection.DEFAULT_BACKEND
    return settings, [str(warning.message) for warning in caught]


def _path(path: Path, arguments: argparse.Namespace) -> Result:
    return {"path": str(path), "exists": os.path.isfile(path)}, str(path)


def _get(path: Path, arguments: argparse.Namespace) -> Result:
    setting = _settings_with_warnings(path)[arguments.key]
    return {"key": arguments.key, **setting}, str(setting["value"])


def _show(path: Path, arguments: argparse.Namespace) -> Result:
    settings = _settings_with_warnings(path)
    rows = [(key, str(entry["value"]), str(entry["source"])) for key, entry in settings.items()]
    text = table(("key", "value", "comes from"), rows)
    if not os.path.isfile(path):
        text += f"\n\nThere is no {path}."
    return {"path": str(path), "exists": os.path.isfile(path), "settings": settings}, text


def _settings_with_warnings(path: Path) -> dict[str, dict[str, object]]:
    settings, problems = read_settings(path)
    for problem in problems:
        warn(problem)
    return settings


def _set(path: Path, arguments: argparse.Namespace) -> Result:
    key = arguments.key
    value = _checked(key, arguments.value)
    try:
        target = resolved(path)  # a symbolic link stays one
        target.parent.mkdir(parents=True, exist_ok=True)
        # Held from reading to writing, so that two processes that change a key each keep both
        # changes.
        with passing(target.with_name(f".{target.name}.lock"), _PATIENCE):
            previous = _replace(path, target, key, value)
    except OSError as exc:
        raise ConfigError(
            f"{path}: cannot be written: {exc.strerror}; nothing was changed. Make the folder "
            "and the file writable, or point KERAS_HOME at another one."
        ) from exc
    overriding = next((v for v in config.VARIABLES.get(key, ()) if os.environ.get(v)), None)
    if overriding:
        warn(f"the environment variable {overriding} overrides it.")
    result = {
        "path": str(path),
        "key": key,
        "value": value,
        "previous": previous,
        "overridden_by": overriding,
    }
    return result, f"wrote {key} = {value!r} to {path} (it was {previous!r})"


def _replace(path: Path, target: Path, key: str, value: str | float) -> object:
    """Write the value into the file, whose lock is held; return the old value."""
    file = read_file(path)
    changes: dict[str, object] = {key: value}
    if file and key == "image_data_format" and "image_dim_ordering" in file.values:
        # Keras 1's spelling of the same setting: left alone, it would contradict the new value.
        changes["image_dim_ordering"] = _DIM_ORDERINGS[str(value)]
    text = edited(file.text if file else "{}", changes)
    _require_readable(path, text)
    require_replaceable(target)
    remove_drafts(target)
    write_atomically(target, ("\ufeff" if file and file.has_mark else "") + text)
    return file.values.get(key) if file else None


def _require_readable(path: Path, text: str) -> None:
    """Raise `ConfigError` if convdispatch would refuse to read the new text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of keys that are in the file already
            config.file_settings(parsed(path, text.encode("utf-8")))
    except ConfigError as exc:
        raise ConfigError(f"{exc} Nothing was changed.") from exc


def _checked(key: str, text: str) -> str | float:
    """Return the value that `text` spells, or raise before anything is written."""
    if key == "epsilon":
        try:
            return config.check_value(key, float(text))
        except ValueError as exc:
            raise InvalidArgument(
                f"`epsilon` cannot be {text!r}. Give a positive, finite number such as 1e-7."
            ) from exc
    value = config.check_value(key, text)
    if key == "backend":
        status = registry.status(text)  # raises BackendNotFound for an unknown name
        if status != AVAILABLE:
            warn(f"the backend {text!r} is {status}; see `convdispatch backends`.")
    return value
