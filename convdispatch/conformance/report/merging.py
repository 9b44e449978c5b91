"""One report of several: the shards of a run, on one backend or on more.

Reports that ask different questions are not put together: another specification, seed or level,
other versions of what computes, or other cases of one name. Nothing is counted twice and nothing
that is missing is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from convdispatch.conformance.report.records import (
    BackendRecord,
    CaseRecord,
    OutcomeRecord,
    Report,
    ReportError,
)
from convdispatch.conformance.run import sharding
from convdispatch.errors import InvalidArgument

_ASKED = ("specification", "seed", "levels")
_SAME = ("status", "distribution", "framework", "version", "unsupported", "accuracy")
_AGAIN = "Run all shards with the same versions and options, and merge those reports."
_NAMED = 5  # missing shards


def merge(reports: Mapping[str, Report]) -> Report:
    """Return the report of the whole run; the names are those of the files, for errors.

    The cases are in the order of the shards. A diagnosis is of one report's cases, so the result
    has none. Raises `ReportError`, naming the files, where the reports are not parts of one run.
    """
    if not reports:
        raise ReportError("no report was given. Name the reports of all shards.")
    _require_same_questions(reports)
    _require_same_versions(reports)
    backends: dict[str, list[tuple[str, BackendRecord]]] = {}
    for source, report in reports.items():
        for backend in report.backends:
            backends.setdefault(backend.name, []).append((source, backend))
    for name, parts in backends.items():
        _require_every_shard(name, {source: reports[source] for source, _ in parts})
    first = next(iter(reports.values()))
    ordered = sorted(reports.values(), key=lambda report: _shard_of(report))
    return replace(
        first,
        shard="",
        created=max(report.created for report in reports.values()),
        environment=_joined([report.environment for report in ordered]),
        versions={name: value for one in ordered for name, value in one.versions.items()},
        cases=_cases(reports),
        backends=tuple(_backend(parts) for parts in backends.values()),
    )


def _require_same_questions(reports: Mapping[str, Report]) -> None:
    (first, one), *others = reports.items()
    for field in _ASKED:
        for source, other in others:
            if getattr(one, field) != getattr(other, field):
                raise ReportError(
                    f"the reports have different values of `{field}`: {_shown(getattr(one, field))}"
                    f" in {first}, {_shown(getattr(other, field))} in {source}. {_AGAIN}"
                )


def _require_same_versions(reports: Mapping[str, Report]) -> None:
    found: dict[str, tuple[str, str | None]] = {}
    for source, report in reports.items():
        versions = {**report.versions, "Python": report.environment.get("python")}
        for name, version in versions.items():
            other, expected = found.setdefault(name, (source, version))
            if version != expected:
                raise ReportError(
                    f"the reports have different versions of {name}: {expected} in {other}, "
                    f"{version} in {source}. {_AGAIN}"
                )


def _require_every_shard(name: str, reports: Mapping[str, Report]) -> None:
    """Raise `ReportError` unless they are one whole run of a backend, or all its shards once."""
    shards = {source: _shard_of(report, source) for source, report in reports.items()}
    totals = {shard.total for shard in shards.values()}
    if len(totals) > 1:
        listed = ", ".join(f"{shard} in {source}" for source, shard in shards.items())
        raise ReportError(
            f"{name!r} was split into different numbers of shards: {listed}. {_AGAIN}"
        )
    seen: dict[sharding.Shard, str] = {}
    for source, shard in shards.items():
        other = seen.setdefault(shard, source)
        if other != source:
            _refuse_twice(name, other, source, reports)
    (total,) = totals
    present = {shard.number for shard in seen}
    missing = [f"{n}/{total}" for n in range(1, total + 1) if n not in present]
    if missing:
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        raise ReportError(
            f"of {name!r} the shard {', '.join(missing[:_NAMED])}{more} is missing. "
            "Run it with `--shard`, and merge the reports of all shards."
        )


def _refuse_twice(name: str, one: str, other: str, reports: Mapping[str, Report]) -> None:
    """Raise `ReportError` for two reports of one shard, naming a case that both have."""
    shard = reports[one].shard
    what = f"the shard {shard} of {name!r}" if shard else f"{name!r}"
    cases = [{case.id for case in reports[source].cases} for source in (one, other)]
    both = sorted(cases[0] & cases[1])
    example = f", such as {both[0]}" if both else ""
    raise ReportError(
        f"{what} is in {one} and again in {other}: {len(both)} cases twice{example}. "
        "Name each report once, and give one of each shard."
    )


def _shard_of(report: Report, source: str = "") -> sharding.Shard:
    if not report.shard:
        return sharding.Shard(1, 1)
    try:
        return sharding.parse(report.shard)
    except InvalidArgument as exc:
        raise ReportError(f"{source} is not a whole report: {exc}") from exc


def _cases(reports: Mapping[str, Report]) -> tuple[CaseRecord, ...]:
    found: dict[str, tuple[str, CaseRecord]] = {}
    for source, report in sorted(reports.items(), key=lambda item: _shard_of(item[1])):
        for case in report.cases:
            other, same = found.setdefault(case.id, (source, case))
            if case != same:
                raise ReportError(
                    f"the case {case.id!r} of {source} is not that of {other}. {_AGAIN}"
                )
    return tuple(case for _, case in found.values())


def _backend(parts: Sequence[tuple[str, BackendRecord]]) -> BackendRecord:
    first, one = parts[0]
    for source, other in parts[1:]:
        for field in _SAME:
            if getattr(one, field) != getattr(other, field):
                raise ReportError(
                    f"the reports have different values of `{field}` of {one.name!r}: "
                    f"{_shown(getattr(one, field))} in {first}, {_shown(getattr(other, field))} "
                    f"in {source}. {_AGAIN}"
                )
    outcomes: dict[str, tuple[str, OutcomeRecord]] = {}
    for source, part in parts:
        for outcome in part.outcomes:
            other_source, same = outcomes.setdefault(outcome.case, (source, outcome))
            if same is not outcome:
                raise ReportError(
                    f"the case {outcome.case!r} ran twice on {one.name!r}: in {other_source} and "
                    f"in {source}. Give one report of each shard."
                )
    records = [part for _, part in parts]
    return replace(
        one,
        seconds=sum(part.seconds for part in records),
        problems=tuple(dict.fromkeys(problem for part in records for problem in part.problems)),
        outcomes=tuple(outcome for _, outcome in outcomes.values()),
        diagnosis=(),
    )


def _joined(environments: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return what is said of the machines; where they differ, all of it."""
    found: dict[str, dict[str, None]] = {}
    for environment in environments:
        for name, value in environment.items():
            found.setdefault(name, {})[value] = None
    return {name: ", ".join(values) for name, values in found.items()}


def _shown(value: object) -> str:
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return text if len(text) <= 200 else f"{text[:200]} ..."
