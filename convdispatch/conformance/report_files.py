"""Files that a run will write at its end: proved writable before it starts, whole or not there.

A draft lies beside the file and takes its name at the end, so that nobody ever reads half a report.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from convdispatch.conformance.html import render
from convdispatch.conformance.report import Report, ReportError
from convdispatch.errors import install_command


class ReportFile:
    """One file to be written once."""

    def __init__(self, path: str, option: str) -> None:
        """Prove that the file can be written; raise `ReportError`, naming the option, if not."""
        self._path = Path(path).resolve()
        # A device such as /dev/stdout has no place beside it.
        is_ordinary = self._path.is_file() or not self._path.exists()
        draft = f".{self._path.name}.{os.getpid()}.part"
        self._draft = self._path.with_name(draft) if is_ordinary else self._path
        self._is_ordinary = is_ordinary
        try:
            if self._path.exists():
                self._path.open("ab").close()
            self._draft.open("ab").close()
        except OSError as exc:
            raise ReportError(
                f"{option} {path!r} cannot be written: {exc.strerror}. "
                "Give a file in a folder that exists and that you may write to."
            ) from exc

    def write(self, text: str) -> None:
        """Write all of it."""
        self._draft.write_text(text, encoding="utf-8")
        if self._is_ordinary:
            self._draft.replace(self._path)

    def discard(self) -> None:
        """Take back what is not finished."""
        if self._is_ordinary:
            self._draft.unlink(missing_ok=True)


@contextlib.contextmanager
def reserved(path: str | None, option: str) -> Iterator[ReportFile | None]:
    """Give the file while a run goes on, or None where none is asked for."""
    file = None if path is None else ReportFile(path, option)
    try:
        yield file
    finally:
        if file is not None:
            file.discard()


@contextlib.contextmanager
def reserved_reports(
    json: str | None, html: str | None, prefix: str = "--"
) -> Iterator[Callable[[Report], None]]:
    """Give what writes the reports that are asked for, their files being proved writable.

    Raises `ReportError`, naming the option by its prefix, where one cannot be written.
    """
    if html is not None:
        _require_page(html, json, prefix)
    with reserved(json, f"{prefix}json") as data, reserved(html, f"{prefix}html") as page:

        def write(report: Report) -> None:
            if data is not None:
                data.write(report.to_json())
            if page is not None:
                page.write(render(report))

        yield write


def _require_page(html: str, json: str | None, prefix: str) -> None:
    if json is not None and Path(json).resolve() == Path(html).resolve():
        raise ReportError(f"{prefix}json and {prefix}html both name {html!r}. Give two files.")
    if importlib.util.find_spec("jinja2") is None:
        raise ReportError(
            f"{prefix}html needs the package 'jinja2', which is not installed. "
            f"Install it with `{install_command('conformance')}`."
        )


class ScriptFolder:
    """A folder with a script for each failure."""

    def __init__(self, path: str, option: str) -> None:
        """Make the folder where there is none; raise `ReportError` where that is impossible."""
        self._folder = Path(path)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise ReportError(
                f"{option} {path!r} cannot be made: {exc.strerror}. Give a folder of your own."
            ) from exc
        ReportFile(str(self._folder / "script.py"), option).discard()

    def write(self, backend: str, case: str, text: str) -> str:
        """Write one script; return where it is."""
        name = re.sub(r"[^\w.+-]+", "_", f"{backend}-{case}")
        path = self._folder / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        return str(path)
