"""The changes between two reports, for a person and for a job that has to decide.

A regression is something that was shown to work and no longer is: a case that passed and now does
not, or is gone; a new failure outside the cases; a backend that ran and does not. What a new case
or a new backend brings to light is listed, and is no regression: nothing that worked has stopped
working. Neither is a larger error that is still within the bound, nor a level that was not run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from convdispatch.conformance.report.records import BackendRecord, CaseRecord, OutcomeRecord, Report
from convdispatch.conformance.results import FAILED, KNOWN_FAILURE, PASSED
from convdispatch.support.text import printable

_GROWTH = 2  # an error that grew by less is chance
_MOST_LISTED = 20  # of one kind; the count is always whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A case that has another status on one backend; None where a report does not have it."""

    case: str
    old: str | None
    new: str | None
    detail: str = ""
    is_regression: bool = False

    @property
    def heading(self) -> str:
        """The kinds of changes, by which they are grouped."""
        if self.old is None:
            return "new and failing" if self.new == FAILED else f"new, {self.new}"
        if self.new is None:
            return "passed, now gone" if self.old == PASSED else "removed"
        if self.new == FAILED:
            return "newly failing"
        was_wrong = self.old in (FAILED, KNOWN_FAILURE)
        return "fixed" if was_wrong and self.new == PASSED else f"{self.old}, now {self.new}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A worst error, in units of the bound, that is more than twice what it was."""

    op: str
    dtype: str
    old: float
    new: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendDiff:
    """The changes on one backend. `notes` are whole sentences that concern no single case."""

    name: str
    changes: tuple[Change, ...] = ()
    grown: tuple[Growth, ...] = ()
    notes: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()  # sentences too, each a regression

    @property
    def regressions(self) -> int:
        """How many things worked and no longer do."""
        return len(self.lost) + sum(change.is_regression for change in self.changes)

    def lines(self) -> list[str]:
        """Return what changed, indented below the backend's name."""
        parts = [f"  {sentence}" for sentence in (*self.lost, *self.notes)]
        groups: dict[str, list[Change]] = defaultdict(list)
        for change in sorted(self.changes, key=lambda one: not one.is_regression):
            groups[change.heading].append(change)
        for heading, group in groups.items():
            parts.append(f"  {heading}: {len(group)}")
            parts += [f"    {_sentence(change)}" for change in group[:_MOST_LISTED]]
            if len(group) > _MOST_LISTED:
                parts.append(f"    ... and {len(group) - _MOST_LISTED} more")
        for one in self.grown:
            parts.append(
                f"  the worst error of {one.op} in {one.dtype} grew from {one.old:.2g} to "
                f"{one.new:.2g} of the bound"
            )
        count = self.regressions
        verdict = f"{count} regression{'s' * (count != 1)}" if count else "no regression"
        lines = [f"{self.name}: {verdict if parts else 'nothing changed'}", *parts]
        return list(map(printable, lines))  # a name with a line's end must not look like a verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """The changes between two reports."""

    notes: tuple[str, ...]
    backends: tuple[BackendDiff, ...]

    @property
    def has_regressions(self) -> bool:
        """Whether something that was shown to work no longer is."""
        return any(backend.regressions for backend in self.backends)

    def text(self) -> str:
        """Return what changed, backend by backend; the last line is the verdict."""
        count = sum(backend.regressions for backend in self.backends)
        verdict = f"{count} regression{'s' * (count != 1)}." if count else "No regressions."
        blocks = ["\n".join(backend.lines()) for backend in self.backends]
        return "\n\n".join(filter(None, ["\n".join(map(printable, self.notes)), *blocks, verdict]))


def compare(old: Report, new: Report) -> Diff:
    """Return what changed from one report to a later one."""
    before = {backend.name: backend for backend in old.backends}
    after = {backend.name: backend for backend in new.backends}
    return Diff(
        notes=tuple(_settings(old, new)),
        backends=tuple(
            _compare_backends(name, before.get(name), after.get(name), old, new)
            for name in dict.fromkeys([*before, *after])
        ),
    )


def _settings(old: Report, new: Report) -> list[str]:
    """Return a sentence for each thing beside the backends that differs."""
    return [
        *_differences(_choices(old), _choices(new)),
        *_differences(old.environment, new.environment),
        *_differences(old.versions, new.versions),
    ]


def _choices(report: Report) -> dict[str, str | None]:
    return {
        "levels": " ".join(report.levels),
        "seed": str(report.seed),
        "specification": report.specification,
    }


