"""`convdispatch convert FILE OUT`: a model's file in another format, proved before it is there.

The new file is written beside OUT under another name, read again, and both models compute on the
same random input. Only then does it get its name: whatever goes wrong before, OUT is as it was.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from convdispatch.cli._converted import Difference, difference
from convdispatch.cli._converting import Wish, load, load_again, wish_of, write
from convdispatch.cli._file_arguments import in_options
from convdispatch.cli._inspect import size
from convdispatch.cli._output import UsageError, show, warn
from convdispatch.cli._working import Working
from convdispatch.errors import ConvDispatchError
from convdispatch.runtime import selection
from convdispatch.support.files import require_writable, resolved


def run(arguments: argparse.Namespace) -> int:
    """Convert; return 1 if the new file computes something else, and then write nothing."""
    wish = wish_of(arguments)
    _require_free(wish, is_forced=arguments.force)
    target = resolved(wish.out)
    with (
        selection.use_backend("numpy"),
        tempfile.TemporaryDirectory(prefix=f".{target.name[:100]}.", dir=target.parent) as folder,
    ):
        draft = Path(folder) / wish.out.name
        with _in_options(), _warnings_as_lines(), Working() as working:
            working.on(f"reading {wish.file} ({size(wish.file.stat().st_size)})")
            model = load(wish)
            working.on(f"writing {wish.out}", folder=Path(folder))
            write(model, draft, wish)
            working.on("comparing both on random input")
            found = difference(model, load_again(model, draft, wish))
        if found.is_right:
            _put(draft, target, wish, is_forced=arguments.force)
    title = wish.title(model)
    show(arguments, _as_json(wish, title, found), _as_text(wish, title, found))
    return 0 if found.is_right else 1


def _require_free(wish: Wish, *, is_forced: bool) -> None:
    if wish.out.exists() and not is_forced:
        raise UsageError(f"{str(wish.out)!r} exists. Give another name, or --force to replace it")
    if wish.out.exists() and os.path.samefile(wish.file, wish.out):
        raise UsageError("FILE and OUT are one file. Give OUT another name")
    require_writable(wish.out)


def _put(draft: Path, target: Path, wish: Wish, *, is_forced: bool) -> None:
    """Give the new file its name in one step."""
    if is_forced:
        if target.exists():
            shutil.copymode(target, draft)
        os.replace(draft, target)
        return
    try:
        os.link(draft, target)  # which fails where somebody has made the file meanwhile
    except FileExistsError as exc:
        raise UsageError(f"{str(wish.out)!r} exists by now. Give another name, or --force") from exc
    except OSError:  # a file system without second names
        os.rename(draft, target)


@contextmanager
def _in_options() -> Iterator[None]:
    """Say what the block raises in the words of the command."""
    try:
        yield
    except ConvDispatchError as exc:
        raise UsageError(in_options(str(exc))) from exc


@contextmanager
def _warnings_as_lines() -> Iterator[None]:
    """Print what the block warns of, each once, at its end."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for text in dict.fromkeys(str(one.message) for one in caught):
        warn(in_options(text))


def _as_json(wish: Wish, title: str, found: Difference) -> dict[str, Any]:
    return {
        "file": str(wish.file),
        "out": str(wish.out),
        "format": title,
        "written": found.is_right,
        "max_error": found.largest,
        "error_in_bounds": found.in_bounds,
        "reason": found.reason or None,
    }


def _as_text(wish: Wish, title: str, found: Difference) -> str:
    if not found.is_right:
        return (
            f"Not written: {found.reason}. The new file would compute something else: the largest "
            f"difference is {found.said}."
        )
    return f"wrote {wish.out}: {title}\nlargest difference on random input: {found.said}"
