"""What `convdispatch conformance` does with reports that exist: compare, merge, tabulate."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from convdispatch.cli._conformance_files import reserved_files
from convdispatch.cli._output import UsageError, complain, fitted, say
from convdispatch.conformance.report.records import Report, ReportError, read
from convdispatch.support.files import read_whole

if TYPE_CHECKING:
    from convdispatch.conformance.diagnosis.findings import Cause
    from convdispatch.conformance.report import diff, report_folder

_FAILURE, _TROUBLE = 1, 2
_LARGEST_PAGE = 2**26  # bytes of a support matrix


def compare(old: str, new: str) -> int:
    """Print the changes; return 1 if something that worked no longer does."""
    from convdispatch.conformance.report import diff, report_folder

    try:
        are_folders = report_folder.are_folders(Path(old), Path(new))
    except ReportError as exc:
        raise UsageError(str(exc)) from exc
    found: diff.Diff | report_folder.FolderDiff
    if are_folders:
        found = report_folder.compare(_read_all(old), _read_all(new))
    else:
        found = diff.compare(_read(old), _read(new))
    say(fitted(found.text()))
    return _FAILURE if found.has_regressions else 0


def tabulate(path: str, check: str | None) -> int:
    """Print the report's support matrix, or how a file that should hold it differs."""
    from convdispatch.conformance.report import matrix

    page = matrix.as_markdown(_read(path))
    if check is None:
        say(page.removesuffix("\n"))
        return 0
    try:
        held = read_whole(Path(check), _LARGEST_PAGE).decode("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"--check {check}: cannot be read: {exc}") from exc
    changes = difflib.unified_diff(
        held.splitlines(), page.splitlines(), check, path, n=0, lineterm=""
    )
    if difference := "\n".join(changes):
        say(f"{difference}\n{check} is stale: write it anew from {path}.")
        return _FAILURE
    say(f"{check} says what {path} does.")
    return 0


def merge(arguments: argparse.Namespace) -> int:
    """Print and write the report of a whole run from those of its shards."""
    from convdispatch.cli._conformance_text import as_text
    from convdispatch.conformance.report import merging

    twice = [path for path in arguments.reports if arguments.reports.count(path) > 1]
    if twice:
        raise UsageError(f"{twice[0]} is named twice. Name each report once.")
    with reserved_files(arguments) as write:
        shards = {path: _read(path) for path in arguments.reports}
        try:
            whole = merging.merge(shards)
        except ReportError as exc:
            raise UsageError(str(exc)) from exc
        whole = _completed(whole, list(shards.values()))
        unwritten = write(whole)
    say(fitted(as_text(whole, {})))
    for sentence in unwritten:
        complain(f"error: {sentence}")
    if unwritten:
        return _TROUBLE
    return _FAILURE if any(backend.has_failed for backend in whole.backends) else 0


def _completed(whole: Report, shards: Sequence[Report]) -> Report:
    """Return the report with its cases in the suite's order, and with the causes of failures.

    What the shards found out about their own causes is said of these. Where the cases are not this
    installation's, the report stays as it is.
    """
    from convdispatch.conformance.cases import collect
    from convdispatch.conformance.diagnosis.diagnose import diagnosed
    from convdispatch.conformance.report.merged_reasons import with_reasons

    run = {case.id: case for case in whole.cases}
    cases = [case for case in collect(whole.seed)[0] if case.id in run]
    if len(cases) != len(run):
        return whole
    places = {case.id: place for place, case in enumerate(cases)}

    def found_by_shards(name: str) -> list[Sequence[Cause]]:
        return [one.diagnosis for shard in shards for one in shard.backends if one.name == name]

    backends = (
        replace(
            backend,
            outcomes=tuple(sorted(backend.outcomes, key=lambda outcome: places[outcome.case])),
        )
        for backend in whole.backends
    )
    return replace(
        whole,
        cases=tuple(run[case.id] for case in cases),
        backends=tuple(
            replace(one, diagnosis=with_reasons(one.diagnosis, found_by_shards(one.name)))
            for one in (diagnosed(backend, cases) for backend in backends)
        ),
    )


def _read_all(folder: str) -> dict[str, Report]:
    from convdispatch.conformance.report import report_folder

    try:
        return report_folder.read_all(Path(folder))
    except ReportError as exc:
        raise UsageError(str(exc)) from exc


def _read(path: str) -> Report:
    try:
        return read(Path(path))
    except ReportError as exc:
        raise UsageError(str(exc)) from exc
