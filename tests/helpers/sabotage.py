"""Backends with exactly one planted fault, to show that the conformance suite finds it.

Each is NumPy's backend with one thing replaced. A decorator below enters a function into the
table: its name is the saboteur's, its docstring says what is wrong, and the patterns name the
cases among which one must catch it, its hunting ground.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from convdispatch.conformance.case import Case
from convdispatch.hookspecs import hookimpl
from convdispatch.ops import (
    BackendInfo,
    Capabilities,
    Conv,
    ConvTranspose,
    Op,
    Signature,
)
from convdispatch.registry import registry
from convdispatch_numpy import INFO
from convdispatch_numpy._backend import backend as honest

CONVOLUTIONS = (Conv, ConvTranspose)
# The saboteur's replacements, by the attribute of the honest backend.
Parts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sabotage:
    """One row of the table."""

    name: str
    fault: str
    ground: tuple[str, ...]  # patterns of the ids of the cases that may catch it
    parts: Callable[[], Parts]  # called anew for each case: no case depends on those before
    unsupported: Mapping[str, str]  # what the saboteur declares

    def hunts(self, case: Case) -> bool:
        """Say whether the case is on the hunting ground."""
        return any(fnmatchcase(case.id, pattern) for pattern in self.ground)


SABOTEURS: dict[str, Sabotage] = {}
HONEST_LIMITS = INFO.capabilities.unsupported


class Sabotaged:
    """The honest backend with one thing replaced."""

    def __init__(self, sabotage: Sabotage) -> None:
        self.name = sabotage.name
        self.sabotage = sabotage
        self.renew()

    def renew(self) -> None:
        """Forget everything that earlier calls have left behind."""
        self._parts = dict(self.sabotage.parts())

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        parts = self._parts
        return parts[attribute] if attribute in parts else getattr(honest, attribute)


@contextmanager
def registered(sabotage: Sabotage) -> Iterator[Sabotaged]:
    """Give the sabotaged backend, which layers can name for as long as the block lasts."""
    backend = Sabotaged(sabotage)
    plugin = _Plugin(backend, sabotage.unsupported)
    registry.register(plugin)
    try:
        yield backend
    finally:
        registry.unregister(plugin)


class _Plugin:
    """Describes one sabotaged backend; the registry finds it as an attribute of this module."""

    def __init__(self, backend: Sabotaged, unsupported: Mapping[str, str]) -> None:
        globals()["under_test"] = backend
        self._info = BackendInfo(
            protocol=2,
            name=backend.name,
            framework="numpy",
            load=f"{__name__}:under_test",
            install="it is here",
            capabilities=Capabilities(unsupported=unsupported),
        )

    @hookimpl
    def convdispatch_backends(self) -> tuple[BackendInfo, ...]:
        """Describe it."""
        return (self._info,)


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def stateful(*ground: str, unsupported: Mapping[str, str] = HONEST_LIMITS) -> Decorator:
    """Enter a function that returns new `Parts`, with a memory of their own.

    `unsupported` is what the saboteur declares.
    """

    def enter(parts: Callable[[], Parts]) -> Callable[[], Parts]:
        name = parts.__name__
        fault = " ".join((parts.__doc__ or "").split())
        if name in SABOTEURS or not fault:
            raise ValueError(f"{name!r} is taken, or does not say what is wrong with it")
        SABOTEURS[name] = Sabotage(name, fault, ground, parts, unsupported)
        return parts

    return enter


def lowering(*ground: str, ops: tuple[type, ...] = CONVOLUTIONS) -> Decorator:
    """Enter a function (lower, op, signature) that lowers the ops of these classes."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        def lower(op: Op, signature: Signature) -> Callable[..., Any]:
            if not isinstance(op, ops):
                return honest.lower(op, signature)
            computed: Callable[..., Any] = function(honest.lower, op, signature)
            return computed

        _enter(function, ground, lambda: {"lower": lower})
        return function

    return enter


def method(attribute: str, *ground: str) -> Decorator:
    """Enter a function that replaces a method; its first argument is the honest one."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        def replaced(*arguments: Any) -> Any:
            return function(getattr(honest, attribute), *arguments)

        _enter(function, ground, lambda: {attribute: replaced})
        return function

    return enter


def tabled(entry: str, *ground: str, table: str = "functions") -> Decorator:
    """Enter a function that replaces an entry of a table; its first argument is the honest one."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        whole = getattr(honest, table)

        def replaced(*arguments: Any, **options: Any) -> Any:
            return function(whole[entry], *arguments, **options)

        _enter(function, ground, lambda: {table: {**whole, entry: replaced}})
        return function

    return enter


def drawn(entry: str, *ground: str) -> Decorator:
    """Enter a function that replaces an entry of `random`; its first argument is the honest one."""
    return tabled(entry, *ground, table="random")


def _enter(function: Callable[..., Any], ground: tuple[str, ...], parts: Any) -> None:
    parts.__name__, parts.__doc__ = function.__name__, function.__doc__
    parts.__module__ = function.__module__
    stateful(*ground)(parts)
