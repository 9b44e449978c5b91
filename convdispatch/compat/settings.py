"""TensorFlow 1's settings of a script: sessions and devices, which mean nothing on other backends.

A script that uses nothing else of TensorFlow's gets a module for it that takes these words, says so
once, and has our Keras where TensorFlow 1 had its own.
"""

from __future__ import annotations

import builtins
import importlib
import os
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from convdispatch.compat.reading import Uses
from convdispatch.support.warnings import warn

_SETTINGS_OF = "tensorflow"  # a convention's name, too
_NAMES = frozenset(
    (
        *("ConfigProto", "GPUOptions", "InteractiveSession", "Session", "get_default_session"),
        *("global_variables_initializer", "reset_default_graph", "set_random_seed"),
        *("compat.v1.ConfigProto", "compat.v1.Session", "compat.v1.GPUOptions"),
        *("compat.v1.set_random_seed", "logging.set_verbosity", "logging.ERROR", "logging.FATAL"),
        *("logging.INFO", "logging.WARN", "__version__", "contrib", "compat", "compat.v1"),
        "logging",
    )
)


def is_setting(name: str) -> bool:
    """Whether a name of TensorFlow's only says how it runs.

    >>> is_setting("ConfigProto"), is_setting("reduce_mean")
    (True, False)
    """
    while name and name not in _NAMES:
        name = name.rpartition(".")[0]
        if name in ("", "compat", "compat.v1", "logging", "contrib"):
            return False
    return bool(name)


def files_of_settings(uses: Uses) -> list[str]:
    """Return the files that import TensorFlow for settings and for its Keras alone, if all do."""
    is_meant = uses.imports_tensorflow and all(is_setting(name) for name in uses.tensorflow)
    return uses.files if is_meant else []


class Settings:
    """Takes any attribute and any argument, as `tf.ConfigProto` does."""

    def __init__(self, **words: Any) -> None:
        vars(self).update(words)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = Settings()
        vars(self)[name] = made
        return made


class Session(Settings):
    """A session, which does nothing."""

    def __init__(self, *_: Any, **words: Any) -> None:
        super().__init__(**words)

    def __enter__(self) -> Session:
        """Do nothing."""
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""

    def run(self, *_: Any, **__: Any) -> None:
        """Do nothing: variables have their values."""

    def close(self) -> None:
        """Do nothing."""

    def as_default(self) -> Session:
        """Return the session itself."""
        return self


def stand_in(api: str = "keras2") -> Any:
    """Return a module with TensorFlow 1's settings, and with that façade as its Keras."""
    warn(
        "Sessions and settings of devices have no effect here: the backend has its own. Nothing "
        "else of TensorFlow's own functions is offered."
    )
    module: Any = ModuleType("tensorflow_settings")
    keras: Any = importlib.import_module(f"convdispatch.{api}")
    words: dict[str, Any] = {
        "ConfigProto": Settings,
        "GPUOptions": Settings,
        "InteractiveSession": Session,
        "Session": Session,
        "get_default_session": Session,
        "global_variables_initializer": _nothing,
        "reset_default_graph": _nothing,
        "set_random_seed": _seed,
        "logging": Settings(set_verbosity=_nothing, ERROR=40, FATAL=50, INFO=20, WARN=30),
        "keras": keras,
        "__version__": "1.15.0",
    }
    vars(module).update(words)
    module.contrib = Settings(keras=keras)
    module.compat = Settings(v1=Settings(**words))
    return module


def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


def _seed(seed: int) -> None:
    from convdispatch.formulas.random import set_random_seed

    set_random_seed(seed)


def answer(files: Iterable[str], api: str) -> None:
    """Let those files, and no others, import that module for TensorFlow."""
    own = frozenset(map(os.path.realpath, files))
    theirs: Callable[..., Any] = builtins.__import__
    made: list[Any] = []

    def find(name: str, *rest: Any, **words: Any) -> Any:
        names = rest[0] if rest else words.get("globals")
        wanted = rest[2] if len(rest) > 2 else words.get("fromlist")
        asker = str((names or {}).get("__file__", ""))
        if name.partition(".")[0] != _SETTINGS_OF or os.path.realpath(asker) not in own:
            return theirs(name, *rest, **words)
        if not made:
            made.append(stand_in(api))
        found: Any = made[0]
        parts = name.split(".")[1:]
        for place, part in enumerate(parts):
            if part == "keras":
                inner = ".".join(("", *parts[place + 1 :]))
                ours = importlib.import_module(f"convdispatch.{api}{inner.rstrip('.')}")
                return ours if wanted else made[0]
            found = getattr(found, part)
        return found if wanted else made[0]

    builtins.__import__ = find
