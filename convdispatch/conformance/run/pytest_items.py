"""One test of the suite under pytest, and how it reports its outcome.

Everything happens in pytest's own process, or in xdist's workers: a backend that crashes takes the
process with it. The command `convdispatch conformance` is for those.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pytest

from convdispatch.conformance.case import Case
from convdispatch.conformance.report.scripts import explained
from convdispatch.conformance.results import (
    FAILED,
    KNOWN_FAILURE,
    UNAVAILABLE,
    UNSUPPORTED,
    Outcome,
)
from convdispatch.conformance.run.assembling import stale_entries
from convdispatch.conformance.run.execution import Declared, execute
from convdispatch.ops import Backend, BackendInfo
from convdispatch.runtime.registry import registry
from convdispatch.support import standard_output

_STDERR = 2

# The findings of a test, for the reports.
outcome_key = pytest.StashKey[Outcome]()
script_key = pytest.StashKey[str]()
problems_key = pytest.StashKey[list[str]]()


class Timer:
    """Ends the process, and says where it was, when a case takes too long."""

    def __init__(self, limit: float | None) -> None:
        """Keep standard error, which pytest is about to capture."""
        self._limit = limit
        self._stderr = os.dup(_STDERR) if limit is not None else None

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Measure what happens inside."""
        if self._limit is None or self._stderr is None:
            yield
            return
        faulthandler.dump_traceback_later(self._limit, exit=True, file=self._stderr)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


class Tested:
    """A backend under test: what it declares, and itself once it is loaded."""

    def __init__(self, info: BackendInfo) -> None:
        self.info = info
        self.declared = Declared.of(info)
        self.printed = ""  # while it was loaded

    @cached_property
    def backend(self) -> Backend:
        """The backend, loaded on first use; what its framework warns of then is not its fault."""
        with standard_output.caught() as printed, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            backend = registry.load(self.info.name)
        self.printed = printed()
        return backend


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One case on one backend: the parameter of `test_conformance`."""

    tested: Tested
    case: Case
    seed: int
    timer: Timer
    wants_scripts: bool  # also of known failures, for a report

    def check(self, item: pytest.Item) -> None:
        """Run the case, and tell pytest in its own words what became of it."""
        backend = self.tested.backend
        with self.timer.running():
            outcome = execute(self.case, backend, self.tested.declared)
        item.stash[outcome_key] = outcome
        text = ""
        if self.wants_scripts or outcome.status == FAILED or item.config.option.runxfail:
            text = explained(self.case, outcome, self.tested.info, self.seed)
        item.stash[script_key] = text
        item.user_properties.append(("level", self.case.level))
        if outcome.measured is not None:
            item.user_properties.append(("bounds", outcome.measured.bounds))
            item.user_properties.append(("ulps", outcome.measured.ulps))
        if outcome.status in (UNSUPPORTED, UNAVAILABLE):
            pytest.skip(f"{outcome.status}: {outcome.detail}")
        if outcome.status == KNOWN_FAILURE:
            pytest.xfail(outcome.detail)
        if outcome.status in (FAILED, KNOWN_FAILURE):  # a known one under --runxfail
            item.add_report_section("call", "script that fails alike", text)
            pytest.fail(f"{self.case.claim}\n{outcome.kind}: {outcome.detail}", pytrace=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declarations:
    """The failures of a backend that belong to no case: the parameter of `test_declarations`."""

    tested: Tested
    every_id: tuple[str, ...]
    problems: tuple[str, ...]  # of the whole run

    def check(self, item: pytest.Item) -> None:
        """Fail where the backend prints while it is loaded, or a known failure is of no case."""
        problems = [
            *self.problems,
            *stale_entries(self.tested.declared.known, self.every_id),
        ]
        assert self.tested.backend
        if self.tested.printed:
            problems.append(
                f"it wrote to standard output while it was loaded: {self.tested.printed!r}"
            )
        item.stash[problems_key] = problems
        if problems:
            pytest.fail("\n".join(problems), pytrace=False)
