"""The tester is tested: each backend with one planted fault is caught, and an honest one is not.

`pytest -s tests/test_conformance_sabotage.py` prints the kill table.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kill_table import HONEST, Kill, fails, hunt, spread
from saboteurs import SABOTEURS, Sabotage, registered

from convdispatch.conformance import suite
from convdispatch.conformance.case import Case

pytest.importorskip("autograd", reason="the saboteurs are made of NumPy's gradients too")
pytest.importorskip("ml_dtypes", reason="the saboteurs are made of NumPy's bfloat16 too")


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Give all cases, in an order that has nothing to do with where they come from."""
    return spread(suite.build())


@pytest.fixture(scope="module")
def kill_table() -> Iterator[list[Kill]]:
    """Give a list to enter kills into, which is printed at the end."""
    kills: list[Kill] = []
    yield kills
    print("\n\nsaboteur | caught by N of M cases | the first of them")
    print("\n".join(map(str, kills)))


def test_there_are_enough_saboteurs() -> None:
    """The table is not empty by an accident of importing."""
    assert len(SABOTEURS) >= 60


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
