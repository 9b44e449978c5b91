"""What is wrong with each saboteur, in the words of a diagnosis: written by reading its fault.

`true_causes.txt` has a line for each, `name: cause`. A cause is a conjunction of facts, joined by
'&'. Several ways to say it are joined by '|'. What stands after '=>' is what was done instead, as
`diagnosis.mistakes` names it. Where the facts have no word for a fault's narrowest condition, the
line says what they can say.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from pathlib import Path

from convdispatch.conformance.case import Case
from convdispatch.conformance.diagnosis.facts import Facts
from convdispatch.conformance.diagnosis.features import facts_of

RIGHT = "right"  # true of the same cases
# True of fewer passing cases than the stated cause, and of all failing ones of which that is true:
# it says the stated cause, and something more.
NARROWER = "narrower"
WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Truth:
    """Ways to say what is wrong: conjunctions of facts, and what was done instead."""

    facts: tuple[frozenset[str], ...]
    instead: tuple[str, ...] = ()

    def verdict(self, covers: Set[str], failing: Set[str], among: Iterable[Case]) -> str:
        """Return RIGHT, NARROWER or WRONG for what was found.

        `covers` are the ids of the cases of which that is true, `failing` those of all cases that
        fail, `among` the cases that were searched.
        """
        every = [(case.id, facts_of(case)) for case in among]
        said = {word for _, facts in every for word in facts.words}
        stated = [
            {case for case, facts in every if all(_holds(facts, one, said) for one in way)}
            for way in self.facts
        ]
        if covers in stated:
            return RIGHT
        is_narrower = any(covers < own and covers & failing == own & failing for own in stated)
        return NARROWER if is_narrower else WRONG


def _holds(facts: Facts, word: str, said: Set[str]) -> bool:
    """Say whether a fact is true; a quoted word, and one that is not in `said`, is one of an id."""
    is_named = word not in said and not word.startswith("more than ")
    return facts.has(repr(word) if is_named and not word.startswith("'") else word)


def _truth(text: str) -> Truth:
    said, *instead = (one.strip() for one in text.split(" => "))
    facts = tuple(frozenset(map(str.strip, way.split(" & "))) for way in said.split(" | "))
    return Truth(facts, tuple(instead))


TRUE_CAUSES: dict[str, Truth] = {
    name: _truth(rest)
    for name, _, rest in (
        line.partition(": ")
        for line in Path(__file__).with_suffix(".txt").read_text("utf-8").splitlines()
    )
}
