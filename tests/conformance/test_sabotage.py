"""The tester is tested: each backend with one planted fault is caught, and an honest one is not.

`pytest -s tests/conformance/test_sabotage.py` prints the kill table.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import pytest
from kill_table import HEADER, HONEST, Kill, fails, hunt, spread
from places import ROOT
from saboteurs import SABOTEURS, Sabotage, registered

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import build

pytest.importorskip("autograd", reason="the saboteurs are made of NumPy's gradients too")
pytest.importorskip("ml_dtypes", reason="the saboteurs are made of NumPy's bfloat16 too")

DOCUMENT = ROOT / "docs/testing-the-tester.md"


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Give all cases, in an order that has nothing to do with where they come from."""
    return spread(build())


@pytest.fixture(scope="module")
def kill_table() -> Iterator[list[Kill]]:
    """Give a list to enter kills into, which is printed at the end."""
    kills: list[Kill] = []
    yield kills
    sys.stdout.write("\n".join(["\n", HEADER, *map(str, kills), ""]))


@pytest.mark.parametrize("sabotage", SABOTEURS.values(), ids=SABOTEURS)
def test_a_planted_fault_is_caught(
    sabotage: Sabotage, cases: list[Case], kill_table: list[Kill]
) -> None:
    """A case on its hunting ground fails, and of all kinds of cases at most a half does."""
    kill = hunt(sabotage, cases)
    kill_table.append(kill)
    assert kill.caught_by, f"{sabotage.fault} Nobody noticed in {kill.cases} cases."
    assert len(kill.failing_elsewhere) <= kill.elsewhere / 2, "the fault is wider than its name"


def test_what_catches_saboteurs_lets_the_honest_pass(cases: list[Case]) -> None:
    """The same machinery without a fault is caught by no case."""
    with registered(HONEST) as backend:
        assert [case.id for case in cases if fails(backend, case)] == []


def test_the_document_lists_every_saboteur() -> None:
    """The table of the document has them all, and there are at least as many as promised."""
    text = DOCUMENT.read_text("utf-8")
    rows = re.findall(r"^\| (\w+) \| (.*?) \| (\d+) of \d+ \|", text, re.M)
    assert len(SABOTEURS) > 350, "as many as the document promises"
    assert f"\n{len(SABOTEURS)} saboteurs, " in text
    assert {name: fault for name, fault, _ in rows} == {
        sabotage.name: sabotage.fault for sabotage in SABOTEURS.values()
    }
    assert [name for name, _, caught in rows if int(caught) == 0] == []
