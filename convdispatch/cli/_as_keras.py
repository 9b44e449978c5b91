"""Run a script in this process, in which `keras` is one of our façades.

Nothing is installed or written: the name is answered by a finder that comes before all others, also
where a real Keras is installed.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from convdispatch.doors.elsewhere import sentence

NAME = "keras"


class Facade(MetaPathFinder, Loader):
    """Finds `keras` and its modules in a façade, as the very same modules."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return where the module is, None for a module of another package."""
        if fullname.partition(".")[0] != NAME:
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def exec_module(self, module: ModuleType) -> None:
        """Replace the new module with the façade's."""
        assert module.__spec__ is not None
        name = module.__spec__.name
        ours = f"{self._package}{name.removeprefix(NAME)}"
        try:
            found = importlib.import_module(ours)
        except ModuleNotFoundError as exc:
            if exc.name != ours:
                raise  # a module that the façade itself needs
            parent, _, last = ours.rpartition(".")
            raise ModuleNotFoundError(sentence(parent, last), name=name) from exc
        sys.modules[name] = found


def run(package: str, script: str, arguments: Sequence[str]) -> None:
    """Run the script as `python SCRIPT ARGUMENTS` does, with `keras` from that package."""
    sys.meta_path.insert(0, Facade(package))
    sys.argv[:] = [script, *arguments]
    sys.path[0] = _folder(script)
    main = ModuleType("__main__")
    main.__file__ = script
    main.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main
    with open(script, "rb") as stream:
        code = compile(stream.read(), script, "exec")
    exec(code, main.__dict__)


def _folder(script: str) -> str:
    import os.path

    return os.path.dirname(os.path.realpath(script))


if __name__ == "__main__":
    run(f"convdispatch.{sys.argv[1]}", sys.argv[2], sys.argv[3:])
