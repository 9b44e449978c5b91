"""How every command prints: tables for people, JSON for programs, one line for an error.

Standard output is the command's alone: a program reads it. What a plugin, a framework or a user's
file prints, from Python or from C and up to the end of the process, goes to standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TextIO

from convdispatch._text import one_line as one_line  # every command says things in one line

_STDOUT, _STDERR = 1, 2
_own: list[TextIO | None] = []  # where the command that runs prints to


class UsageError(Exception):
    """The command was called in a way that cannot work; the process exits with 2."""


def warn(text: str) -> None:
    """Print a warning where it cannot mix with the command's result."""
    print(f"convdispatch: warning: {one_line(text)}", file=sys.stderr)


@contextlib.contextmanager
def own_standard_output(*, is_program: bool) -> Iterator[None]:
    """Lead what others print to standard error, for the block or, in a program, for good.

    `say` prints to where standard output led before.
    """
    usual = sys.stdout
    moved = _moved(usual)
    _own.append(moved or usual)
    sys.stdout = sys.stderr
    try:
        yield
    finally:
        _own.pop()
        sys.stdout = usual
        if moved is not None and not is_program:
            moved.flush()
            os.dup2(moved.fileno(), _STDOUT)
            moved.close()
        elif moved is not None:
            sys.stdout = sys.stderr  # of what is printed at exit


def _moved(stream: TextIO | None) -> TextIO | None:
    """Give standard output a descriptor that nobody else knows; None where it is none."""
    try:
        if stream is None or stream.fileno() != _STDOUT:
            return None  # a test or a notebook collects it
        stream.flush()
        descriptor = os.dup(_STDOUT)
    except (OSError, ValueError):
        return None
    try:
        os.dup2(_STDERR, _STDOUT)
    except OSError:  # there is no standard error
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)
    return open(descriptor, "w", encoding=stream.encoding, errors=stream.errors)


def say(text: str) -> None:
    """Print a line of what the command has to say."""
    print(text, file=_own[-1] if _own else sys.stdout)


def flush() -> None:
    """Write out what `say` has printed; raises OSError where that is impossible."""
    stream = _own[-1] if _own else sys.stdout
    if stream is not None:
        stream.flush()


def forget() -> None:
    """Throw away what cannot be written: its reader, such as `head`, has left."""
    stream = _own[-1] if _own else sys.stdout
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def show(arguments: argparse.Namespace, value: object, text: str) -> None:
    """Print what the user asked for: `value` as JSON, or `text`.

    The JSON is strict, which knows neither NaN nor infinity: the caller sends None.
    """
    import json

    say(json.dumps(value, indent=2, allow_nan=False) if arguments.json else text)


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the rows under their headers, each column as wide as its widest cell."""
    lines = [list(headers), *([one_line(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = (
        [cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines
    )
    return "\n".join("  ".join(cells).rstrip() for cells in padded)
