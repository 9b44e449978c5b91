"""What a backend writes to standard output, from Python or from C, caught while a case runs.

The output of a program belongs to the program: a backend that prints breaks whatever reads it.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache

_STDOUT = 1  # the file descriptor, which C's and Fortran's libraries write to
_LONGEST = 2000  # characters of it that are kept


@contextlib.contextmanager
def caught() -> Iterator[Callable[[], str]]:
    """Lead standard output into a file; what this gives returns the text, after the block."""
    stream = _stream()
    _flush()
    _take(stream)  # what a block that raised has left
    saved = os.dup(_STDOUT)
    os.dup2(stream.fileno(), _STDOUT)
    try:
        with contextlib.redirect_stdout(stream):
            yield lambda: _take(stream)
    finally:
        _flush()
        os.dup2(saved, _STDOUT)
        os.close(saved)


def _take(stream: io.TextIOWrapper) -> str:
    """Return what the file holds, and empty it."""
    file = stream.fileno()
    size = os.fstat(file).st_size
    if not size:
        return ""
    os.lseek(file, 0, os.SEEK_SET)
    text = os.read(file, 4 * _LONGEST).decode("utf-8", "replace")
    os.lseek(file, 0, os.SEEK_SET)
    os.ftruncate(file, 0)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."


def _flush() -> None:
    """Write out what Python's and C's own buffers hold."""
    for stream in {sys.stdout, sys.__stdout__}:
        if stream is not None and not stream.closed:
            stream.flush()
    _c_library().fflush(None)


@cache
def _stream() -> io.TextIOWrapper:
    """Return the file of this process: a new one a case would cost more than many a case."""
    # Not closed before the process ends; `TemporaryFile` would warn of that.
    number, path = tempfile.mkstemp(prefix="convdispatch-")
    os.unlink(path)
    raw = open(number, "wb", buffering=0, closefd=False)  # noqa: SIM115 - see above
    return io.TextIOWrapper(raw, "utf-8", "replace", write_through=True)


@cache
def _c_library() -> ctypes.CDLL:
    return ctypes.CDLL(None)
