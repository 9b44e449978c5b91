"""A whole run as data: what `report.json` holds, and every page and table is made from.

The format is versioned. A reader refuses a newer version; a field is never given another meaning.
`report.schema.json` says the same for other programs.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from convdispatch.conformance.case import SPECIFICATION, Case, Measured
from convdispatch.conformance.diagnosis.findings import Cause
from convdispatch.conformance.geometry import Drawing as Drawing
from convdispatch.conformance.geometry import drawing_of
from convdispatch.conformance.report.decoding import Misfit, reader
from convdispatch.conformance.results import FAILED, STATUSES, Outcome
from convdispatch.errors import ConvDispatchError
from convdispatch.numerics.problem import Problem
from convdispatch.support.files import decompressed, read_whole

VERSION = 2  # 2 has `diagnosis` and `shard`
_READABLE = (1, 2)
LARGEST = 2**28  # bytes of a report that is read; one of four backends that all fail has 2**27


class ReportError(ConvDispatchError, ValueError):
    """A file is not a report that this version can read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """A report's entry of a case, for all backends."""

    id: str
    level: str
    op: str
    claim: str
    features: tuple[str, ...]
    since: str
    dtype: str | None = None
    drawing: Drawing | None = None

    @classmethod
    def of(cls, case: Case) -> CaseRecord:
        """Describe the case by its first problem or row, where it has one."""
        problem = next((one for one in case.arguments if isinstance(one, Problem)), None)
        dtypes = (getattr(argument, "dtype", None) for argument in case.arguments)
        return cls(
            id=case.id,
            level=case.level,
            op=case.op,
            claim=case.claim,
            features=case.features,
            since=case.since,
            dtype=next((dtype for dtype in dtypes if isinstance(dtype, str)), None),
            drawing=drawing_of(problem) if problem else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRecord:
    """The outcome of one case on one backend; `script` reproduces a failure."""

    case: str
    status: str
    kind: str = ""
    detail: str = ""
    seconds: float = 0.0
    bounds: float | None = None
    ulps: float | None = None
    works: bool = False
    script: str = ""

    @classmethod
    def of(cls, outcome: Outcome, script: str = "") -> OutcomeRecord:
        """Return the record of an outcome."""
        measured: Measured | None = outcome.measured
        return cls(
            case=outcome.case,
            status=outcome.status,
            kind=outcome.kind,
            detail=outcome.detail,
            seconds=round(outcome.seconds, 6),
            bounds=measured.bounds if measured else None,
            ulps=measured.ulps if measured else None,
            works=outcome.works,
            script=script,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendRecord:
    """One backend's run. `problems` are failures of no case: a stale entry, a lost process."""

    name: str
    status: str  # 'available', 'unavailable', 'broken' or 'too old'
    detail: str = ""  # why it is not available
    distribution: str = ""
    framework: str = ""
    version: str | None = None
    seconds: float = 0.0
    unsupported: Mapping[str, str] = field(default_factory=dict)
    accuracy: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    outcomes: tuple[OutcomeRecord, ...] = ()
    diagnosis: tuple[Cause, ...] = ()  # of the failures; schema 1 has none

    @property
    def counts(self) -> dict[str, int]:
        """Outcomes by status, every status named."""
        found = Counter(outcome.status for outcome in self.outcomes)
        return {status: found[status] for status in STATUSES}

    @property
    def has_failed(self) -> bool:
        """Whether a case failed, or something that belongs to no case."""
        return bool(self.problems) or any(one.status == FAILED for one in self.outcomes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run of the suite. Every outcome is of a case that the report lists, and of a status."""

    levels: tuple[str, ...]
    seed: int
    created: str  # ISO 8601, UTC
    environment: Mapping[str, str]  # 'python', 'platform', 'processor', 'cpus'
    versions: Mapping[str, str | None]  # of distributions
    cases: tuple[CaseRecord, ...]
    backends: tuple[BackendRecord, ...]
    shard: str = ""  # such as '2/5' where the run was split and this is a part of it
    specification: str = SPECIFICATION
    schema_version: int = VERSION

    def __post_init__(self) -> None:
        """Raise `ReportError` where the parts contradict each other."""
        _require_distinct("cases", [case.id for case in self.cases])
        _require_distinct("backends", [backend.name for backend in self.backends])
        listed = {case.id for case in self.cases}
        for backend in self.backends:
            run = [outcome.case for outcome in backend.outcomes]
            _require_distinct(f"outcomes on {backend.name!r}", run)
            _require_among("case", set(run), listed)
            explained = {case for cause in backend.diagnosis for case in cause.cases}
            _require_among("case of a cause", explained, set(run))
            _require_among("status", {one.status for one in backend.outcomes}, set(STATUSES))

    def to_json(self) -> str:
        """Return the report as JSON; infinity and NaN, which JSON lacks, become null."""
        values = _plain(self)
        for record, backend in zip(values["backends"], self.backends, strict=True):
            record["counts"] = backend.counts
        return json.dumps(values, separators=(",", ":"), allow_nan=False) + "\n"


def read(path: Path) -> Report:
    """Read the report in a file; raise `ReportError`, naming the file, where that is impossible."""
    try:
        text = decompressed(read_whole(path, LARGEST), LARGEST).decode("utf-8")
    except OSError as exc:
        raise ReportError(f"cannot read the report {str(path)!r}: {exc.strerror or exc}.") from exc
    except UnicodeDecodeError as exc:
        raise ReportError(f"{path} is not JSON: {exc}. Give a file that --json wrote.") from exc
    return from_json(text, str(path))


def from_json(text: str, source: str) -> Report:
    """Read a report; raise `ReportError`, naming the source, where that is impossible."""
    try:
        values = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as exc:
        raise ReportError(f"{source} is not JSON: {exc}. Give a file that --json wrote.") from exc
    _require_version(values, source)
    try:
        for backend in values["backends"]:
            del backend["counts"]  # they are counted anew
        report: Report = reader(Report)(values)
    except Misfit as exc:
        raise ReportError(f"{source} is not a whole report: {exc}. Write it again.") from exc
    except (KeyError, TypeError) as exc:
        raise ReportError(f"{source} is not a whole report: {exc!r}. Write it again.") from exc
    except ReportError as exc:
        raise ReportError(f"{source} contradicts itself: {exc}") from exc
    return report


def _refuse(constant: str) -> None:
    raise ValueError(f"it has the number {constant}")


def _require_version(values: object, source: str) -> None:
    """Raise `ReportError` unless this is a report, and of a version that can be read."""
    version = values.get("schema_version") if isinstance(values, dict) else None
    if type(version) is not int:
        raise ReportError(
            f"{source} is not a conformance report: it has no `schema_version`. "
            "Give a file that `convdispatch conformance --json` wrote."
        )
    if version not in _READABLE:
        readable = " and ".join(map(str, _READABLE))
        raise ReportError(
            f"{source} has the report schema {version}; this convdispatch reads {readable}. "
            "Install the convdispatch that wrote it, or write the report again."
        )


def _plain(value: Any) -> Any:
    """Return the value as JSON has it, with null for each number that JSON lacks.

    `dataclasses.asdict` copies everything, and takes three times as long.
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    return value


def _require_distinct(what: str, names: list[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ReportError(f"two {what} of a report have one name: {twice[0]!r}. Keep one.")


def _require_among(what: str, found: set[str], allowed: set[str]) -> None:
    if not found <= allowed:
        unknown = sorted(found - allowed)[0]
        some = ", ".join(map(repr, sorted(allowed)[:5])) or "none"
        raise ReportError(
            f"an outcome of a report has the {what} {unknown!r}, which is not one of the "
            f"{len(allowed)} known ones ({some}). Correct it or list it."
        )


def describe(cases: Iterable[Case]) -> tuple[CaseRecord, ...]:
    """Return a report's records of these cases."""
    return tuple(CaseRecord.of(case) for case in cases)
