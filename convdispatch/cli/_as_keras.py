"""Run a script in this process, in which `keras` is one of our façades.

Nothing is installed or written: the name is answered by a finder that comes before all others, also
where a real Keras is installed. All else is as `python SCRIPT` has it.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType, TracebackType
from typing import Any

from convdispatch.compat import install
from convdispatch.support.launchers import end_with_launcher

# Where processes that the script spawns look for the façade and the script: see `_spawned`.
API, SCRIPT = "_CONVDISPATCH_RUN_API", "_CONVDISPATCH_RUN_SCRIPT"
MODERN, SETTINGS = "_CONVDISPATCH_RUN_MODERN", "_CONVDISPATCH_RUN_SETTINGS"
FORMAT = "_CONVDISPATCH_RUN_FORMAT"


def run(api: str, seed: str, script: str, arguments: Sequence[str]) -> None:
    """Run the script as `python SCRIPT ARGUMENTS` does, with `keras` from that façade."""
    is_launched = end_with_launcher()
    path = os.path.join(os.getcwd(), script)  # as Python has it: not made shorter
    os.environ[API], os.environ[SCRIPT] = api, path
    _prepare(api)
    _settle(seed)
    sys.argv[:] = [script, *arguments]
    if not sys.flags.safe_path:
        sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    main = _main(path)
    try:
        exec(code_of(path), main.__dict__)
    except (Exception, KeyboardInterrupt) as exc:
        if is_launched and isinstance(exc, KeyboardInterrupt):
            sys.exit(128 + signal.SIGINT)  # the launcher says it, once for all processes
        _hide_what_is_above(path)
        if getattr(exc, "filename", None) != path:  # whose syntax was read before
            _hint(exc)
        raise


def _hint(exc: BaseException) -> None:
    """Name the option that a script of Python 2, or of old packages, needs."""
    kinds = (SyntaxError, ImportError, AttributeError, NameError)
    if isinstance(exc, kinds) and not os.environ.get(MODERN):
        from convdispatch.compat import modern

        if modern.would_help(exc):
            exc.add_note("It is of Python 2 or of old packages: `--modernize` runs such scripts.")


def run_module(api: str, seed: str, module: str, arguments: Sequence[str]) -> None:
    """Run a module as `python -m MODULE ARGUMENTS` does, with `keras` from that façade."""
    end_with_launcher()
    os.environ[API] = api
    os.environ.pop(SCRIPT, None)
    _prepare(api)
    _settle(seed)
    sys.argv[:] = [module, *arguments]
    if not sys.flags.safe_path:
        sys.path.insert(0, os.getcwd())
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _settle(seed: str) -> None:
    """Seed every generator, or leave it to the script."""
    if seed:
        _seed(int(seed))
        return
    from convdispatch.compat import seeds

    seeds.follow_numpy()


def _prepare(api: str) -> None:
    """Let `keras` be the façade, and TensorFlow's settings and old names be there if asked for."""
    install(api)
    files = os.environ.get(SETTINGS)
    if files:
        from convdispatch.compat import settings

        settings.answer(files.split(os.pathsep), api)
    if os.environ.get(FORMAT):
        from convdispatch.runtime.selection import set_image_data_format

        set_image_data_format(os.environ[FORMAT])
    if os.environ.get(MODERN):
        from convdispatch.compat import modern

        modern.give_back_names()
        script = os.environ.get(SCRIPT)
        folder = os.path.dirname(os.path.realpath(script)) if script else os.getcwd()
        sys.meta_path.insert(1, modern.Beside(folder))  # after the façade


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
    _prepare(os.environ[API])
    exec(code_of(path), names)
    return {one: value for one, value in names.items() if one != "__spec__"}


def code_of(path: str) -> CodeType:
    """Return a script's code."""
    with open(path, "rb") as stream:
        written = stream.read()
    text: bytes | str = written
    if os.environ.get(MODERN):
        from convdispatch.compat import modern

        text = modern.readable(written, path)
    return compile(text, path, "exec", dont_inherit=True)


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
