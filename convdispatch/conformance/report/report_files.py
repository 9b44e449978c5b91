"""Files that a run will write at its end: proved writable before it starts, whole or not there.

Only files that this package wrote are replaced, and empty files: a typing error costs nobody a
file of his own.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO

from convdispatch.conformance.report import badge, junit, summary
from convdispatch.conformance.report.formats import FORMATS, NEEDS_JINJA2
from convdispatch.conformance.report.records import LARGEST, Report, ReportError
from convdispatch.errors import install_command
from convdispatch.support.files import read_whole, require_writable, resolved, write_atomically

SCRIPT_MARK = "# Written by convdispatch conformance."  # the first line of every script

_JUNIT_MARK = f'<testsuites name="{junit.NAME}"'.encode()
_DESCRIPTOR = re.compile(r"/(?:dev/(?:fd/(\d+)|(stdout)|(stderr))|proc/self/fd/(\d+))")


class ReportFile:
    """One file to be written once."""

    def __init__(self, path: str, option: str) -> None:
        """Prove that the file can be written; raise `ReportError`, naming the option, if not."""
        self._path, self._given, self._option = Path(path), path, option
        self._stream: IO[bytes] | None = None
        with self._explained():
            if (number := _descriptor(path)) is not None:
                self._stream = open(os.dup(number), "wb")  # noqa: SIM115 - `discard` closes it
            elif _is_special(self._path):
                self._stream = open(_opened(self._path), "wb")  # noqa: SIM115
            else:
                self._require_replaceable()
                require_writable(self._path)

    def write(self, text: str, *, sync: bool = True) -> None:
        """Write all of it; raise `ReportError` where that is impossible."""
        with self._explained():
            if self._stream is None:
                self._require_replaceable()
                write_atomically(self._path, text, sync=sync)
            else:
                self._stream.write(text.encode("utf-8"))
                self._stream.flush()

    def discard(self) -> None:
        """Let go of what was opened."""
        if self._stream is not None:
            with contextlib.suppress(OSError):
                self._stream.close()

    def _require_replaceable(self) -> None:
        target = resolved(self._path)
        if target.exists() and not _is_ours(read_whole(target, LARGEST)):
            raise ReportError(
                f"{self._option} {self._given!r} is not replaced: there is a file that "
                "convdispatch did not write. Remove it, or give another name."
            )

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise ReportError(
                f"{self._option} {self._given!r} cannot be written: {exc.strerror}. "
                "Give a file in a folder that exists and that you may write to."
            ) from exc


def _descriptor(path: str) -> int | None:
    """Return the number that such a path stands for: opening it anew would begin at its start."""
    found = _DESCRIPTOR.fullmatch(path)
    if found is None:
        return None
    return int(found[1] or found[4] or (1 if found[2] else 2))


def _is_special(path: Path) -> bool:
    """Say whether it is a device or a pipe, which has no place beside it for a draft."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _opened(path: Path) -> int:
    # A pipe without a reader is refused, without waiting.
    descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
    os.set_blocking(descriptor, True)
    return descriptor


def _is_ours(data: bytes) -> bool:
    """Say whether this package wrote it, or whether there is nothing to lose."""
    head = data[:4096].lstrip()
    if not head:
        return not data.strip()
    if head.startswith(b"{"):
        return _is_report(data)
    starts = (SCRIPT_MARK, summary.MARK)
    if any(head.startswith(start.encode()) for start in starts):
        return True
    return b"convdispatch conformance</title>" in head or _JUNIT_MARK in head


def _is_report(data: bytes) -> bool:
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        return False
    if values.get("schemaVersion") == 1 and values.get("label") == badge.LABEL:
        return True
    is_versioned = type(values.get("schema_version")) is int
    return is_versioned and ("backends" in values or "benchmarks" in values)


@contextlib.contextmanager
def reserved(path: str | None, option: str) -> Iterator[ReportFile | None]:
    """Give the file while a run goes on, or None if none was requested."""
    file = None if path is None else ReportFile(path, option)
    try:
        yield file
    finally:
        if file is not None:
            file.discard()


@contextlib.contextmanager
def reserved_reports(
    paths: Mapping[str, str | None], prefix: str = "--"
) -> Iterator[Callable[[Report], list[str]]]:
    """Give the writer of the requested reports, whose files are known to be writable.

    `paths` are by the names of `formats.FORMATS`. The writer returns a sentence for each that
    could not be written after all; the others are. Raises `ReportError`, naming the option by its
    prefix, where one cannot be written from the beginning.
    """
    wanted = {name: path for name, path in paths.items() if path is not None}
    _require_different(wanted, prefix)
    if NEEDS_JINJA2 in wanted:
        _require_jinja2(prefix)
    with contextlib.ExitStack() as stack:
        files = {
            name: stack.enter_context(reserved(path, f"{prefix}{name}"))
            for name, path in wanted.items()
        }

        def write(report: Report) -> list[str]:
            return [
                sentence
                for name, file in files.items()
                if file is not None
                for sentence in _failure(file, partial(FORMATS[name], report))
            ]

        yield write


def _failure(file: ReportFile, text: Callable[[], str]) -> list[str]:
    try:
        file.write(text())
    except ReportError as exc:
        return [str(exc)]
    return []


def _require_different(wanted: Mapping[str, str], prefix: str) -> None:
    seen: dict[str, str] = {}
    for name, path in wanted.items():
        other = seen.setdefault(os.path.realpath(path), name)
        if other != name:
            raise ReportError(
                f"{prefix}{other} and {prefix}{name} both name {path!r}. Give two files."
            )


def _require_jinja2(prefix: str) -> None:
    if importlib.util.find_spec("jinja2") is None:
        raise ReportError(
            f"{prefix}html needs the package 'jinja2', which is not installed. "
            f"Install it: `{install_command('conformance')}`."
        )
