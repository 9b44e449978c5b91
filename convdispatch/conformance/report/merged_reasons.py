"""What the shards of a run found out about their causes, said of the causes of the whole run.

The shards asked the backend, which the machine that merges may not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from convdispatch.conformance.diagnosis.findings import Cause, Hypothesis, MinimalCase

_FEWEST = 0.5  # of the cases that were compared: a mistake that explains less says little


def with_reasons(causes: Sequence[Cause], shards: Iterable[Sequence[Cause]]) -> tuple[Cause, ...]:
    """Return the causes with the mistakes and the smallest cases of the shards' own causes.

    A shard's cause is that of the whole run which has most of its failing cases.
    """
    known = [one for shard in shards for one in shard]
    return tuple(_explained(cause, known) for cause in causes)


def _explained(cause: Cause, known: Sequence[Cause]) -> Cause:
    cases = set(cause.cases)
    own = [one for one in known if 2 * len(cases.intersection(one.cases)) > len(one.cases)]
    return replace(cause, hypotheses=_hypotheses(own), minimal=_smallest(own, cases))


def _hypotheses(own: Sequence[Cause]) -> tuple[Hypothesis, ...]:
    """Return the mistakes that explain most of what the shards compared, the best first."""
    compared = sum(max((each.of for each in one.hypotheses), default=0) for one in own)
    explained: dict[str, int] = {}
    for one in own:
        for each in one.hypotheses:
            explained[each.what] = explained.get(each.what, 0) + each.explains
    ranked = sorted(explained.items(), key=lambda item: -item[1])
    return tuple(
        Hypothesis(what=what, explains=count, of=compared)
        for what, count in ranked
        if count > _FEWEST * compared
    )


def _smallest(own: Sequence[Cause], cases: set[str]) -> MinimalCase | None:
    found = [one.minimal for one in own if one.minimal is not None and one.minimal.case in cases]
    return min(found, key=lambda one: one.cells, default=None)
