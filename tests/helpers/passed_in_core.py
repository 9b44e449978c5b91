"""What one call of `tox` need not test twice: `all` leaves out what has passed in `core`.

`core` has no framework and writes down which tests passed there and would do the same in `all`.
Those are the tests that started no process, looked for no package that is not installed, and did
not ask for all backends at once. What a process looks for is not seen; the marker
`same_everywhere` states of a test that its processes look for nothing that is not installed.
`all` reads the file. It leaves nothing out unless the same call of `tox` has written it, of the
same files.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import ROOT

# Variables of the environment, each with the path of the file.
RECORD = "CONVDISPATCH_TEST_RECORD_PASSED"
LEAVE_OUT = "CONVDISPATCH_TEST_LEAVE_OUT_PASSED"

_PROCESSES = frozenset(
    ["subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec"]
)
_OF_ALL_BACKENDS = "all_backends"  # the fixture whose answer is another in each environment
_DEPENDS = "depends on the environment"
_MARKER = "same_everywhere"


def register(config: pytest.Config) -> None:
    """Record or leave out tests, if a variable says so."""
    if RECORD in os.environ:
        config.pluginmanager.register(_Recorder(config, Path(os.environ[RECORD])))
    if LEAVE_OUT in os.environ:
        if not _is_worker(config) and not is_of_this_call(Path(os.environ[LEAVE_OUT])):
            del os.environ[LEAVE_OUT]  # so that no worker reads it
            return
        config.pluginmanager.register(_Selector(Path(os.environ[LEAVE_OUT])))


class _Watch:
    """Notes whether somebody starts a process, or looks for a package that is not installed.

    Python asks it after everybody else, so nobody else has found the package.
    """

    def __init__(self) -> None:
        self.has_started = False
        self.has_looked = False
        sys.meta_path.append(self)  # type: ignore[arg-type] - what a finder need not have is absent
        sys.addaudithook(self._hear)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Find no module."""
        self.has_looked = True

    def find_distributions(self, context: Any) -> Iterator[Any]:
        """Find no distribution: asked for one that is not installed, or for all that are."""
        self.has_looked = True
        return iter(())

    def _hear(self, event: str, _: tuple[Any, ...]) -> None:
        if event in _PROCESSES:
            self.has_started = True

    def begin(self) -> tuple[bool, bool]:
        """Return what has been seen, and forget it."""
        seen = self.has_started, self.has_looked
        self.has_started = self.has_looked = False
        return seen

    def add(self, seen: tuple[bool, bool]) -> None:
        """Remember what was seen earlier."""
        self.has_started, self.has_looked = self.has_started or seen[0], self.has_looked or seen[1]

    def depends(self, node: pytest.Item | pytest.Collector | None) -> bool:
        """Say whether what was seen may be another thing elsewhere."""
        is_same = node is not None and node.get_closest_marker(_MARKER) is not None
        return self.has_looked or (self.has_started and not is_same)


class _Recorder:
    """Writes down what passed and would do the same elsewhere."""

    def __init__(self, config: pytest.Config, path: Path) -> None:
        self._path = path
        self._is_worker = _is_worker(config)
        self._origin = None if self._is_worker else origin()
        self._watch = _Watch()
        self._fixtures: set[str] = set()  # of more than one test, and of this environment alone
        self._passed: set[str] = set()
        self._others: set[str] = set()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Watch one test."""
        self._watch.begin()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Watch what several tests share: the first test sets it up for the others."""
        before = self._watch.begin()
        try:
            return (yield)
        finally:
            if fixturedef.scope != "function" and self._watch.depends(request.node):
                self._fixtures.add(fixturedef.argname)
            self._watch.add(before)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Put what was seen into the report, which travels from a worker to the controller."""
        used = {_OF_ALL_BACKENDS, *self._fixtures}.intersection(getattr(item, "fixturenames", ()))
        if call.when == "teardown" and (used or self._watch.depends(item)):
            item.user_properties.append((_DEPENDS, True))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Sort the test."""
        depends = any(name == _DEPENDS for name, _ in report.user_properties)
        if report.outcome != "passed" or depends:
            self._others.add(report.nodeid)
        elif report.when == "call":
            self._passed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write the file."""
        if not self._is_worker and self._origin is not None:
            passed = sorted(self._passed - self._others)
            self._path.write_text(json.dumps({"origin": self._origin, "passed": passed}))


class _Selector:
    """Leaves out what has passed."""

    def __init__(self, path: Path) -> None:
        self._passed = frozenset(json.loads(path.read_text())["passed"])

    def pytest_report_header(self) -> str:
        """Say it."""
        return f"left out: up to {len(self._passed)} tests that passed in `core` just now"

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Deselect them."""
        left_out = [item for item in items if item.nodeid in self._passed]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item.nodeid not in self._passed]


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def is_of_this_call(path: Path) -> bool:
    """Say whether this call of `tox` has written the record, of the files as they are."""
    if not path.exists():
        return False
    return bool(json.loads(path.read_text())["origin"] == origin())


def origin(root: Path = ROOT) -> dict[str, object] | None:
    """Return which call this is, of which versions and files; None outside a git checkout."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    files = hashlib.sha256(listed)
    for name in filter(None, listed.split(b"\0")):
        path = root / os.fsdecode(name)
        files.update(path.read_bytes() if path.is_file() else b"removed")
    return {
        "tox": os.getppid(),  # it starts pytest itself
        "versions": [sys.version, np.__version__, pytest.__version__],
        "files": files.hexdigest(),
    }
