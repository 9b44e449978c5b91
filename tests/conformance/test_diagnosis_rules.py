"""Rules that separate failing cases from passing ones, on tables with known answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convdispatch.conformance.diagnosis.facts import AMOUNT, CLAIM, NAMED, PROPERTY, SUBJECT, Facts
from convdispatch.conformance.diagnosis.rules import search
from convdispatch.conformance.diagnosis.table import Table, table


def rows(text: str) -> list[Facts]:
    """Return a case a line, with the words of the line as its properties; capitals are subjects."""
    found = []
    for line in text.split("\n"):
        facts = Facts()
        for word in line.split():
            facts.say(SUBJECT if word.isupper() else PROPERTY, [word])
        found.append(facts)
    return found


def told(facts: list[Facts], failing: str, **options: object) -> list[set[str]]:
    """Return the words of each rule; `failing` has an x for each case that fails."""
    bad = np.array([sign == "x" for sign in failing])
    known = table(facts, bad)
    return [
        {known.words[place] for place in rule.facts}
        for rule in search(known.truth, known.kinds, bad, **options)  # type: ignore[arg-type]
    ]


# Four ops by two properties, each three times.
GRID = rows(
    "\n".join(
        f"{op} {one} {two}".strip()
        for op in "ABCD"
        for one in ("", "strided")
        for two in ("", "padded")
        for _ in range(3)
    )
)
# Of each op: plain, padded, strided, both.
KNOWN = {
    "one-property": ("...xxx...xxx" * 4, [{"padded"}]),
    "two-properties": (".........xxx" * 4, [{"padded", "strided"}]),
    "one-op": ("x" * 12 + "." * 36, [{"A"}]),
    "a-property-of-one-op": ("......xxxxxx" + "." * 36, [{"A", "strided"}]),
    "three-facts": (".........xxx" + "." * 36, [{"A", "padded", "strided"}]),
    "two-causes": ("x" * 12 + "...xxx...xxx" + "." * 24, [{"A"}, {"B", "padded"}]),
    "an-exception": ("...xxx...xx." * 4, [{"padded"}]),
}


@pytest.mark.parametrize(("failing", "expected"), KNOWN.values(), ids=KNOWN)
def test_a_known_cause_is_found(failing: str, expected: list[set[str]]) -> None:
    """The smallest conjunction, what explains most first; an exception makes it no longer."""
    assert told(GRID, failing) == expected


def test_no_failing_case_has_no_rule() -> None:
    """There is nothing to explain."""
    assert told(GRID, "." * 48) == []


def test_what_nothing_separates_has_no_rule() -> None:
    """Failing cases with the facts of passing ones share nothing that those lack."""
    assert told(rows("A\nA\nA\nA"), "xx..") == []


def test_the_more_general_word_is_named() -> None:
    """Of two facts that are true of the same cases, the one of the earlier kind."""
    facts = [Facts(), Facts(), Facts()]
    for one in facts[:2]:
        for kind, word in (
            (CLAIM, "claim"),
            (NAMED, "named"),
            (AMOUNT, "more"),
            (PROPERTY, "crop"),
        ):
            one.say(kind, [word])
    assert told(facts, "xx.") == [{"crop"}]


def test_the_smallest_amount_that_fails_is_found() -> None:
    """An amount that is not the same in all cases becomes 'more than'."""
    facts = [Facts() for _ in range(40)]
    for number, one in enumerate(facts):
        one.count({"samples": number})
    assert told(facts, "." * 17 + "x" * 23) == [{"more than 16 samples"}]


def test_few_failing_cases_are_told_apart_exactly() -> None:
    """One in fifty is worth a conjunction that is true of it alone."""
    facts = [*rows("A strided padded"), *rows("\n".join(["A strided", "A padded"] * 25))]
    assert told(facts, "x" + "." * 50) == [{"padded", "strided"}]


def test_cases_that_count_little_do_not_make_a_rule_longer() -> None:
    """Passing cases that may not look at what is wrong hardly count."""
    lines = ["padded looking"] * 60 + ["padded"] * 8 + ["looking"] * 300
    weights = np.array([1.0] * 60 + [0.01] * 8 + [1.0] * 300)
    assert told(rows("\n".join(lines)), "x" * 60 + "." * 308, weights=weights) == [{"padded"}]
    assert told(rows("\n".join(lines)), "x" * 60 + "." * 308) == [{"padded", "looking"}]


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.data())
def test_a_planted_conjunction_is_found(data: st.DataObject) -> None:
    """Whatever one to three facts decide, the rule is true of the same cases."""
    seed = data.draw(st.integers(0, 10**6))
    rng = np.random.default_rng(seed)
    truth = rng.random((400, data.draw(st.integers(4, 40)))) < 0.5
    count = data.draw(st.integers(1, 3))
    planted = rng.permutation(truth.shape[1])[:count]
    failing = truth[:, planted].all(axis=1)
    (rule,) = search(truth, [PROPERTY] * truth.shape[1], failing)
    assert (rule.covers == failing).all()
    assert len(rule.facts) <= count


def test_the_narrowest_shared_subject_is_known() -> None:
    """For cases of conv1d and conv2d that is 'convolution', and 'any' is wider."""
    known = Table(
        ("any", "convolution", "conv1d", "crop"),
        (SUBJECT, SUBJECT, SUBJECT, PROPERTY),
        np.array([[1, 1, 1, 0], [1, 1, 0, 1], [1, 0, 0, 0]], dtype=bool),
    )
    some = np.array([True, True, False])
    assert known.narrowest(SUBJECT, some, some) == [1]


def test_a_few_cases_do_not_decide_about_a_property() -> None:
    """What keeps few passing cases out, of many or of few, is not named; what keeps many is."""
    few = rows("\n".join(["A large"] * 60 + ["A"] * 2 + ["B large"] * 60))
    assert told(few, "x" * 60 + "." * 62) == [{"A"}]
    many = rows("\n".join(["A large"] * 60 + ["A"] * 40 + ["B large"] * 60))
    assert told(many, "x" * 60 + "." * 100) == [{"A", "large"}]
