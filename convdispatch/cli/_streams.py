"""The destination of a command's output, whatever streams the process has.

Standard output belongs to the command, because a program may read it. Output of a plugin, a
framework or a user's file, from Python or from C and up to the end of the process, goes to standard
error.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

_STDOUT, _STDERR = 1, 2
_OUTPUT = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
_own: list[tuple[TextIO | None, int]] = []  # where the command that runs prints to, and its process


def ensure_streams() -> None:
    """Open the standard streams that the process lacks, connected to the null device.

    Otherwise the next opened file would get their numbers, and output would end up in that file.
    """
    with contextlib.suppress(OSError):
        while (number := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
            os.set_inheritable(number, True)
        os.close(number)


def output() -> TextIO | None:
    """Return the stream that the command prints to; None if there is none."""
    stream, process = _own[-1] if _own else (sys.stdout, os.getpid())
    _end_unless(process)
    return None if getattr(stream, "closed", False) else stream


def output_path(path: str | None) -> str | None:
    """Return the path with which another module opens the same file.

    A name of standard output means the command's, not the destination of other code's output.
    """
    stream = output()
    if path not in _OUTPUT or stream is None:
        return path
    with contextlib.suppress(OSError):  # a test's stream has no number
        return f"/dev/fd/{stream.fileno()}"
    return path


@contextlib.contextmanager
def own_standard_output(*, is_program: bool) -> Iterator[None]:
    """Redirect other code's output to standard error, for the block or, in a program, for good.

    `output` is where standard output led before.
    """
    usual = sys.stdout
    moved = _moved(usual)
    process = os.getpid()
    _own.append((moved or usual, process))
    sys.stdout = sys.stderr
    try:
        yield
    finally:
        _end_unless(process)
        _own.pop()
        sys.stdout = usual
        if moved is not None and not is_program:
            moved.flush()
            os.dup2(moved.fileno(), _STDOUT)
            moved.close()
        elif moved is not None:
            sys.stdout = sys.stderr  # of what is printed at exit


def _end_unless(process: int) -> None:
    """End this process if it is a forked child.

    A file or a backend forked it, and it returned: it would do all further work a second time.
    """
    if os.getpid() != process:
        os._exit(1)


def _moved(stream: TextIO | None) -> TextIO | None:
    """Give standard output a private descriptor; return None if it has no descriptor."""
    try:
        if stream is None or stream.fileno() != _STDOUT:
            return None  # a test or a notebook collects it
        stream.flush()
        descriptor = os.dup(_STDOUT)
    except (OSError, ValueError):
        return None
    os.dup2(_STDERR, _STDOUT)
    return open(descriptor, "w", encoding=stream.encoding, errors=stream.errors)


def abandon(stream: Any) -> None:
    """Discard the rest of a stream that cannot be written, because Python flushes it at the end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
