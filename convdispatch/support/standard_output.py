"""Catch what foreign code writes to standard output, from Python or from C, while it runs.

The output of a program belongs to the program: a plugin or a backend that prints breaks whatever
reads it.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

STDOUT = 1  # the file descriptor, which C's and Fortran's libraries write to
_LONGEST = 2000  # characters of it that are kept


@contextlib.contextmanager
def caught() -> Iterator[Callable[[], str]]:
    """Redirect standard output to a file; yield a function that returns the text after the block.

    This affects the whole process: nothing else may print meanwhile.
    """
    stream = _stream(os.getpid())
    _flush()
    begin = os.fstat(stream.fileno()).st_size  # above 0 within another such block
    saved = _duplicate(STDOUT)
    os.dup2(stream.fileno(), STDOUT)
    texts = [""]
    python: Any = _Switch(stream)
    try:
        with contextlib.redirect_stdout(python):
            yield lambda: texts[0]
    finally:
        _flush()
        python.switch(sys.stdout)
        texts[0] = _take(stream, begin)
        if saved is None:
            os.close(STDOUT)
        else:
            os.dup2(saved, STDOUT)
            os.close(saved)


@contextlib.contextmanager
def caught_from_plugin() -> Iterator[Callable[[], str]]:
    """Catch what a plugin prints while it is imported or called, in any program.

    The output of other threads must not be caught. So if other threads run, or if no file is
    available, only what this thread writes to `sys.stdout` is caught.
    """
    if threading.active_count() == 1 and _can_catch():
        with caught() as printed:
            yield printed
        return
    kept = io.StringIO()
    stream: Any = _OfThisThread(kept, sys.stdout)
    try:
        with contextlib.redirect_stdout(stream):
            yield lambda: _shortened(kept.getvalue())
    finally:
        stream.switch(sys.stdout)


class _Switch:
    """Replaces `sys.stdout` in a block, and stands for the real one in code that keeps it longer.

    A logger that is set up during the import of its module keeps it.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def switch(self, stream: Any) -> None:
        """Write there from now on."""
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text to the stream of this moment."""
        if self._stream is not None:
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream of this moment."""
        if self._stream is not None:
            self._stream.flush()

    def close(self) -> None:
        """Do nothing: the streams are others' too."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _OfThisThread(_Switch):
    """Redirects the output of the thread that made it, and leaves that of other threads alone."""

    def __init__(self, stream: Any, others: Any) -> None:
        super().__init__(stream)
        self._thread = threading.get_ident()
        self._others = others

    def write(self, text: str) -> int:
        """Write the text to this thread's destination, or to that of the other threads."""
        if threading.get_ident() == self._thread:
            return super().write(text)
        return len(text) if self._others is None else int(self._others.write(text))


def _duplicate(descriptor: int) -> int | None:
    """Return a copy of the descriptor, or None where the program was started without it."""
    try:
        return os.dup(descriptor)
    except OSError:
        return None


def _take(stream: io.TextIOWrapper, begin: int) -> str:
    """Return the text of the file from this position on, and truncate the file there."""
    file = stream.fileno()
    if os.fstat(file).st_size <= begin:
        return ""
    os.lseek(file, begin, os.SEEK_SET)
    text = os.read(file, 4 * _LONGEST).decode("utf-8", "replace")
    os.lseek(file, begin, os.SEEK_SET)
    os.ftruncate(file, begin)
    return _shortened(text)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."


def _flush() -> None:
    """Write out what Python's and C's own buffers hold."""
    for stream in {sys.stdout, sys.__stdout__}:
        # A closed or unwritable stream holds nothing for us.
        with contextlib.suppress(ValueError, OSError, AttributeError):
            if stream is not None:
                stream.flush()
    _c_library().fflush(None)


def _can_catch() -> bool:
    try:
        return os.name == "posix" and _stream(os.getpid()).fileno() > STDOUT
    except OSError:  # such as no folder for temporary files
        return False


@cache
def _stream(process: int) -> io.TextIOWrapper:
    """Return the file of this process: a new one per case would cost more than most cases.

    A forked child gets its own file, because it would otherwise read its parent's output.
    """
    # Not closed before the process ends; `TemporaryFile` would warn of that.
    if hasattr(os, "memfd_create"):
        number = os.memfd_create("convdispatch")
    else:
        number, path = tempfile.mkstemp(prefix="convdispatch-")
        os.unlink(path)
    standard = []
    while number <= 2:  # the program was started without one of its streams: leave their place
        standard.append(number)
        number = os.dup(number)
    for descriptor in standard:
        os.close(descriptor)
    raw = open(number, "wb", buffering=0, closefd=False)  # noqa: SIM115 - see above
    return io.TextIOWrapper(raw, "utf-8", "replace", write_through=True)


@cache
def _c_library() -> ctypes.CDLL:
    return ctypes.CDLL(None)
