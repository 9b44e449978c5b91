"""`convdispatch compare FILE.py`: one model on several backends, as a table.

Only the file's contract, build() -> (model, x), is checked here; comparing is `compare`'s work.
"""

from __future__ import annotations

import argparse
import math
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from convdispatch.cli._output import UsageError, show, table
from convdispatch.errors import ConvDispatchError
from convdispatch.numerics import comparison
from convdispatch.runtime import selection

# The columns of the table and, in this order, the keys of each row of the JSON output.
_KEYS = ("backend", "status", "max_error", "error_in_bounds", "seconds", "reason")
_HEADERS = ("backend", "status", "max error", "in bounds", "seconds", "")
_MODULE_NAME = "_convdispatch_compared"


class FileError(ConvDispatchError):
    """The file to compare, or its build(), raised."""


def run(arguments: argparse.Namespace) -> int:
    """Print how far each backend is from the reference.

    Returns 1 if a backend is outside its bound, or if a requested backend was not compared.
    """
    names = _backend_names(arguments.backends)
    path = Path(arguments.file)
    if arguments.nproc > 1:
        from convdispatch.cli._compare_group import compared

        results = compared(path, names, arguments.nproc)
    else:
        results = comparison.compare(*built(path), names)
    rows = [_row(result) for result in results.values()]
    agree = _agree({str(row["status"]) for row in rows}, is_asked=names is not None)
    text = table(_HEADERS, [[_cell(row[key]) for key in _KEYS] for row in rows])
    show(arguments, {"file": str(path), "agree": agree, "backends": rows}, text)
    return 0 if agree else 1


def _agree(statuses: set[str], *, is_asked: bool) -> bool:
    """Return whether every requested backend was compared and within its bound.

    Without a request, some of the available backends may decline the model; a named one may not.
    """
    return "ok" in statuses and statuses <= ({"ok"} if is_asked else {"ok", "unsupported"})


def _backend_names(text: str | None) -> list[str] | None:
    if text is None:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UsageError(f"--backends needs names separated by commas, received {text!r}.")
    return [selection.resolve_backend(name) for name in names]


def _row(result: comparison.Comparison) -> dict[str, object]:
    """Return the result's fields, with None for NaN and infinity, which JSON cannot write."""
    fields = {key: getattr(result, key) for key in _KEYS}
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in fields.items()
    }


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def built(path: Path) -> tuple[Any, Any]:
    """Return the result of the file's build(); raise `UsageError` if it breaks the contract."""
    if not path.is_file():
        raise UsageError(f"no file {str(path)!r}. Give a Python file that defines build().")
    module = _guarded(path, "the file", lambda: _import_file(path))
    build = getattr(module, "build", None)
    if not callable(build):
        raise UsageError(f"{path} defines no function build(). It must return (model, x).")
    built = _guarded(path, "build()", build)
    if not isinstance(built, tuple) or len(built) != 2:
        raise UsageError(
            f"{path}: build() returned a {type(built).__name__}. It must return (model, x)."
        )
    return built


def _import_file(path: Path) -> ModuleType:
    """Run the file as a module; unlike the import system, leave no compiled copy beside it."""
    module = ModuleType(_MODULE_NAME)
    module.__file__ = str(path)
    sys.modules[_MODULE_NAME] = module  # dataclasses and pickle look up their module there
    sys.path.insert(0, str(path.resolve().parent))  # as `python FILE.py` does
    exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    return module


def _guarded(path: Path, what: str, call: Callable[[], object]) -> object:
    """Return `call()`; turn an exception of the user's code into one line with its place."""
    try:
        return call()
    except KeyboardInterrupt:
        raise
    except BaseException as exc:
        summary = traceback.format_exception_only(exc)[-1]
        raise FileError(f"{_place(path, exc)}: {what} raised {summary}") from exc


def _place(path: Path, error: BaseException) -> str:
    """Return file:line of the deepest frame in the user's file."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    return f"{path}:{lines[-1]}" if lines else str(path)
