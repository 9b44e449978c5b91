"""What a loaded backend did instead in the cases of a cause, and the smallest case of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from convdispatch.conformance.case import Case
from convdispatch.conformance.diagnosis.explanation import Explanation
from convdispatch.conformance.diagnosis.hypotheses import believed
from convdispatch.conformance.diagnosis.minimal import minimal
from convdispatch.ops import Backend, BackendInfo


def explained(
    backend: Backend,
    info: BackendInfo,
    cases: Sequence[Case],
    *,
    seed: int,
    seconds: float,
    tell: Callable[[Explanation], object] = lambda _: None,
) -> Explanation:
    """Explain failing cases in about so many seconds; `tell` hears of each step on the way."""
    deadline = time.monotonic() + seconds
    found = believed(backend, cases, deadline=deadline - seconds / 2)
    hypotheses = tuple(one.hypothesis for one in found)
    tell(Explanation(hypotheses=hypotheses))
    smallest = minimal(
        backend,
        info,
        cases,
        believed=found[0] if found else None,
        seed=seed,
        deadline=deadline,
        tell=lambda case: tell(Explanation(hypotheses=hypotheses, minimal=case)),
    )
    return Explanation(hypotheses=hypotheses, minimal=smallest)
