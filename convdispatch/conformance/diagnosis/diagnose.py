"""The diagnosis of one backend's run: which properties separate its failures from the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from convdispatch.conformance.case import Case
from convdispatch.conformance.diagnosis.asked_facts import EMPTY, is_differentiated
from convdispatch.conformance.diagnosis.facts import ASKED, SUBJECT
from convdispatch.conformance.diagnosis.features import facts_of, is_primitive, is_result
from convdispatch.conformance.diagnosis.findings import Cause
from convdispatch.conformance.diagnosis.rules import Mask, Rule, pruned, search
from convdispatch.conformance.diagnosis.table import Table, table
from convdispatch.conformance.diagnosis.wording import sentence
from convdispatch.conformance.report.records import BackendRecord
from convdispatch.conformance.results import FAILED, PASSED

FOLLOWING = "layers, training, gradients and drawn geometries, which may fail by the above"
OTHER = "other"
# How much a passing case counts that may not look at what is wrong: no case with the same question
# fails, or it has no numbers to compare.
_LITTLE = 0.1


@dataclass(frozen=True, slots=True)
class Found:
    """One rule in words, and the cases of which it is true."""

    words: tuple[str, ...]
    what: str
    covers: frozenset[str]  # among those that were searched
    failing: tuple[str, ...]

    def is_true(self, case: Case) -> bool:
        """Say whether the rule is true of any case."""
        facts = facts_of(case)
        return all(map(facts.has, self.words))


def diagnosed(record: BackendRecord, cases: Sequence[Case]) -> BackendRecord:
    """Return the record with the causes of its failures; `cases` are those that were run."""
    statuses = {one.case: one.status for one in record.outcomes}
    if FAILED not in statuses.values():
        return record
    return replace(record, diagnosis=causes(statuses, cases))


def causes(statuses: Mapping[str, str], cases: Sequence[Case]) -> tuple[Cause, ...]:
    """Return what failing cases share, what explains most first and what nothing explains last.

    `statuses` are those of cases, by id; there is a failing one.
    """
    run = [case for case in cases if statuses.get(case.id) in (FAILED, PASSED)]
    failing = [case.id for case in run if statuses[case.id] == FAILED]
    passing = len(run) - len(failing)
    explained: set[str] = set()
    found = []
    parts = _parts(statuses, run)
    for one in rules_of(statuses, run):
        covered = [case.id for case in parts if case.id in one.covers or one.is_true(case)]
        bad = [case for case in covered if statuses[case] == FAILED]
        own = tuple(case for case in bad if case not in explained)
        explained.update(own)
        if own:
            right = len(covered) - len(bad)
            found.append(_cause(one.what, len(bad), len(failing), right, passing, own))
    left = [case for case in run if case.id not in explained and statuses[case.id] == FAILED]
    for what, cases_left in _sorted_out(left, is_explained=bool(found)):
        found.append(_cause(what, len(cases_left), len(failing), 0, passing, cases_left))
    return tuple(found)


def _sorted_out(
    left: Sequence[Case], *, is_explained: bool
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the failing cases that no rule explains, those apart that may follow from others."""
    follows = [
        is_explained
        and (not is_primitive(case) or facts_of(case).is_drawn or is_differentiated(case))
        for case in left
    ]
    for is_following, what in ((True, FOLLOWING), (False, OTHER)):
        own = [case.id for case, one in zip(left, follows, strict=True) if one is is_following]
        if own:
            yield what, tuple(own)


def rules_of(statuses: Mapping[str, str], run: Sequence[Case]) -> list[Found]:
    """Return the rules that separate failing cases from passing ones, among `separable` cases.

    Rules of gradients come after those of results, of which no rule of results is true.
    """
    first = separable(statuses, run)
    found = _rules(statuses, first)
    asked = {case.id for case in first}
    later = [
        case
        for case in _parts(statuses, run)
        if case.id not in asked and not any(one.is_true(case) for one in found)
    ]
    return found + _rules(statuses, later)


def separable(statuses: Mapping[str, str], run: Sequence[Case]) -> list[Case]:
    """Return the cases among which causes are searched first.

    What a backend's own parts do wrong shows in all that is built of them, and what is wrong with a
    result shows in its gradients. So the parts are asked first, and of those the results, and the
    rest only if they are sound. What draws its geometries anew says nothing about any of them.
    """
    parts = _parts(statuses, run)
    results = [case for case in parts if not is_differentiated(case)]
    fails = any(is_result(case) and statuses[case.id] == FAILED for case in results)
    return results if fails else parts


def _parts(statuses: Mapping[str, str], run: Sequence[Case]) -> list[Case]:
    told = [case for case in run if not facts_of(case).is_drawn] or list(run)
    parts = [case for case in told if is_primitive(case)]
    return parts if any(statuses[case.id] == FAILED for case in parts) else told


def _rules(statuses: Mapping[str, str], run: Sequence[Case]) -> list[Found]:
    failing = np.array([statuses[case.id] == FAILED for case in run], dtype=bool)
    if not failing.any():
        return []
    facts = [facts_of(case) for case in run]
    known = table(facts, failing)
    asked = np.array([hash(case.check) for case in run])
    is_empty = np.array([EMPTY in one.words for one in facts])
    is_telling = np.isin(asked, asked[failing]) & (~is_empty | failing)
    rules = search(known.truth, known.kinds, failing, weights=np.where(is_telling, 1.0, _LITTLE))
    return [_found(rule, known, run, failing) for rule in rules]


def _found(rule: Rule, known: Table, run: Sequence[Case], failing: Mask) -> Found:
    """Return the rule with its subject, and with what is asked if that is the same for all."""
    places = list(rule.facts)
    covers: Mask = rule.covers
    for kind in (SUBJECT, ASKED):
        if all(known.kinds[place] != kind for place in places):
            places += known.narrowest(kind, covers & failing, covers)
            covers = np.all(known.truth[:, places], axis=1)
    # With its subject it may say enough: a property that it needed without may tell little now.
    places = list(pruned(tuple(places), known.truth, known.kinds, failing))
    covers = np.all(known.truth[:, places], axis=1)
    words = tuple(known.words[place] for place in places)
    return Found(
        words=words,
        what=sentence(words, [known.kinds[place] for place in places]),
        covers=frozenset(run[int(row)].id for row in np.flatnonzero(covers)),
        failing=tuple(run[int(row)].id for row in np.flatnonzero(covers & failing)),
    )


def _cause(
    what: str, failing: int, all_failing: int, passing: int, all_passing: int, own: tuple[str, ...]
) -> Cause:
    return Cause(
        what=what,
        failing=failing,
        all_failing=all_failing,
        passing=passing,
        all_passing=all_passing,
        cases=own,
    )
