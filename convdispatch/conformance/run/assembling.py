"""Put a report together: outcomes with their scripts, the machine and the versions."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from dataclasses import fields as fields_of
from typing import Any

from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.report.records import BackendRecord, OutcomeRecord, Report, describe
from convdispatch.conformance.results import UNAVAILABLE, Outcome
from convdispatch.conformance.run.known_failures import KnownFailures
from convdispatch.ops import BackendInfo
from convdispatch.runtime.completion import as_reported
from convdispatch.runtime.registry import AVAILABLE, registry
from convdispatch.support.versions import version_of

_OUTCOME_FIELDS = tuple(one.name for one in fields_of(Outcome))
_LISTED = 20  # cases that are named of those that have no outcome
_PACKAGES = ("convdispatch", "numpy", "pluggy", "ml_dtypes", "autograd", "hypothesis")


def report(
    cases: Iterable[Case],
    backends: Sequence[BackendRecord],
    *,
    levels: Sequence[str],
    seed: int,
    shard: str = "",
) -> Report:
    """Return the report of a run that ends now, on this machine."""
    frameworks = {backend.framework: backend.version for backend in backends if backend.framework}
    return Report(
        levels=tuple(levels),
        seed=seed,
        shard=shard,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        environment={
            "python": platform.python_version(),
            "platform": platform.platform(),
            "processor": _processor(),
            "cpus": str(usable_processors()),
        },
        versions={name: version_of(name) for name in _PACKAGES} | frameworks,
        cases=describe(cases),
        backends=tuple(backends),
    )


def backend_record(
    info: BackendInfo, outcomes: Iterable[Outcome], scripts: Mapping[str, str], **fields: Any
) -> BackendRecord:
    """Return the record of one backend: its outcomes, those that have a script by their case's id.

    `fields` are those of the record that neither the plugin nor the outcomes tell.
    """
    entry = registry.entries().get(info.name)
    return BackendRecord(
        name=info.name,
        distribution=entry.distribution if entry else "",
        framework=info.framework,
        version=version_of(info.framework),
        unsupported=as_reported(info.capabilities.unsupported),
        accuracy={name: asdict(one) for name, one in info.capabilities.accuracy.items()},
        outcomes=tuple(OutcomeRecord.of(one, scripts.get(one.case, "")) for one in outcomes),
        **fields,
    )


def absent_records(reasons: Mapping[str, str]) -> list[BackendRecord]:
    """Return a record, without outcomes, of each backend that is registered and cannot be used."""
    entries = registry.entries()
    return [
        BackendRecord(
            name=name,
            status=registry.status(name),
            detail=reason,
            distribution=entries[name].distribution,
        )
        for name, reason in reasons.items()
    ]


def stale_entries(known: KnownFailures, every_id: Sequence[str]) -> list[str]:
    """Return a complaint for each known failure that is about no case there is."""
    return [
        f"{known.source} lists {pattern!r}, which no case matches: correct it or take it off."
        for pattern in known.unmatched(every_id)
    ]


def left_out_problem(plugin: str, failure: str) -> str:
    """Return the complaint about a plugin without which the cases were run."""
    return f"the plugin {plugin!r} was left out: its convdispatch_lower() failed ({failure})."


def unanswered(record: BackendRecord, cases: Iterable[Case]) -> list[str]:
    """Return complaints where a usable backend has cases without an outcome, or none was made."""
    if record.status != AVAILABLE:
        return []
    answered = {outcome.case for outcome in record.outcomes}
    missing = [case.id for case in cases if case.id not in answered]
    found = []
    if missing:
        more = f" and {len(missing) - _LISTED} more" if len(missing) > _LISTED else ""
        listed = ", ".join(missing[:_LISTED])
        found.append(f"{len(missing)} selected cases have no outcome: {listed}{more}.")
    if answered and all(outcome.status == UNAVAILABLE for outcome in record.outcomes):
        found.append(f"no case could be checked: {record.outcomes[0].detail}")
    return found


def encode(outcome: Outcome) -> dict[str, Any]:
    """Return the outcome as values that JSON has."""
    values = {name: getattr(outcome, name) for name in _OUTCOME_FIELDS}  # `asdict` copies deeply
    return values | {"measured": asdict(outcome.measured) if outcome.measured else None}


def decode(values: Mapping[str, Any]) -> Outcome:
    """Return the outcome that `encode` was given."""
    measured = values["measured"]
    return Outcome(**{**values, "measured": Measured(**measured) if measured else None})


def usable_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    """Return the processor's own name where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = [line for line in file if line.startswith("model name")]
    except OSError:
        lines = []
    return lines[0].partition(":")[2].strip() if lines else platform.processor()
