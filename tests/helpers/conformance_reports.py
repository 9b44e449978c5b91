"""Reports to read, to show and to compare: of a sound backend, of a crooked one, and extreme ones.

The crooked backend computes as NumPy's does, but for a few planted faults, so that its report has
every status and several kinds of failure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import enumerated, geometries
from convdispatch.conformance.report import (
    BackendRecord,
    CaseRecord,
    OutcomeRecord,
    Report,
    describe,
)
from convdispatch.conformance.report.scripts import script
from convdispatch.conformance.results import CRASH, FAILED, KNOWN_FAILURE, UNAVAILABLE
from convdispatch.conformance.run.execution import Declared, execute
from convdispatch.conformance.run.known_failures import KnownFailures
from convdispatch.errors import BackendUnavailable, UnsupportedOp
from convdispatch.ops import Backend, Conv, Op, Pad, Signature, Tensor, Upsample
from convdispatch.registry import registry

SOUND = Declared.nothing()
CROOKED = Declared(
    {"upsample2d:bilinear": "no such kernel; use 'nearest'", "pad3d": "no such kernel"},
    KnownFailures("nowhere", {"conv1d/core/1d-crop-high-*": "crops are off by one: see bug 12"}),
)


class Crooked:
    """NumPy's backend with faults: what it was not asked to spoil, it hands on."""

    name = "crooked"

    def __init__(self, sound: Backend) -> None:
        self._sound = sound

    def __getattr__(self, attribute: str) -> Any:
        """Be NumPy's backend in everything else."""
        return getattr(self._sound, attribute)

    def lower(self, op: Op, signature: Signature) -> Callable[..., Tensor]:
        """Swap the pads of convolutions, refuse what is grouped, and raise for large strides."""
        if isinstance(op, Pad):
            raise BackendUnavailable("the package that pads is not installed")
        if isinstance(op, Upsample):
            return self._sound.lower(op, signature)
        if op.groups > 2:
            raise UnsupportedOp("crooked has no grouped convolutions")
        if max(op.strides) > 2:
            raise ValueError("stride <3> & more: \"never\" 'heard' of it")
        if isinstance(op, Conv):
            op = replace(op, pads=tuple((high, low) for low, high in op.pads))
        return self._sound.lower(op, signature)


def run(
    cases: Sequence[Case], backend: Backend, declared: Declared, **fields: Any
) -> BackendRecord:
    """Return the record of a run, as the suite's own runner makes it."""
    outcomes = [execute(case, backend, declared, try_unsupported=True) for case in cases]
    scripts = [
        script(case, backend.name) if one.status in (FAILED, KNOWN_FAILURE) else ""
        for case, one in zip(cases, outcomes, strict=True)
    ]
    return BackendRecord(
        name=backend.name,
        status="available",
        distribution="convdispatch 0.1.0",
        framework="numpy",
        version="2.4.6",
        seconds=sum(one.seconds for one in outcomes),
        unsupported=declared.unsupported,
        outcomes=tuple(map(OutcomeRecord.of, outcomes, scripts)),
        **fields,
    )


def report_of(cases: Sequence[CaseRecord], *backends: BackendRecord) -> Report:
    """Return a report of these backends, everything else being alike."""
    return Report(
        levels=("full",),
        seed=0,
        created="2025-11-22T18:00:00+00:00",
        environment={"python": "3.12.1", "platform": "Linux-6.1-x86_64", "cpus": "2"},
        versions={"convdispatch": "0.1.0", "numpy": "2.4.6", "onnx": None},
        cases=tuple(cases),
        backends=backends,
    )


@cache
def some_cases() -> tuple[Case, ...]:
    """Return cases of each op: the hand-made ones, and some of those that are enumerated."""
    core = [case for case in geometries.cases(0) if case.id.endswith("-last-eighths")]
    chosen = [
        case
        for index, case in enumerate(enumerated.cases(0))
        if index % (40 if case.op.startswith("conv") else 3) == 0
    ]
    return tuple(core + chosen)


@cache
def mixed_report() -> Report:
    """Return the report of a sound, a crooked, a missing and a broken backend."""
    sound = registry.load("numpy")
    crooked = run(
        some_cases(),
        Crooked(sound),  # type: ignore[arg-type] - it is one by delegation
        CROOKED,
        accuracy={"conv2d:float32": {"factor": 4.0, "reason": "Winograd F(2x2, 3x3)"}},
        problems=("the known failure 'conv9d/*' matches no case. Take it off the list.",),
    )
    return report_of(
        describe(some_cases()),
        run(some_cases(), sound, SOUND),
        crooked,
        BackendRecord(name="absent", status=UNAVAILABLE, detail="Try `pip install absent`."),
        BackendRecord(name="broken", status="broken", detail="ImportError: no libfoo.so"),
    )


def sound_report() -> Report:
    """Return the report of the sound backend alone: nothing failed."""
    report = mixed_report()
    return replace(report, backends=report.backends[:1])


def tally(report: Report, backend: str = "", **wanted: object) -> int:
    """Count the outcomes with these fields, which are an outcome's or else its case's."""
    cases = {case.id: case for case in report.cases}
    return sum(
        all(
            getattr(one, name, getattr(cases[one.case], name, None)) == value
            for name, value in wanted.items()
        )
        for record in report.backends
        if record.name == backend or not backend
        for one in record.outcomes
    )


def large_report(backends: int = 4, cases: int = 6000, failing: int = 40) -> Report:
    """Return a report of many cases; every backend crashes in the first of them."""
    known = mixed_report()
    patterns = known.cases
    records = [
        replace(
            patterns[number % len(patterns)], id=f"{patterns[number % len(patterns)].id}-{number}"
        )
        for number in range(cases)
    ]
    bad = OutcomeRecord(
        case="", status=FAILED, kind=CRASH, detail="died", script="raise SystemExit\n" * 80
    )
    good = known.backends[0].outcomes
    return report_of(
        records,
        *(
            replace(
                known.backends[0],
                name=f"backend{index}",
                outcomes=tuple(
                    replace(bad if number < failing else good[number % len(good)], case=record.id)
                    for number, record in enumerate(records)
                ),
            )
            for index in range(backends)
        ),
    )
