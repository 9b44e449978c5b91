"""Which backends a run is about: names, several joined by commas, or 'all'.

One that is asked for by name and cannot be used is an error, and so is none at all: a run that
tests nothing must not look like one that found nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from convdispatch.errors import BackendNotFound, BackendUnavailable
from convdispatch.ops import BackendInfo
from convdispatch.runtime.registry import AVAILABLE, registry
from convdispatch.runtime.selection import available_backends

ALL = "all"


def choose(wanted: Iterable[str]) -> tuple[BackendInfo, ...]:
    """Return the backends of these names, each once; 'all' stands for every available one.

    Imports no framework. Raises `BackendNotFound` for a name that no plugin registers, and
    `BackendUnavailable` or `BackendBroken` for one that cannot be used.
    """
    names: list[str] = []
    for name in _split(wanted):
        names += _every() if name == ALL else [name]
    if not names:
        raise BackendNotFound(f"no backend is named. Allowed: {allowed()}.")
    return tuple(_usable(name) for name in dict.fromkeys(names))


def allowed() -> str:
    """Return the words that `choose` accepts now, for a message."""
    return ", ".join((*available_backends(), ALL))


def is_every(wanted: Iterable[str]) -> bool:
    """Say whether 'all' is among the names: then what is broken is somebody's wish too."""
    return ALL in _split(wanted)


def unusable() -> Mapping[str, str]:
    """Return the registered backends that `all` passes over, each with the reason."""
    found = {}
    for name in sorted(registry.entries()):
        try:
            _usable(name)
        except ImportError as exc:  # what `registry.load` raises, both kinds
            found[name] = str(exc)
    return found


def _split(wanted: Iterable[str]) -> list[str]:
    return [name.strip() for names in wanted for name in names.split(",") if name.strip()]


def _every() -> list[str]:
    names = list(available_backends())
    if not names:
        reasons = " ".join(unusable().values()) or "No plugin registers one."
        raise BackendUnavailable(f"no backend is available. {reasons}")
    return names


def _usable(name: str) -> BackendInfo:
    known = registry.entries().get(name)
    if known is None:
        raise BackendNotFound(
            f"no backend named {name!r}. Allowed: {allowed()}. "
            "See `convdispatch backends` for how to install one."
        )
    if known.info is None or registry.status(name) != AVAILABLE:
        registry.load(name)  # raises, and says why, before it imports anything
    assert known.info is not None
    return known.info
