"""Symbols of a model that the function of a layer names beside its inputs: how they are found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdispatch.engine.symbols import Symbol
from convdispatch.errors import InvalidArgument


class NamesOthers(InvalidArgument):
    """`call` names symbols of the model that are not among its inputs."""

    def __init__(self, symbols: Sequence[Symbol]) -> None:
        self.symbols = tuple(symbols)
        super().__init__(
            f"`call` names {', '.join(map(repr, symbols))}, which are not among its inputs. Call "
            "the layer with symbolic tensors, in a functional model."
        )


def require_given(ends: Sequence[Any], inputs: Sequence[Symbol]) -> None:
    """Raise `NamesOthers` for symbols that were there before the inputs and depend on a model's."""
    if not inputs:
        return
    given, first = {id(one) for one in inputs}, min(one.call.number for one in inputs)
    pending, seen, found = list(ends), set[int](), list[Symbol]()
    while pending:
        symbol = pending.pop()
        if id(symbol) in given or id(symbol) in seen:
            continue
        seen.add(id(symbol))
        if symbol.call.number < first and _depends_on_an_input(symbol):
            found.append(symbol)
        else:
            pending += symbol.call.inputs
    if found:
        raise NamesOthers(found[::-1])


def _depends_on_an_input(symbol: Symbol) -> bool:
    pending, seen = [symbol], set[int]()
    while pending:
        one = pending.pop()
        if not one.call.inputs and one.call.layer.is_input:
            return True
        if id(one.call) not in seen:
            seen.add(id(one.call))
            pending += one.call.inputs
    return False
