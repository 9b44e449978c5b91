"""The finder by which `keras` and its modules are a façade's.

Nothing is installed or written: it comes before all other finders of this process, also where a
real Keras is installed.
"""

from __future__ import annotations

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from convdispatch.compat.leaks import leak, take_back
from convdispatch.compat.telling import told
from convdispatch.doors.elsewhere import finder, sentence
from convdispatch.doors.not_offered import MORE, with_more
from convdispatch.errors import InvalidArgument

APIS = ("keras1", "keras2")
NAME = "keras"


class Facade(MetaPathFinder, Loader):
    """Finds modules of some names in a façade, as the very same modules."""

    def __init__(self, name: str, package: str) -> None:
        self._name, self._package = name, package

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return where the module is, None for a module of another package."""
        if fullname != self._name and not fullname.startswith(f"{self._name}."):
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def exec_module(self, module: ModuleType) -> None:
        """Replace the new module with the façade's."""
        assert module.__spec__ is not None
        name = module.__spec__.name
        ours = f"{self._package}{name.removeprefix(self._name)}"
        try:
            found: Any = importlib.import_module(ours)
        except ModuleNotFoundError as exc:
            if exc.name != ours:
                raise  # a module that the façade itself needs
            parent, _, last = ours.rpartition(".")
            said = with_more(sentence(parent, last), parent, last)
            raise ModuleNotFoundError(said, name=name) from None
        if not hasattr(found, "__getattr__"):
            found.__getattr__ = finder(found.__name__)
        leak(found, self._package.rpartition(".")[2])
        sys.modules[name] = found


def install(api: str) -> None:
    """Make `keras` mean that façade in this process, from its next import on.

    Raises `InvalidArgument` for another word than 'keras1' and 'keras2'.
    """
    if api not in APIS:
        raise InvalidArgument(f"`api` must be 'keras1' or 'keras2'; received {api!r}.")
    uninstall()
    know(NAME, api)


def uninstall() -> None:
    """Let `keras` mean what is installed again, from its next import on."""
    sys.meta_path[:] = [
        one for one in sys.meta_path if not (isinstance(one, Facade) and one._name == NAME)
    ]
    take_back()
    MORE.clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


def know(name: str, api: str) -> None:
    """Answer imports of that name, and of its modules, by a façade."""
    MORE[:] = [told]
    sys.meta_path.insert(0, Facade(name, f"convdispatch.{api}"))
