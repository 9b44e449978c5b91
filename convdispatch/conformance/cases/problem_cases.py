"""A case that checks something about the op of a problem: its id, its arguments, its features."""

from __future__ import annotations

from collections.abc import Sequence

from convdispatch.conformance.case import Case, Check
from convdispatch.numerics.problem import Problem
from convdispatch.ops import features, op_name


def problem_case(
    level: str,
    slug: str,
    check: Check,
    claim: str,
    problem: Problem,
    *others: object,
    needs: Sequence[str] = (),
    used: Sequence[Problem] = (),
) -> Case:
    """Return the case that calls check(backend, problem, *others).

    `needs` are capabilities besides the features of the ops, such as 'gradients'. `used` are the
    problems that the check computes besides this one.
    """
    name = op_name(problem.op)
    own = [feature for one in (problem, *used) for feature in features(one.op, one.signature)]
    needed = [feature for need in needs for feature in (need, f"{name}:{need}")]
    return Case(
        id=f"{name}/{level}/{slug}",
        level=level,
        op=name,
        claim=claim,
        check=check,
        arguments=(problem, *others),
        features=tuple(dict.fromkeys([*own, *needed])),
    )
