"""Compiled functions that hold their variables: one for each list of the same objects."""

from __future__ import annotations

from typing import Any

import pytest

from convdispatch.kit import per_variables


class Variable:
    """Equal to every other one, and still not the same."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # as of a framework's variables


@pytest.mark.parametrize(("kept", "made"), [(1, "abca"), (2, "abca"), (3, "abc")])
def test_a_function_is_made_once_while_it_is_kept(kept: int, made: str) -> None:
    """Called with the lists a, a, b, c, a: the oldest makes room for another."""
    seen: list[str] = []
    lists = {name: [Variable(number)] for number, name in enumerate("abc")}

    def make(held: list[Variable]) -> Any:
        seen.append("abc"[held[0].number])
        return lambda inputs: (held[0].number, inputs)

    call = per_variables(make, kept=kept)
    answers = [call(list(lists[name]), place) for place, name in enumerate("aabca")]
    assert "".join(seen) == made
    assert answers == [(0, 0), (0, 1), (1, 2), (2, 3), (0, 4)]


def test_more_variables_are_other_variables() -> None:
    """The first ones being the same is not enough."""
    one, other = Variable(0), Variable(1)
    call = per_variables(lambda held: lambda inputs: len(held), kept=4)
    assert [call([one], None), call([one, other], None), call([], None)] == [1, 2, 0]
