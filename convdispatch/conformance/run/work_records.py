"""The work of a run before its first case, and the record that it comes to."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from convdispatch.conformance.case import Case
from convdispatch.conformance.diagnosis.diagnose import diagnosed
from convdispatch.conformance.diagnosis.explain import explain
from convdispatch.conformance.report.records import BackendRecord
from convdispatch.conformance.results import CRASH, TIME_LIMIT
from convdispatch.conformance.run.assembling import backend_record, stale_entries, unanswered
from convdispatch.conformance.run.execution import Declared
from convdispatch.conformance.run.schedule import Work
from convdispatch.errors import ConfigError
from convdispatch.ops import BackendInfo
from convdispatch.runtime.registry import AVAILABLE, BROKEN


def begin(
    info: BackendInfo, cases: Sequence[Case], every_id: Sequence[str], problems: Sequence[str]
) -> Work:
    """Return the work of one backend: all cases, unless its package cannot be understood."""
    try:
        declared = Declared.of(info)
    except ConfigError as exc:
        return Work(info=info, declared=Declared.nothing(), pending=deque(), broken=str(exc))
    work = Work(info=info, declared=declared, pending=deque(cases))
    work.problems += [*problems, *stale_entries(declared.known, every_id)]
    return work


def whole_record(work: Work, cases: Sequence[Case]) -> BackendRecord:
    """Return the record of a run to the end: every case has one outcome, or it is a problem."""
    record = _record(work, cases)
    found = unanswered(record, cases)
    return diagnosed(replace(record, problems=(*record.problems, *found)), cases)


def with_reasons(
    record: BackendRecord, work: Work, cases: Sequence[Case], *, seed: int, time_limit: float
) -> BackendRecord:
    """Return the record with what the backend does instead, where it has failures."""
    if not record.diagnosis:
        return record
    causes = explain(
        record.diagnosis,
        cases,
        work.info,
        seed=seed,
        time_limit=time_limit,
        lost={one.case for one in record.outcomes if one.kind in (CRASH, TIME_LIMIT)},
    )
    return replace(record, diagnosis=causes)


def partial_record(work: Work, cases: Sequence[Case], why: str) -> BackendRecord:
    """Return the record of a run that ended before all cases had run, if it did, and why."""
    record = diagnosed(_record(work, cases), cases)
    if len(record.outcomes) == len(cases):
        return record
    return replace(record, problems=(*record.problems, why))


def _record(work: Work, cases: Sequence[Case]) -> BackendRecord:
    return backend_record(
        work.info,
        [work.outcomes[case.id] for case in cases if case.id in work.outcomes],
        work.scripts,
        status=BROKEN if work.broken else AVAILABLE,
        detail=work.broken,
        problems=tuple(work.problems),
        seconds=work.seconds,
    )