def _differences(old: Mapping[str, str | None], new: Mapping[str, str | None]) -> list[str]:
    names = [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
    return [f"{name}: {new.get(name) or 'none'}, was {old.get(name) or 'none'}" for name in names]


def _compare_backends(
    name: str, before: BackendRecord | None, after: BackendRecord | None, old: Report, new: Report
) -> BackendDiff:
    if before is None:
        return BackendDiff(name=name, notes=("the old report does not have it",))
    if after is None:
        gone = ("the new report does not have it",)
        if before.outcomes:
            return BackendDiff(name=name, lost=gone)
        return BackendDiff(name=name, notes=gone)
    notes, lost = _statements(before, after)
    if before.outcomes and not after.outcomes:
        return BackendDiff(
            name=name, notes=tuple(notes), lost=(*lost, "it ran before, and now it did not")
        )
    return BackendDiff(
        name=name,
        notes=tuple(notes),
        lost=tuple(lost),
        changes=tuple(_changes(before, after, old, new)),
        grown=tuple(_growths(before, after, old)),
    )


def _statements(before: BackendRecord, after: BackendRecord) -> tuple[list[str], list[str]]:
    """Return what changed about a backend as a whole, and which of it is a regression."""
    notes = []
    if before.version != after.version:
        notes.append(f"{after.framework}: {after.version}, was {before.version}")
    if before.status != after.status:
        notes.append(f"it is {after.status}, was {before.status}. {after.detail}".rstrip())
    for word, there, absent in (
        ("newly", after.unsupported, before.unsupported),
        ("no longer", before.unsupported, after.unsupported),
    ):
        declared = [feature for feature in there if feature not in absent]
        if declared:
            notes.append(f"{word} declared unsupported: {', '.join(declared)}")
    return notes, [problem for problem in after.problems if problem not in before.problems]


def _changes(before: BackendRecord, after: BackendRecord, old: Report, new: Report) -> list[Change]:
    had, has = ({one.case: one for one in record.outcomes} for record in (before, after))
    expected = _expected(old, new)
    found = []
    for case in dict.fromkeys([*had, *has]):
        one, other = had.get(case), has.get(case)
        if (one and one.status) == (other and other.status):
            continue
        if other is None and case not in expected:
            continue  # it was not to be run
        found.append(_change(case, one, other))
    return found


def _change(case: str, old: OutcomeRecord | None, new: OutcomeRecord | None) -> Change:
    was, is_now = (one.status if one else None for one in (old, new))
    fails_now = is_now == FAILED and was not in (None, FAILED)
    return Change(
        case=case,
        old=was,
        new=is_now,
        detail=new.detail if new else "",
        is_regression=was == PASSED or fails_now,
    )


def _expected(old: Report, new: Report) -> set[str]:
    """Return the old cases that the new run was to run as well.

    Another seed draws other cases, and another choice of levels leaves some out.
    """
    listed = {case.id for case in new.cases}
    if old.seed != new.seed:
        return listed
    return listed | {case.id for case in old.cases if {case.level, "full"} & {*new.levels}}


def _growths(before: BackendRecord, after: BackendRecord, old: Report) -> list[Growth]:
    """Return the worst errors that grew, over the cases that both runs measured."""
    cases = {case.id: case for case in old.cases}
    both = {one.case for one in before.outcomes if one.bounds is not None}
    both &= {one.case for one in after.outcomes if one.bounds is not None}
    was, is_now = (_worst(record, cases, both) for record in (before, after))
    return [
        Growth(op=op, dtype=dtype, old=was[op, dtype], new=bounds)
        for (op, dtype), bounds in sorted(is_now.items())
        if bounds > _GROWTH * was[op, dtype]
    ]


def _worst(
    backend: BackendRecord, cases: Mapping[str, CaseRecord], chosen: set[str]
) -> dict[tuple[str, str], float]:
    worst: dict[tuple[str, str], float] = defaultdict(float)
    for outcome in backend.outcomes:
        if outcome.case in chosen:
            case = cases[outcome.case]
            key = case.op, case.dtype or "any type"
            worst[key] = max(worst[key], outcome.bounds or 0.0)
    return worst


def _sentence(change: Change) -> str:
    """Return the case and the first line of its detail."""
    detail = change.detail.partition("\n")[0]
    return f"{change.case}: {detail}" if detail else change.case
