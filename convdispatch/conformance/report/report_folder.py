"""Folders of reports, one file for each engine: a scoreboard, and what changed between two of them.

A report's name is its file's, without `.json` or `.json.gz`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from convdispatch.conformance.report import diff
from convdispatch.conformance.report.records import Report, ReportError, read
from convdispatch.support.text import printable

SUFFIXES = (".json.gz", ".json")


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderDiff:
    """The changes of each report; None for one that only the new folder has."""

    diffs: Mapping[str, diff.Diff | None]
    gone: tuple[str, ...]  # only the old folder has them

    @property
    def has_regressions(self) -> bool:
        """Whether something that was shown to work no longer is."""
        found = any(one.has_regressions for one in self.diffs.values() if one is not None)
        return found or bool(self.gone)

    def text(self) -> str:
        """Return what changed, report by report; the last line is the verdict."""
        blocks = [f"== {printable(name)}: gone, a regression" for name in self.gone]
        for name, one in self.diffs.items():
            changes = "new" if one is None else one.text()
            blocks.append(f"== {printable(name)}\n{changes}")
        worse = [name for name, one in self.diffs.items() if one and one.has_regressions]
        worse += self.gone
        verdict = f"Regressions in {', '.join(map(printable, worse))}." if worse else ""
        return "\n\n".join([*blocks, verdict or "No regressions in any report."])


def are_folders(old: Path, new: Path) -> bool:
    """Say whether both are folders; raise `ReportError` where only one is."""
    if old.is_dir() != new.is_dir():
        folder, other = (old, new) if old.is_dir() else (new, old)
        raise ReportError(
            f"{str(folder)!r} is a folder and {str(other)!r} is not. "
            "Compare two reports, or two folders of reports."
        )
    return old.is_dir()


def read_all(folder: Path) -> dict[str, Report]:
    """Return the folder's reports by name; raise `ReportError` if there is none, or a bad one."""
    found: dict[str, Report] = {}
    for path in sorted(folder.iterdir()):
        suffix = next((one for one in SUFFIXES if path.name.endswith(one)), "")
        if not suffix:
            continue
        name = path.name.removesuffix(suffix)
        if name in found:
            raise ReportError(f"{str(folder)!r} has two reports {name!r}. Keep one.")
        found[name] = read(path)
    if not found:
        raise ReportError(
            f"{str(folder)!r} has no report: no file that ends in {' or '.join(SUFFIXES)}. "
            "Give a folder that has some."
        )
    return found


def compare(old: Mapping[str, Report], new: Mapping[str, Report]) -> FolderDiff:
    """Return what changed in each report from one folder to a later one."""
    return FolderDiff(
        diffs={
            name: diff.compare(old[name], report) if name in old else None
            for name, report in new.items()
        },
        gone=tuple(name for name in old if name not in new),
    )
