"""Fixtures of the tuning tests: a separate cache, and a backend with given candidates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tunable
from tunable import Register, Way

from convdispatch.registry import registry
from convdispatch.runtime.tuning import _cache, _measuring


@pytest.fixture(autouse=True)
def cache_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a cache of its own, and the clock that the candidates move."""
    monkeypatch.setenv("CONVDISPATCH_CACHE_HOME", str(tmp_path / "tuned"))
    monkeypatch.setattr(_measuring, "clock", tunable.clock)
    monkeypatch.setattr(tunable.backend, "asked", 0)
    return tmp_path / "tuned" / "autotune-1.json"


@pytest.fixture
def register() -> Iterator[Register]:
    """Return a function that registers a plugin for the test, and register the backend."""
    registered = []

    def add(plugin: object, name: str | None = None) -> None:
        registry.register(plugin, name=name)
        registered.append(plugin)

    add(tunable.Plugin())
    yield add
    for plugin in registered:
        registry.unregister(plugin)


@pytest.fixture
def ways(register: Register, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Way]]:
    """Return a function that states the backend's ways."""

    def state(**named: Way) -> dict[str, Way]:
        monkeypatch.setattr(tunable.backend, "ways", named)
        return named

    return state


@pytest.fixture
def another_process(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function after which nothing is remembered but what the file says."""
    return lambda: monkeypatch.setattr(_cache, "_caches", {})
