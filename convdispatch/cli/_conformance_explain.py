"""`convdispatch conformance --explain CASE`: what it claims, its numbers by hand, its script."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterator, Sequence

from convdispatch.cli._output import UsageError, fitted, say
from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import collect
from convdispatch.conformance.cases.values import forward
from convdispatch.conformance.diagnosis.by_hand import right_lines
from convdispatch.conformance.report.records import CaseRecord
from convdispatch.conformance.report.scripts import script
from convdispatch.conformance.report.text_drawing import draw_lines
from convdispatch.numerics.problem import Problem
from convdispatch.ops import BackendInfo
from convdispatch.support.text import printable

_MOST_CELLS = 20_000  # of a result that is written out: each product is a text


def explain(arguments: argparse.Namespace, info: BackendInfo) -> int:
    """Print everything about one case; run nothing. Raise `UsageError` where there is no such."""
    case = _named(arguments.explain, collect(arguments.seed)[0])
    text = "\n".join(map(printable, _lines(case)))
    say(fitted(text))
    # As it is: a program whose lines were wrapped would be another one.
    say(f"\nAs a program, on {info.name!r}:\n")
    say(script(case, info.name, info=info, seed=arguments.seed).rstrip("\n"))
    return 0


def _named(wanted: str, every: Sequence[Case]) -> Case:
    for case in every:
        if case.id == wanted:
            return case
    near = difflib.get_close_matches(wanted, [case.id for case in every], n=1, cutoff=0.5)
    meant = f" Is {near[0]!r} meant?" if near else ""
    raise UsageError(
        f"--explain: no case has the id {wanted!r}.{meant} Give a whole id, as in a report; "
        "`--case PATTERN` runs several."
    )


def _lines(case: Case) -> Iterator[str]:
    record = CaseRecord.of(case)
    yield case.id
    yield from (f"  {line}" for line in case.claim.splitlines())
    dtype = f", {record.dtype}" if record.dtype else ""
    yield f"  level {case.level}, op {case.op}{dtype}, since specification {case.since}"
    if case.features:
        yield f"  features: {', '.join(case.features)}"
    if record.drawing is not None:
        yield ""
        yield from draw_lines(record.drawing)
    problem = next((one for one in case.arguments if isinstance(one, Problem)), None)
    if problem is not None:
        yield from _by_hand(case, problem)


def _by_hand(case: Case, problem: Problem) -> Iterator[str]:
    """Yield the first numbers of the op's result, which other checks start from."""
    if problem.expected[0].size > _MOST_CELLS:
        return
    yield ""
    is_claim = case.check is forward
    yield "By hand:" if is_claim else "The op's own result, which the claim is about, by hand:"
    yield from (f"  {line}" for line in right_lines(problem))
