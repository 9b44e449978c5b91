"""`convdispatch conformance`: the suite for a person, with separate processes for each backend.

Exit codes: 0 nothing failed; 1 a case failed, or something that belongs to no case; 2 wrong usage,
or a report that could not be written; 3 a backend that was to be tested cannot be used.
"""

from __future__ import annotations

import argparse
import difflib
import fnmatch
import functools
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from convdispatch.cli._conformance_progress import progress
from convdispatch.cli._conformance_text import as_text
from convdispatch.cli._output import UsageError, complain, fitted, say
from convdispatch.cli._streams import output_path
from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import collect, select
from convdispatch.conformance.report.records import BackendRecord, Report, ReportError, read
from convdispatch.conformance.report.report_files import reserved_reports
from convdispatch.conformance.report.script_folder import ScriptFolder
from convdispatch.conformance.results import FAILED
from convdispatch.conformance.run import assembling, choosing, runner
from convdispatch.errors import BackendBroken, BackendNotFound, BackendUnavailable, InvalidArgument
from convdispatch.ops import BackendInfo
from convdispatch.runtime import selection
from convdispatch.runtime.registry import UNUSABLE
from convdispatch.support.files import read_whole
from convdispatch.support.interrupts import interrupts

_FAILURE, _TROUBLE, _UNUSABLE, _INTERRUPTED = 1, 2, 3, 130
_LARGEST_PAGE = 2**26  # bytes of a support matrix

# `main` leaves a request to stop that came during the import of this module to it.
ANSWERS_INTERRUPTS = True


def run(arguments: argparse.Namespace) -> int:
    """Run the suite or process its reports, and return the exit code."""
    if arguments.action == "diff":
        return _compare(arguments.old, arguments.new)
    if arguments.action == "matrix":
        return _tabulate(arguments.report, arguments.check)
    # By default a request is only recorded, so a second one does not lose the report.
    with interrupts.answered_by(lambda: None), ExitStack() as stack:
        # A run that is stopped here writes a report without outcomes that says so.
        with interrupts.postponed():
            try:
                infos = _backends(arguments.backend)
            except (BackendUnavailable, BackendBroken) as exc:
                complain(f"error: {exc}")
                return _UNUSABLE
            every, problems = collect(arguments.seed)
            levels = _levels(arguments)
            cases = _selected(every, levels, arguments.case)
            json, html = output_path(arguments.json), output_path(arguments.html)
            write = stack.enter_context(reserved_reports(json, html))
            folder = ScriptFolder(arguments.scripts, "--scripts") if arguments.scripts else None
        start = functools.partial(
            runner.run, cases, infos, every_id=[case.id for case in every], problems=problems
        )
        records, code = _run(arguments, start, [info.name for info in infos], len(cases))
        if choosing.is_every(arguments.backend):
            absent = assembling.absent_records(choosing.unusable())
            records += absent
            if any(record.status in UNUSABLE for record in absent):
                code = _UNUSABLE
        whole = assembling.report(cases, records, levels=levels, seed=arguments.seed)
        unwritten = write(whole)
        text = as_text(whole, _scripts(whole, folder, unwritten))
        with interrupts.postponed():
            say(fitted(text))
    for sentence in unwritten:
        complain(f"error: {sentence}")
    return _TROUBLE if unwritten else code


def _run(
    arguments: argparse.Namespace,
    start: Callable[..., list[BackendRecord]],
    names: Sequence[str],
    count: int,
) -> tuple[list[BackendRecord], int]:
    """Return the records and their exit code."""
    settings = runner.Settings(
        seed=arguments.seed,
        jobs=arguments.jobs or assembling.usable_processors(),
        time_limit=arguments.time_limit,
        wants_scripts=bool(arguments.json or arguments.html or arguments.scripts),
    )
    try:
        with progress(names, count) as watch:
            records = start(settings=settings, watch=watch)
    except runner.Interrupted as exc:
        return exc.records, _INTERRUPTED
    if any(record.status in UNUSABLE for record in records):
        return records, _UNUSABLE
    return records, _FAILURE if any(record.has_failed for record in records) else 0


def _compare(old: str, new: str) -> int:
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


def _tabulate(path: str, check: str | None) -> int:
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


def _backends(wanted: Sequence[str]) -> tuple[BackendInfo, ...]:
    try:
        return choosing.choose(wanted or [selection.backend()])
    except BackendNotFound as exc:
        raise UsageError(str(exc)) from exc


def _levels(arguments: argparse.Namespace) -> list[str]:
    """Return the levels; a case that is selected by its id may have any."""
    given: str = arguments.level or ("full" if arguments.case else "core")
    return [level.strip() for level in given.split(",")]


def _selected(every: Sequence[Case], levels: Sequence[str], pattern: str | None) -> list[Case]:
    try:
        cases = select(every, levels)
    except InvalidArgument as exc:
        raise UsageError(str(exc)) from exc
    if pattern is not None:
        cases = [case for case in cases if fnmatch.fnmatchcase(case.id, pattern)]
    if not cases:
        raise UsageError(
            f"no case of level {', '.join(levels)} has an id like {pattern or '*'!r}. "
            "Give an id from a report, or a pattern such as 'conv2d/*'."
        )
    return cases


def _scripts(
    whole: Report, folder: ScriptFolder | None, unwritten: list[str]
) -> dict[tuple[str, str], str]:
    """Write a script for each failure; return the paths, by backend and case.

    The first script that cannot be written ends this and is added to `unwritten`.
    """
    places: dict[tuple[str, str], str] = {}
    if folder is None:
        return places
    failures = [
        (backend.name, one.case, one.script)
        for backend in whole.backends
        for one in backend.outcomes
        if one.status == FAILED
    ]
    try:
        for name, case, script in failures:
            places[name, case] = folder.write(name, case, script)
    except ReportError as exc:
        unwritten.append(str(exc))
    return places
