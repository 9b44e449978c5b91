"""How every command prints: tables for people, JSON for programs, one line for an error."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from convdispatch._text import one_line as one_line  # every command says things in one line


class UsageError(Exception):
    """The command was called in a way that cannot work; the process exits with 2."""


def warn(text: str) -> None:
    """Print a warning where it cannot mix with the command's result."""
    print(f"convdispatch: warning: {one_line(text)}", file=sys.stderr)


def show(arguments: argparse.Namespace, value: object, text: str) -> None:
    """Print what the user asked for: `value` as JSON, or `text`.

    The JSON is strict, which knows neither NaN nor infinity: the caller sends None.
    """
    import json

    print(json.dumps(value, indent=2, allow_nan=False) if arguments.json else text)


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the rows under their headers, each column as wide as its widest cell."""
    lines = [list(headers), *([one_line(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = (
        [cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines
    )
    return "\n".join("  ".join(cells).rstrip() for cells in padded)
