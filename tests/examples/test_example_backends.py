"""The example backends: engines by others, each a distribution beside this one.

What they compute is asked only where their engine is installed. How small they are, and that
describing them imports no engine, is asked everywhere.
"""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from places import ROOT

from convdispatch.conformance.cases import build
from convdispatch.conformance.results import KNOWN_FAILURE, PASSED, UNSUPPORTED
from convdispatch.conformance.run.execution import Declared, execute
from convdispatch.ops import BackendInfo
from convdispatch.registry import registry

EXAMPLES = ROOT / "examples"
# The example, what its engine's module is called, and of how many lines of Python it may be.
ENGINES = {
    "mlx": ("mlx", 150),
    "onnxruntime": ("onnxruntime", 145),
    "openvino": ("openvino", 150),
    "paddle": ("paddle", 150),
    "tinygrad": ("tinygrad", 150),
}


@pytest.fixture(params=ENGINES)
def name(request: pytest.FixtureRequest) -> str:
    """Give each example's name."""
    found: str = request.param
    return found


def description(name: str) -> BackendInfo:
    """Return the example's description of itself; its folder is on the path already."""
    (info,) = importlib.import_module(f"convdispatch_{name}").convdispatch_backends()
    found: BackendInfo = info
    return found


@pytest.fixture
def engine(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, BackendInfo]]:
    """Give the example, registered and loaded."""
    module = ENGINES[name][0]
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"the example runs on {module}, which is not installed")
    monkeypatch.syspath_prepend(str(EXAMPLES / f"convdispatch-{name}"))
    info = description(name)
    if name in registry.entries():  # the example itself is installed
        yield registry.load(name), info
        return
    plugin = importlib.import_module(f"convdispatch_{name}")
    registry.register(plugin)
    try:
        yield registry.load(name), info
    finally:
        registry.unregister(plugin)


def test_an_example_is_small(name: str) -> None:
    """A whole backend with gradients and half precision takes 150 lines, docstrings included."""
    files = list((EXAMPLES / f"convdispatch-{name}").rglob("*.py"))
    assert len(files) == 2
    assert sum(len(file.read_text("utf-8").splitlines()) for file in files) <= ENGINES[name][1]


def test_an_example_is_described_without_its_engine(name: str) -> None:
    """Its plugin is imported and asked while the engine cannot be imported at all."""
    engine = ENGINES[name][0]
    code = (
        f"import sys; sys.modules[{engine!r}] = None\n"
        f"import convdispatch_{name} as plugin\n"
        "(info,) = plugin.convdispatch_backends()\n"
        "print(info.name, info.framework, info.protocol)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=EXAMPLES / f"convdispatch-{name}",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [name, engine, "2"]


def test_an_example_is_found_by_its_entry_point(name: str) -> None:
    """`pyproject.toml` names the plugin, and what it needs."""
    text = (EXAMPLES / f"convdispatch-{name}" / "pyproject.toml").read_text("utf-8")
    project = tomllib.loads(text)["project"]
    assert project["entry-points"]["convdispatch"] == {name: f"convdispatch_{name}"}
    assert any(needed.startswith(ENGINES[name][0]) for needed in project["dependencies"])


def test_an_example_passes_the_core(engine: tuple[Any, BackendInfo]) -> None:
    """No case fails but those that the example lists, and few are declined."""
    backend, info = engine
    declared = Declared.of(info)
    outcomes = [execute(case, backend, declared) for case in build() if case.level == "core"]
    assert [o for o in outcomes if o.status not in (PASSED, UNSUPPORTED, KNOWN_FAILURE)] == []
    assert len([o for o in outcomes if o.status == PASSED]) > 600
