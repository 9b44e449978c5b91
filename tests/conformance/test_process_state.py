"""What the cases about the state of the process count as a setting."""

from __future__ import annotations

from types import SimpleNamespace

from convdispatch.conformance.cases.process_state import settings


def test_a_getter_that_returns_a_new_object_each_time_is_no_change() -> None:
    """Paddle's `get_rng_state` does: what it returns is told by its class, not by its address."""
    held: list[object] = []

    class GeneratorState:
        pass

    def new_state() -> list[GeneratorState]:
        state = GeneratorState()
        held.append(state)  # so that the next one lies elsewhere
        return [state]

    module = SimpleNamespace(get_rng_state=new_state)
    assert settings({"engine": module}) == settings({"engine": module})


def test_another_number_from_a_getter_is_a_change() -> None:
    """The numbers of a state are its words, inside a tuple, too."""
    answers = iter([("mt", 1), ("mt", 2)])
    module = SimpleNamespace(get_rng_state=lambda: next(answers))
    assert settings({"engine": module}) != settings({"engine": module})
