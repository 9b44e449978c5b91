"""Run one case on one backend, in this process, and say what became of it.

Nothing escapes but what ends a process: a backend that crashes or hangs is for whoever runs this
in a process of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from convdispatch.conformance import known_failures
from convdispatch.conformance.case import Case, Measured, Mismatch
from convdispatch.conformance.known_failures import KnownFailures
from convdispatch.conformance.results import (
    ERROR,
    FAILED,
    KNOWN_FAILURE,
    MISMATCH,
    PASSED,
    UNAVAILABLE,
    UNDECLARED,
    UNEXPECTED_PASS,
    UNSUPPORTED,
    Outcome,
)
from convdispatch.errors import BackendUnavailable, UnsupportedOp
from convdispatch.ops import Backend, BackendInfo


@dataclass(frozen=True, slots=True)
class Declared:
    """What a backend says of itself: what it does not support, and where it is known to fail."""

    unsupported: dict[str, str]
    known: KnownFailures

    @classmethod
    def of(cls, info: BackendInfo) -> Declared:
        """Return what this backend's plugin and package declare."""
        return cls(dict(info.capabilities.unsupported), known_failures.read(info))

    def reason(self, case: Case) -> str | None:
        """Return why the backend does not support the case, or None where it does."""
        for feature in case.features:
            if feature in self.unsupported:
                return f"{feature}: {self.unsupported[feature]}"
        return None


def execute(
    case: Case, backend: Backend, declared: Declared, *, try_unsupported: bool = False
) -> Outcome:
    """Check the case; where it is declared unsupported, only on demand, to see if it works."""
    reason = declared.reason(case)
    if reason is None:
        return _strict(_check(case, backend), declared.known.reason(case.id))
    tried = _check(case, backend) if try_unsupported else None
    return Outcome(
        case=case.id,
        status=UNSUPPORTED,
        detail=reason,
        seconds=tried.seconds if tried else 0.0,
        works=tried is not None and tried.status == PASSED,
    )


def _strict(outcome: Outcome, reason: str | None) -> Outcome:
    """Turn an expected failure into a known one, and its absence into a failure."""
    if reason is None:
        return outcome
    if outcome.status == FAILED:
        return replace(outcome, status=KNOWN_FAILURE, detail=f"{reason} ({outcome.detail})")
    if outcome.status == PASSED:
        detail = f"it passes, but is listed as a known failure: {reason}. Take it off the list."
        return replace(outcome, status=FAILED, kind=UNEXPECTED_PASS, detail=detail)
    return outcome


def _check(case: Case, backend: Backend) -> Outcome:
    started = time.perf_counter()
    status, kind, detail, measured = _guarded(lambda: case.run(backend))
    return Outcome(
        case=case.id,
        status=status,
        kind=kind,
        detail=detail,
        seconds=time.perf_counter() - started,
        measured=measured,
    )


def _guarded(check: Callable[[], Measured | None]) -> tuple[str, str, str, Measured | None]:
    """Return the status, the kind of failure, what to say of it and the measured error."""
    try:
        return PASSED, "", "", check()
    except Mismatch as exc:
        return FAILED, MISMATCH, str(exc), None
    except BackendUnavailable as exc:
        return UNAVAILABLE, "", str(exc), None
    except UnsupportedOp as exc:
        detail = f"{exc} [declare it in `Capabilities.unsupported`, with this reason]"
        return FAILED, UNDECLARED, detail, None
    except Exception as exc:  # noqa: BLE001 - whatever a foreign backend raises is its failure
        return FAILED, ERROR, f"{type(exc).__name__}: {exc}", None
