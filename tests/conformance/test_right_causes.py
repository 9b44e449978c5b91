"""The stated causes of the saboteurs, with which a diagnosis is compared, and how."""

from __future__ import annotations

import re

import pytest
from kill_table import spread
from right_causes import named_first
from saboteurs import SABOTEURS
from true_causes import NARROWER, RIGHT, TRUE_CAUSES, WRONG, Truth

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import build
from convdispatch.conformance.diagnosis.features import facts_of
from convdispatch.conformance.diagnosis.mistakes import EVERY
from convdispatch.conformance.diagnosis.mistakes.derivatives import FIRST, SECOND
from convdispatch.conformance.diagnosis.mistakes.functions import FUNCTIONS
from convdispatch.conformance.diagnosis.mistakes.limits import LIMITS
from convdispatch.conformance.diagnosis.mistakes.special import SPECIAL

pytest.importorskip("autograd", reason="the saboteurs are made of NumPy's gradients too")
pytest.importorskip("ml_dtypes", reason="the saboteurs are made of NumPy's bfloat16 too")


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Give all cases, in an order that has nothing to do with where they come from."""
    return spread(build())


def test_each_saboteur_has_a_stated_cause() -> None:
    """And nobody else has one."""
    assert TRUE_CAUSES.keys() == SABOTEURS.keys()


def test_causes_are_stated_in_the_words_of_a_diagnosis(cases: list[Case]) -> None:
    """Each fact is true of some case, and each mistake is one that is tried."""
    words = {word.strip("'") for case in cases for word in facts_of(case).words}
    words |= {f"more than N {name}" for case in cases for name in facts_of(case).amounts}
    stated = {one for truth in TRUE_CAUSES.values() for way in truth.facts for one in way}
    counted = {re.sub(r"^more than \d+ ", "more than N ", one).strip("'") for one in stated}
    assert counted - words == set()
    tried = [one.what for one in (*EVERY, *LIMITS, *FIRST, *SECOND, *FUNCTIONS, *SPECIAL)]
    patterns = [re.escape(what).replace(r"\{\}", ".*") for what in tried]
    instead = {one for truth in TRUE_CAUSES.values() for one in truth.instead}
    assert [one for one in instead if not re.fullmatch("|".join(patterns), one)] == []


def test_a_cause_is_right_if_it_is_true_of_the_same_cases(cases: list[Case]) -> None:
    """Whatever words it uses; one with fewer passing cases is narrower, any other is wrong."""
    among = [case for case in cases if case.op in ("conv1d", "conv2d") and case.level == "core"]
    truth = Truth((frozenset({"convolution", "low pad != high pad"}),))
    padded = {case.id for case in among if "low pad != high pad" in facts_of(case).words}
    failing = {case for case in padded if case.startswith("conv1d")}
    assert truth.verdict(padded, failing, among) == RIGHT
    assert truth.verdict(failing, failing, among) == NARROWER
    assert truth.verdict({case.id for case in among}, failing, among) == WRONG
    assert truth.verdict(set(list(failing)[1:]), failing, among) == WRONG


SOME = (
    "pads_swapped",
    "cumsum_from_the_end",
    "compiled_in_float64",
    "filters_beyond_thirty_two_forgotten",
)


@pytest.mark.parametrize("name", SOME)
def test_the_cause_named_first_is_the_true_one(name: str, cases: list[Case]) -> None:
    """Of a few saboteurs; `python tests/helpers/right_causes.py` asks all of them."""
    named = named_first(SABOTEURS[name], cases, most=150, seconds=0)
    assert named.verdict == RIGHT, named.what
