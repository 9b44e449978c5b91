"""`convdispatch conformance`: the suite for a person, with separate processes for each backend.

Exit codes: 0 nothing failed; 1 a case failed, or something that belongs to no case; 2 wrong usage,
or a report that could not be written; 3 a backend that was to be tested cannot be used.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from convdispatch.cli import _conformance_reports
from convdispatch.cli._conformance_files import reserved_files
from convdispatch.cli._conformance_progress import progress
from convdispatch.cli._conformance_selection import levels_of, selected
from convdispatch.cli._conformance_text import as_text
from convdispatch.cli._output import UsageError, complain, fitted, say
from convdispatch.conformance.cases import collect
from convdispatch.conformance.cases.divided import for_groups
from convdispatch.conformance.report.records import BackendRecord, Report, ReportError
from convdispatch.conformance.report.script_folder import ScriptFolder
from convdispatch.conformance.results import FAILED
from convdispatch.conformance.run import assembling, choosing, last_failed, runner
from convdispatch.errors import (
    BackendBroken,
    BackendNotFound,
    BackendUnavailable,
    InvalidArgument,
)
from convdispatch.ops import BackendInfo
from convdispatch.runtime import selection
from convdispatch.runtime.launching import launched
from convdispatch.runtime.registry import UNUSABLE
from convdispatch.support.interrupts import interrupts

_FAILURE, _TROUBLE, _UNUSABLE, _INTERRUPTED = 1, 2, 3, 130
_WITH_SCRIPTS = ("json", "html", "junit")  # reports that hold a script of each failure

# `main` leaves a request to stop that came during the import of this module to it.
ANSWERS_INTERRUPTS = True


def run(arguments: argparse.Namespace) -> int:
    """Run the suite or process its reports, and return the exit code."""
    if arguments.action == "diff":
        return _conformance_reports.compare(arguments.old, arguments.new)
    if arguments.action == "matrix":
        return _conformance_reports.tabulate(arguments.report, arguments.check)
    if arguments.action == "merge":
        return _conformance_reports.merge(arguments)
    if arguments.explain is not None:
        return _explain(arguments)
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
            if arguments.nproc > 1:
                _require_engines(infos)
                every = for_groups(arguments.seed, every)
            levels, names = levels_of(arguments), [info.name for info in infos]
            cases = selected(every, levels, arguments, names)
            write = stack.enter_context(reserved_files(arguments))
            folder = ScriptFolder(arguments.scripts, "--scripts") if arguments.scripts else None
        start = functools.partial(
            runner.run, cases, infos, every_id=[case.id for case in every], problems=problems
        )
        records, code = _run(arguments, start, names, len(cases))
        last_failed.record(records)
        if choosing.is_every(arguments.backend):
            absent = assembling.absent_records(choosing.unusable())
            records += absent
            if any(record.status in UNUSABLE for record in absent):
                code = _UNUSABLE
        shard = str(arguments.shard or "")
        whole = assembling.report(cases, records, levels=levels, seed=arguments.seed, shard=shard)
        unwritten = write(whole)
        text = as_text(whole, _scripts(whole, folder, unwritten))
        with interrupts.postponed():
            say(fitted(text))
    for sentence in unwritten:
        complain(f"error: {sentence}")
    return _TROUBLE if unwritten else code


def _explain(arguments: argparse.Namespace) -> int:
    from convdispatch.cli._conformance_explain import explain

    try:
        info, *others = _backends(arguments.backend)
    except (BackendUnavailable, BackendBroken) as exc:
        complain(f"error: {exc}")
        return _UNUSABLE
    if others:
        names = ", ".join(one.name for one in (info, *others))
        raise UsageError(f"--explain writes a script for one backend; received {names}. Name one.")
    return explain(arguments, info)


def _run(
    arguments: argparse.Namespace,
    start: Callable[..., list[BackendRecord]],
    names: Sequence[str],
    count: int,
) -> tuple[list[BackendRecord], int]:
    """Return the records and their exit code."""
    settings = runner.Settings(
        seed=arguments.seed,
        jobs=arguments.jobs or max(assembling.usable_processors() // arguments.nproc, 1),
        processes=arguments.nproc,
        time_limit=arguments.time_limit,
        wants_scripts=any(getattr(arguments, name) for name in ("scripts", *_WITH_SCRIPTS)),
        max_failures=arguments.max_failures,
    )
    try:
        with progress(names, count) as watch:
            records = start(settings=settings, watch=watch)
    except runner.Interrupted as exc:
        return exc.records, _INTERRUPTED
    if any(record.status in UNUSABLE for record in records):
        return records, _UNUSABLE
    return records, _FAILURE if any(record.has_failed for record in records) else 0


def _backends(wanted: Sequence[str]) -> tuple[BackendInfo, ...]:
    try:
        return choosing.choose(wanted or [selection.backend()])
    except BackendNotFound as exc:
        raise UsageError(str(exc)) from exc


def _require_engines(infos: Sequence[BackendInfo]) -> None:
    for info in infos:
        try:
            launched(info.name, [], 1)
        except InvalidArgument as exc:
            raise UsageError(str(exc)) from exc


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
