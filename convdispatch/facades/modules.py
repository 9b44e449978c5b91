"""The modules of a façade that a table makes: their names are looked up where they are, on use.

So a script may `import keras.engine.topology`, or reach it by attribute after `import keras`, and
nothing is imported before it is asked for.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType
from typing import Any

from convdispatch.doors.elsewhere import missing
from convdispatch.doors.modules import EVERYTHING, TABLES, Sources, names_of


class Room(ModuleType):
    """A module of a table's row."""

    def __init__(self, name: str, sources: Sources) -> None:
        super().__init__(name, f"`{name.partition('.')[2]}`: names that other modules have.")
        self.__path__: list[str] = []
        self.__spec__ = ModuleSpec(name, None)
        self.__package__ = name
        self._sources = sources

    @property
    def __all__(self) -> list[str]:
        """What a star import brings: the names that exist."""
        return [name for name in self.__dir__() if not name.startswith("_") and _has(self, name)]

    def __dir__(self) -> list[str]:
        found = {name for name in vars(self) if isinstance(vars(self)[name], ModuleType)}
        for name, (source, _) in names_of(self._sources).items():
            whole = _module(self.__name__, source) if name == EVERYTHING else None
            found.update([name] if whole is None else public_names(whole))
        return sorted(found)

    def __getattr__(self, name: str) -> Any:
        return found_in(self.__name__, self._sources, name, sys._getframe(1))


def _has(module: ModuleType, name: str) -> bool:
    try:
        return hasattr(module, name)
    except ImportError:  # of a package that is not installed
        return False


def public_names(module: ModuleType) -> list[str]:
    """Return the names that a star import of a module brings."""
    listed: list[str] = getattr(module, "__all__", dir(module))
    return [name for name in listed if not name.startswith("_")]


def found_in(module: str, sources: Sources, name: str, asker: FrameType) -> Any:
    """Return what a name of a module stands for; raise what `finder` raises for a missing one."""
    if name.startswith("__"):
        raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name)
    table = names_of(sources)
    source, there = table.get(name) or (table.get(EVERYTHING, ("", ""))[0], name)
    if source.endswith("()"):
        made: Mapping[str, Any] = _module(module, source).for_door(_door(module))
        if there in made:
            return made[there]
    elif source:
        try:
            return getattr(_module(module, source), there)
        except AttributeError:
            pass
    raise missing(module, name, asker)


def opener(module: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module that has more than it defines: its row's names, too."""
    door, _, path = module.removeprefix("convdispatch.").partition(".")
    sources = TABLES[door].get(path, {})

    def find(name: str) -> Any:
        return found_in(module, sources, name, sys._getframe(1))

    return find


def open_rooms(package: str) -> None:
    """Make every module of the façade's table that has no file, and let its parent know it."""
    table = {path: row for path, row in TABLES[_door(package)].items() if path}
    for path, sources in table.items():
        name = f"{package}.{path}"
        if name not in sys.modules:  # those that have a file are imported
            sys.modules[name] = Room(name, sources)
    for path in table:
        parent, _, last = f"{package}.{path}".rpartition(".")
        above: Any = sys.modules[parent]
        if not hasattr(above, "__path__"):
            above.__path__ = []
        setattr(above, last, sys.modules[f"{package}.{path}"])


def _door(module: str) -> str:
    return module.split(".")[1]


def _module(asking: str, source: str) -> Any:
    bare = source.removesuffix("()")
    above = f"convdispatch.{_door(asking)}" if bare.startswith(".") else "convdispatch."
    return importlib.import_module(f"{above}{bare}")
