"""The outcome of each case, and of a whole run.

Three words are never mixed: 'unavailable' (something is not installed), 'unsupported' (declared,
with a reason) and 'known failure' (expected to fail, listed with a reason by the backend).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from convdispatch.conformance.case import Measured
from convdispatch.support.child_process import CRASH as CRASH
from convdispatch.support.child_process import ERROR as ERROR
from convdispatch.support.child_process import TIME_LIMIT as TIME_LIMIT

PASSED = "passed"
FAILED = "failed"
UNSUPPORTED = "unsupported"
KNOWN_FAILURE = "known failure"
UNAVAILABLE = "unavailable"
STATUSES = (PASSED, FAILED, UNSUPPORTED, KNOWN_FAILURE, UNAVAILABLE)

# In what way a case failed, beside CRASH (the interpreter died), TIME_LIMIT (no answer in time) and
# ERROR (the backend raised).
MISMATCH = "mismatch"  # another answer than the claim's
UNDECLARED = "undeclared"  # it raised UnsupportedOp for what it does not declare unsupported
UNEXPECTED_PASS = "unexpected pass"  # listed as a known failure, and right
PRINTED = "printed"  # something was written to standard output

# The problem of a run that the user stopped; the cases that did not run have no outcome.
INTERRUPTED = "the run was interrupted"
_STOPPED = "the run was stopped after "


def stopped_after(failures: int) -> str:
    """Return the problem of a run that ended with the last failure that was to be found."""
    return f"{_STOPPED}{failures} failure{'s' * (failures > 1)}"


def is_partial(problems: Iterable[str]) -> bool:
    """Say whether a run with these problems was ended before all cases had run."""
    return any(one == INTERRUPTED or one.startswith(_STOPPED) for one in problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of one case on one backend."""

    case: str  # its id
    status: str  # one of STATUSES
    kind: str = ""  # of a failure, known or not
    detail: str = ""  # what was wrong, or the declared reason
    seconds: float = 0.0
    measured: Measured | None = None
    works: bool = False  # the declared-unsupported case was tried, and its claim holds
