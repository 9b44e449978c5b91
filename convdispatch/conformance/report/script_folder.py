"""A folder with a script for each failure, under names that any file system can tell apart."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from convdispatch.conformance.report.records import ReportError
from convdispatch.conformance.report.report_files import SCRIPT_MARK, ReportFile

_LONGEST = 120  # characters of a name that tell a person which case it is
_SHORTEST_SUM = 8


class ScriptFolder:
    """A folder with a script for each failure."""

    def __init__(self, path: str, option: str) -> None:
        """Make the folder if there is none; raise `ReportError` if that is impossible."""
        self._folder, self._option = Path(path), option
        self._taken: dict[str, tuple[str, str]] = {}  # by the name, as a Mac or Windows compares it
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise ReportError(
                f"{option} {path!r} cannot be made: {exc.strerror}. Give a folder of your own."
            ) from exc
        ReportFile(str(self._folder / f"{'script':0>{_SHORTEST_SUM}}.py"), option).discard()

    def write(self, backend: str, case: str, text: str) -> str:
        """Write one script; return where it is. Raises `ReportError` where that is impossible."""
        path = str(self._folder / self._name(backend, case))
        ReportFile(path, self._option).write(f"{SCRIPT_MARK}\n{text}", sync=False)
        return path

    def _name(self, backend: str, case: str) -> str:
        """Return a name that is always the same, and no other case's.

        What an id spells with signs that are no part of a name, or with capitals, its checksum
        tells: `a b`, `a_b`, `a/b` and `A_b` have four scripts.
        """
        spelled = f"{backend}-{case}"
        words = re.sub(r"[^a-z0-9.+-]+", "_", spelled.lower())[:_LONGEST].strip("._-")
        whole = hashlib.sha256(ascii((backend, case)).encode()).hexdigest()
        for length in range(_SHORTEST_SUM, len(whole) + 1):
            name = f"{words}-{whole[:length]}.py"
            if self._taken.setdefault(name, (backend, case)) == (backend, case):
                return name
        raise AssertionError("two cases have one checksum")
