"""A diagnosis in words, for a terminal and for pytest's summary, and failures that say the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from convdispatch.conformance.diagnosis.findings import Cause, Hypothesis, MinimalCase
from convdispatch.conformance.report.drawing import caption
from convdispatch.conformance.report.records import OutcomeRecord

_MOST_CAUSES = 8
_NUMBER = re.compile(r"[-+]?(?:\d[\d,.]*(?:e[-+]?\d+)?|\bnan\b|\binf\b)", re.IGNORECASE)


def lines(causes: Sequence[Cause]) -> Iterator[str]:
    """Yield what failing cases share, what was computed instead, and the smallest failing case."""
    for number, cause in enumerate(causes[:_MOST_CAUSES]):
        yield f"{counts(cause)}: {cause.what}"
        for one in cause.hypotheses:
            yield f"    {instead(one)}"
        if cause.minimal is not None and not number:
            yield from (f"    {line}" for line in smallest(cause.minimal))
    if len(causes) > _MOST_CAUSES:
        rest = causes[_MOST_CAUSES:]
        cases = sum(len(cause.cases) for cause in rest)
        yield f"... and {len(rest)} more, of {cases:,} cases: see `--json` or `--html`"


def counts(cause: Cause) -> str:
    """Return how many cases it is true of, failing and passing."""
    return (
        f"{cause.failing:,} of {cause.all_failing:,} failing, "
        f"{cause.passing:,} of {cause.all_passing:,} passing"
    )


def instead(hypothesis: Hypothesis) -> str:
    """Return what was done instead, and of how many cases that gives the numbers."""
    if hypothesis.explains == hypothesis.of:
        share = f"all {hypothesis.of:,}" if hypothesis.of > 1 else "the one"
    else:
        share = f"{hypothesis.explains:,} of {hypothesis.of:,}"
    verb = "is" if hypothesis.explains == 1 else "are"
    return f"{share} that could be compared {verb} what this gives: {hypothesis.what}"


def smallest(minimal: MinimalCase) -> Iterator[str]:
    """Yield the smallest failing case, with its numbers by hand."""
    yield f"smallest case that fails, from {minimal.case}:"
    yield f"    {minimal.claim}"
    if minimal.drawing is not None:
        yield f"    {caption(minimal.drawing)}"
    yield from (f"    {line}" for line in minimal.lines)


@dataclass(frozen=True, slots=True)
class Alike:
    """Failures whose messages differ in numbers at most; the first stands for all."""

    first: OutcomeRecord
    count: int


def folded(failures: Iterable[OutcomeRecord]) -> list[Alike]:
    """Return failures that say the same once, the most frequent first."""
    groups: dict[tuple[str, str], list[OutcomeRecord]] = {}
    for one in failures:
        groups.setdefault((one.kind, _NUMBER.sub("#", one.detail)), []).append(one)
    every = [Alike(group[0], len(group)) for group in groups.values()]
    return sorted(every, key=lambda one: -one.count)
