"""Run one case on one backend, in this process, and say what became of it.

Nothing escapes but what ends a process: whoever runs this in a process of its own, and loses it,
says so by `lost`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from convdispatch.conformance.case import Case, Measured, Mismatch
from convdispatch.conformance.results import (
    ERROR,
    FAILED,
    KNOWN_FAILURE,
    MISMATCH,
    PASSED,
    PRINTED,
    UNAVAILABLE,
    UNDECLARED,
    UNEXPECTED_PASS,
    UNSUPPORTED,
    Outcome,
)
from convdispatch.conformance.run import known_failures
from convdispatch.conformance.run.forks import Watch
from convdispatch.conformance.run.known_failures import KnownFailures
from convdispatch.errors import BackendUnavailable, UnsupportedOp
from convdispatch.ops import Backend, BackendInfo
from convdispatch.support import standard_output
from convdispatch.support.foreign import said


@dataclass(frozen=True, slots=True)
class Declared:
    """What a backend declares: what it does not support, and where it is known to fail."""

    unsupported: dict[str, str]
    known: KnownFailures

    @classmethod
    def of(cls, info: BackendInfo) -> Declared:
        """Return what this backend's plugin and package declare."""
        return cls(dict(info.capabilities.unsupported), known_failures.read(info))

    @classmethod
    def nothing(cls) -> Declared:
        """Return the declaration of a backend that supports all and fails nowhere."""
        return cls({}, KnownFailures(known_failures.FILE_NAME, {}))

    def reason(self, case: Case) -> str | None:
        """Return why the backend does not support the case, or None where it does."""
        for feature in (*case.features, *self.unsupported):
            if feature in self.unsupported and case.uses(feature):
                return f"{feature}: {self.unsupported[feature]}"
        return None

    def reason_met_in(self, outcome: Outcome) -> str | None:
        """Return the declared limit that the case ran into, though it names no such feature."""
        if outcome.kind == UNDECLARED:
            for feature, reason in self.unsupported.items():
                if f"does not support {feature}: {reason}" in outcome.detail:
                    return f"{feature}: {reason}"
        return None


def execute(
    case: Case, backend: Backend, declared: Declared, *, try_unsupported: bool = False
) -> Outcome:
    """Check the case; where it is declared unsupported, only on demand, to see if it works."""
    reason = declared.reason(case)
    if reason is None:
        outcome = _check(case, backend)
        reason = declared.reason_met_in(outcome)
        if reason is None:
            return _strict(outcome, declared.known)
        return replace(outcome, status=UNSUPPORTED, kind="", detail=reason)
    tried = _check(case, backend) if try_unsupported else None
    return Outcome(
        case=case.id,
        status=UNSUPPORTED,
        detail=reason,
        seconds=tried.seconds if tried else 0.0,
        works=tried is not None and tried.status == PASSED,
    )


def lost(case: Case, declared: Declared, *, kind: str, detail: str, seconds: float) -> Outcome:
    """Say what became of a case whose process crashed or was killed while it ran."""
    reason = declared.reason(case)
    if reason is not None:
        return Outcome(case=case.id, status=UNSUPPORTED, detail=reason, seconds=seconds)
    outcome = Outcome(case=case.id, status=FAILED, kind=kind, detail=detail, seconds=seconds)
    return _strict(outcome, declared.known)


def _strict(outcome: Outcome, known: KnownFailures) -> Outcome:
    """Turn an expected failure into a known one, and its absence into a failure, unless flaky.

    The reason is the first line of a known failure's detail, alike for all cases of an entry.
    """
    reason = known.reason(outcome.case)
    if reason is None:
        return outcome
    if outcome.status == FAILED:
        return replace(outcome, status=KNOWN_FAILURE, detail=f"{reason}\n{outcome.detail}")
    if outcome.status == PASSED and not known.may_pass(outcome.case):
        detail = f"it passes, but is listed as a known failure: {reason}. Take it off the list."
        return replace(outcome, status=FAILED, kind=UNEXPECTED_PASS, detail=detail)
    return outcome


def _check(case: Case, backend: Backend) -> Outcome:
    with standard_output.caught() as printed:
        watch, started = Watch(), time.perf_counter()
        status, kind, detail, measured = _guarded(lambda: case.run(backend))
        seconds = time.perf_counter() - started
        if watch.child_came_back():
            status, kind, measured = FAILED, ERROR, None
            detail = "it forked, and the child came back from it and went on as its parent does"
    outcome = Outcome(
        case=case.id,
        status=status,
        kind=kind,
        detail=detail,
        seconds=seconds,
        measured=measured,
    )
    return _quiet(outcome, printed())


def _quiet(outcome: Outcome, text: str) -> Outcome:
    """Turn a success that printed into a failure, and add to a failure what it printed."""
    if outcome.status not in (PASSED, FAILED) or not text:
        return outcome
    printed = f"it wrote to standard output: {text!r}"
    if outcome.status == FAILED:
        return replace(outcome, detail=f"{outcome.detail} [{printed}]")
    return replace(outcome, status=FAILED, kind=PRINTED, detail=printed)


def _guarded(check: Callable[[], Measured | None]) -> tuple[str, str, str, Measured | None]:
    """Return the status, the kind of failure, its description and the measured error."""
    try:
        return PASSED, "", "", check()
    except Mismatch as exc:
        return FAILED, MISMATCH, str(exc), None
    except BackendUnavailable as exc:
        return UNAVAILABLE, "", str(exc), None
    except UnsupportedOp as exc:
        detail = f"{exc} [declare it in `Capabilities.unsupported`, with this reason]"
        return FAILED, UNDECLARED, detail, None
    except KeyboardInterrupt:
        raise
    except BaseException as exc:  # noqa: BLE001 - what a foreign backend raises fails it
        return FAILED, ERROR, said(exc), None
