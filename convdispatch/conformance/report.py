"""A whole run as data: what `report.json` holds, and every page and table is made from.

The format is versioned. A reader refuses a newer version; a field is never given another meaning.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from convdispatch.conformance.case import SPECIFICATION, Case, Measured
from convdispatch.conformance.problem import Problem, output_shape
from convdispatch.conformance.results import FAILED, STATUSES, Outcome
from convdispatch.errors import ConvDispatchError
from convdispatch.ops import Conv, ConvTranspose, Shape

VERSION = 1


class ReportError(ConvDispatchError, ValueError):
    """A file is not a report that this version can read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The geometry of a convolution: spatial axes alone, sizes in cells."""

    transposed: bool
    input: Shape
    output: Shape
    kernel: Shape
    strides: Shape
    pads: tuple[tuple[int, int], ...]
    dilation: Shape
    groups: int
    channels_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """What a report says of a case, whichever backend ran it."""

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
        """Describe the case by its first problem, where it has one."""
        problem = next((one for one in case.arguments if isinstance(one, Problem)), None)
        return cls(
            id=case.id,
            level=case.level,
            op=case.op,
            claim=case.claim,
            features=case.features,
            since=case.since,
            dtype=problem.dtype if problem else None,
            drawing=_drawing(problem) if problem else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRecord:
    """What became of one case on one backend; `script` reproduces a failure."""

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
    status: str  # 'available', 'unavailable' or 'broken'
    detail: str = ""  # why it is not available
    distribution: str = ""
    framework: str = ""
    version: str | None = None
    seconds: float = 0.0
    unsupported: Mapping[str, str] = field(default_factory=dict)
    accuracy: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    outcomes: tuple[OutcomeRecord, ...] = ()

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
    """One run of the suite."""

    levels: tuple[str, ...]
    seed: int
    created: str  # ISO 8601, UTC
    environment: Mapping[str, str]  # 'python', 'platform', 'processor', 'cpus'
    versions: Mapping[str, str | None]  # of distributions
    cases: tuple[CaseRecord, ...]
    backends: tuple[BackendRecord, ...]
    specification: str = SPECIFICATION
    schema_version: int = VERSION

    def to_json(self) -> str:
        """Return the report as JSON; infinity, which JSON lacks, becomes null."""
        values = asdict(self)
        for record, backend in zip(values["backends"], self.backends, strict=True):
            record["counts"] = backend.counts
        return json.dumps(values, separators=(",", ":"), allow_nan=False) + "\n"


def from_json(text: str, source: str) -> Report:
    """Read a report; raise `ReportError`, naming the source, where that is impossible."""
    try:
        values = json.loads(text)
    except json.JSONDecodeError as exc:
        raise ReportError(f"{source} is not JSON: {exc}. Give a file that --json wrote.") from exc
    version = values.get("schema_version") if isinstance(values, dict) else None
    if version != VERSION:
        raise ReportError(
            f"{source} has the report schema {version!r}; this version reads schema {VERSION}. "
            "Install the convdispatch that wrote it, or write the report again."
        )
    try:
        return _report(values)
    except (KeyError, TypeError, AttributeError) as exc:
        raise ReportError(f"{source} is not a whole report: {exc!r}. Write it again.") from exc


def _report(values: dict[str, Any]) -> Report:
    values["cases"] = tuple(_case(case) for case in values["cases"])
    values["backends"] = tuple(_backend(backend) for backend in values["backends"])
    values["levels"] = tuple(values["levels"])
    return Report(**values)


def _case(values: dict[str, Any]) -> CaseRecord:
    values["features"] = tuple(values["features"])
    drawing = values["drawing"]
    if drawing is not None:
        tuples = {name: _tuples(value) for name, value in drawing.items()}
        values["drawing"] = Drawing(**tuples)
    return CaseRecord(**values)


def _backend(values: dict[str, Any]) -> BackendRecord:
    del values["counts"]  # counted anew
    values["problems"] = tuple(values["problems"])
    values["outcomes"] = tuple(OutcomeRecord(**one) for one in values["outcomes"])
    return BackendRecord(**values)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _drawing(problem: Problem) -> Drawing | None:
    op = problem.op
    if not isinstance(op, Conv | ConvTranspose):
        return None
    return Drawing(
        transposed=isinstance(op, ConvTranspose),
        input=_spatial(problem.input_shape, channels_last=op.channels_last),
        output=_spatial(output_shape(problem), channels_last=op.channels_last),
        kernel=problem.weight_shapes[0][:-2],
        strides=op.strides,
        pads=op.pads,
        dilation=op.dilation,
        groups=op.groups,
        channels_last=op.channels_last,
    )


def _spatial(shape: Shape, *, channels_last: bool) -> Shape:
    return shape[1:-1] if channels_last else shape[2:]


def describe(cases: Iterable[Case]) -> tuple[CaseRecord, ...]:
    """Return what a report says of these cases."""
    return tuple(CaseRecord.of(case) for case in cases)
