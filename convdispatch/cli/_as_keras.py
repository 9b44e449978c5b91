"""Run a script in this process, in which `keras` is one of our façades.

Nothing is installed or written: the name is answered by a finder that comes before all others, also
where a real Keras is installed. All else is as `python SCRIPT` has it.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType, TracebackType
from typing import Any

from convdispatch.doors.elsewhere import sentence

NAME = "keras"
# Where processes that the script spawns look for the façade and the script: see `_spawned`.
API, SCRIPT = "_CONVDISPATCH_RUN_API", "_CONVDISPATCH_RUN_SCRIPT"


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
            raise ModuleNotFoundError(sentence(parent, last), name=name) from None
        sys.modules[name] = found


def run(api: str, seed: str, script: str, arguments: Sequence[str]) -> None:
    """Run the script as `python SCRIPT ARGUMENTS` does, with `keras` from that façade."""
    path = os.path.join(os.getcwd(), script)  # as Python has it: not made shorter
    os.environ[API], os.environ[SCRIPT] = api, path
    install(api)
    if seed:
        _seed(int(seed))
    sys.argv[:] = [script, *arguments]
    if not sys.flags.safe_path:
        sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    main = _main(path)
    try:
        exec(code_of(path), main.__dict__)
    except (Exception, KeyboardInterrupt):
        _hide_what_is_above(path)
        raise


def _main(path: str) -> ModuleType:
    """Return the module in which the script runs, with the names that Python gives it."""
    main = sys.modules["__main__"]
    for name in [name for name in vars(main) if not name.startswith("__")]:
        delattr(main, name)
    main.__file__ = path
    main.__loader__ = SourceFileLoader("__main__", path)
    vars(main).update(__spec__=None, __cached__=None)
    main.__class__ = _Main
    return main


class _Main(ModuleType):
    """The script's module. `multiprocessing` finds a spec there, the script itself has none.

    With a spec in the script's names, its relative imports would be of our modules.
    """

    def _spec(self) -> ModuleSpec:
        """Return what a spawned process begins with, by which it gets the façade: `_spawned`."""
        return ModuleSpec("convdispatch.cli._spawned", None)

    def _keep(self, spec: ModuleSpec | None) -> None:
        vars(self)["__spec__"] = spec

    __spec__ = property(_spec, _keep)


def spawned(name: str) -> dict[str, Any]:
    """Run the script in a process that it spawned, in a module of that name; return its names.

    All but its spec: the module that `multiprocessing` makes of them keeps the one it has.
    """
    path = sys.argv[0] = os.environ[SCRIPT]
    module = sys.modules[name] = ModuleType(name)
    names = vars(module)
    names.update(__file__=path, __package__="", __cached__=None)
    install(os.environ[API])
    exec(code_of(path), names)
    return {one: value for one, value in names.items() if one != "__spec__"}


def install(api: str) -> None:
    """Make `keras` mean that façade in this process."""
    sys.meta_path.insert(0, Facade(f"convdispatch.{api}"))


def code_of(path: str) -> CodeType:
    """Return a script's code."""
    with open(path, "rb") as stream:
        return compile(stream.read(), path, "exec", dont_inherit=True)


def _seed(seed: int) -> None:
    import random

    import numpy

    from convdispatch.formulas.random import set_random_seed

    set_random_seed(seed)
    numpy.random.seed(seed)
    random.seed(seed)


def _hide_what_is_above(script: str) -> None:
    """Let tracebacks begin with the script's own line, as Python's do."""
    theirs = sys.excepthook

    def show(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
        while trace is not None and trace.tb_frame.f_code.co_filename != script:
            trace = trace.tb_next
        theirs(kind, value.with_traceback(trace), trace)

    sys.excepthook = show
