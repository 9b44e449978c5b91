"""How every command prints: tables for people, JSON for programs, one line for an error.

Output may contain names that others chose, so everything goes through `say` and `complain`: no
escape code reaches a terminal, and a letter that its encoding lacks does not end the command.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from convdispatch.cli._streams import abandon, output
from convdispatch.errors import ConvDispatchError
from convdispatch.support import tables
from convdispatch.support.terminal import line_width, try_to_write
from convdispatch.support.text import one_line as one_line  # every command says things in one line
from convdispatch.support.text import printable


class UsageError(Exception):
    """The command was called in a way that cannot work; the process exits with 2."""


class OutputError(ConvDispatchError):
    """Standard output cannot be written to."""


class ReaderGone(Exception):  # noqa: N818 - it is no error: `head` has read enough
    """The reader of standard output has left."""


def say(text: str) -> None:
    """Print a command's result, or a part of it.

    Raises `OutputError` if that is impossible, and `ReaderGone` if the reader has left.
    """
    stream = output()
    if stream is None:
        return  # the caller asked for silence
    try:
        stream.write(_fit_for(stream, text) + "\n")
        stream.flush()
    except BrokenPipeError as exc:
        abandon(stream)
        raise ReaderGone from exc
    except OSError as exc:
        abandon(stream)
        raise OutputError(f"standard output cannot be written: {exc.strerror}.") from exc


def table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], *, indent: int = 0, keys: int = 1
) -> str:
    """Return a table that fits the command's output; arguments as for `tables.table`."""
    return tables.table(headers, rows, limit=line_width(output()), indent=indent, keys=keys)


def fitted(text: str) -> str:
    """Return the text with long lines wrapped for the command's output."""
    return tables.fitted(text, line_width(output()))


def complain(text: str, *, prog: str = "convdispatch") -> None:
    """Print one line to standard error, apart from the command's result, if that is possible."""
    try_to_write(sys.stderr, _fit_for(sys.stderr, f"{prog}: {one_line(text)}") + "\n")


def warn(text: str) -> None:
    """Print a warning."""
    complain(f"warning: {text}")


def show(arguments: argparse.Namespace, value: object, text: str) -> None:
    """Print what the user asked for: `value` as JSON, or `text`.

    The JSON is strict, without NaN and infinity: the caller passes None for them.
    """
    import json

    say(json.dumps(value, indent=2, allow_nan=False) if arguments.json else text)


def _fit_for(stream: Any, text: str) -> str:
    """Return the text with escapes for every character that the stream must not or cannot get."""
    visible = "\n".join(map(printable, text.split("\n")))
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return visible.encode(encoding, "backslashreplace").decode(encoding)
