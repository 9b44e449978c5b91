"""`convdispatch config`: shows the configuration, and is the only writer of keras.json.

A write replaces the file in one step, keeps the keys of others, and never replaces a file that
could not be understood.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import warnings
from pathlib import Path
from typing import TypeAlias

from convdispatch import config, selection
from convdispatch.cli._output import show, table, warn
from convdispatch.errors import ConfigError, InvalidArgument
from convdispatch.registry import AVAILABLE, registry

# What an action answers: for --json, and for people.
Result: TypeAlias = tuple[dict[str, object], str]

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
    return {"path": str(path), "exists": path.is_file()}, str(path)


def _get(path: Path, arguments: argparse.Namespace) -> Result:
    setting = _settings_with_warnings(path)[arguments.key]
    return {"key": arguments.key, **setting}, str(setting["value"])


def _show(path: Path, arguments: argparse.Namespace) -> Result:
    settings = _settings_with_warnings(path)
    rows = [(key, str(entry["value"]), str(entry["source"])) for key, entry in settings.items()]
    text = table(("key", "value", "comes from"), rows)
    if not path.is_file():
        text += f"\n\nThere is no {path}."
    return {"path": str(path), "exists": path.is_file(), "settings": settings}, text


def _settings_with_warnings(path: Path) -> dict[str, dict[str, object]]:
    settings, problems = read_settings(path)
    for problem in problems:
        warn(problem)
    return settings


def _set(path: Path, arguments: argparse.Namespace) -> Result:
    key = arguments.key
    value = _checked(key, arguments.value)
    file = config.read_file(path)
    values = dict(file.values) if file else {}
    previous = values.get(key)
    values[key] = value
    if key == "image_data_format" and "image_dim_ordering" in values:
        # Keras 1's spelling of the same setting: left alone, it would contradict the new value.
        values["image_dim_ordering"] = _DIM_ORDERINGS[str(value)]
    _write(path, json.dumps(values, indent=4, ensure_ascii=False) + "\n")
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


def _write(path: Path, text: str) -> None:
    """Replace the file in one step, so that no reader ever sees half of it."""
    target = Path(os.path.realpath(path))  # a symbolic link stays one
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("x", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            if target.exists():
                temporary.chmod(target.stat().st_mode)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as exc:
        raise ConfigError(
            f"{path}: cannot be written: {exc.strerror}; nothing was changed. Make the folder "
            "writable, or point KERAS_HOME at another one."
        ) from exc
