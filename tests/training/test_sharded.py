"""What asks for sharded weights, and what it is told where there are none."""

from __future__ import annotations

import pytest

from convdispatch.errors import ConfigError, InvalidArgument
from convdispatch.training.sharded import VARIABLE, as_asked, is_asked_for


@pytest.mark.parametrize(("value", "wanted"), [("", False), ("0", False), ("1", True)])
def test_a_variable_asks_for_it(value: str, wanted: bool) -> None:
    """Unset is the same as empty."""
    assert is_asked_for({VARIABLE: value}) == wanted
    assert not is_asked_for({})


def test_another_word_is_an_error() -> None:
    """It names the variable and what it may be."""
    with pytest.raises(ConfigError, match=f"{VARIABLE} cannot be 'fsdp'. Give '1'"):
        is_asked_for({VARIABLE: "fsdp"})


def test_an_engine_that_cannot_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing trains with whole weights where a part of them was asked for."""
    monkeypatch.setenv(VARIABLE, "1")
    with pytest.raises(InvalidArgument, match="engine of 'third' keeps all weights on each"):
        as_asked(object(), "third")  # type: ignore[arg-type]  # a group without the method
