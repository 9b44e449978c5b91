"""Expressions that are calls of a library's functions, for the tables of exporters."""

from __future__ import annotations

from typing import Any

from convdispatch.programs._source import Expression


def called(function: str, *arguments: Any, **named: Any) -> str:
    """Return the call of a function.

    >>> called("jnp.sum", "x", axis=(1, 2))
    'jnp.sum(x, axis=(1, 2))'
    """
    parts = [*map(str, arguments), *(f"{name}={value}" for name, value in named.items())]
    return f"{function}({', '.join(parts)})"


def of_operands(function: str) -> Expression:
    """Return the expression that calls a function of an instruction's operands."""
    return lambda one, given: f"{function}({', '.join(given)})"


def of_list(function: str) -> Expression:
    """Return the expression that calls a function of a list of the operands and of their axis."""
    return lambda one, given: f"{function}([{', '.join(given)}], {one.options['axis']})"


def with_option(template: str, option: str) -> Expression:
    """Return the expression whose template takes the operands and one of the options."""
    return lambda one, given: template.format(*given, one.options[option])
