"""What foreign code writes to standard output, from Python or from C, caught while it runs.

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
    """Lead standard output into a file; what this gives returns the text, after the block.

    Of the whole process: nothing else may print meanwhile.
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
    """Catch what a plugin prints while it is imported or asked, in whatever program that happens.

    Where other threads run, their output is not to be taken: then, and where there is no file to
    lead it to, only what this thread writes to `sys.stdout` is caught.
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
    """What stands for `sys.stdout` in a block, and for the real one in what keeps it longer.

    A logger that is set up while its module is imported does so.
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
    """Leads away what the thread that made it writes, and leaves alone what others do."""

    def __init__(self, stream: Any, others: Any) -> None:
        super().__init__(stream)
        self._thread = threading.get_ident()
        self._others = others

    def write(self, text: str) -> int:
        """Write the text where this thread's, or the others', belongs."""
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
    """Return what the file holds from there on, and cut it off."""
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
        # A stream that was closed, or that cannot be written to, holds nothing for us.
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
    """Return the file of this process: a new one a case would cost more than many a case.

    A forked child has one of its own, or it would read what its parent prints.
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
