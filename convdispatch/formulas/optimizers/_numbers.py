"""Checks of the numbers that optimizers are given."""

from __future__ import annotations

from convdispatch.errors import InvalidArgument
from convdispatch.formulas import lookup


def fraction(value: object, name: str, *, below_one: bool = False) -> float:
    """Return a number from 0 to 1, or below 1, as a float; else raise."""
    number = lookup.number(value, name, at_least=0.0)
    if number > 1 or (below_one and number == 1):
        raise InvalidArgument(
            f"`{name}` must be from 0 to 1{', below 1' if below_one else ''}, received {value!r}. "
            f"Pass such a number."
        )
    return number


def limit(value: object, name: str) -> float | None:
    """Return a limit of gradients as a float, None for none; 0 is no limit, as in Keras."""
    return None if value is None else lookup.number(value, name, at_least=0.0)
