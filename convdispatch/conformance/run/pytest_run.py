"""One run of the suite under pytest: which tests there are, and the reports at its end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from convdispatch.conformance.case import LEVELS, Case
from convdispatch.conformance.diagnosis.diagnose import diagnosed
from convdispatch.conformance.diagnosis.explain import explain
from convdispatch.conformance.report import diagnosis_text
from convdispatch.conformance.report.records import BackendRecord
from convdispatch.conformance.report.report_files import reserved_reports
from convdispatch.conformance.results import INTERRUPTED, Outcome
from convdispatch.conformance.run import assembling
from convdispatch.conformance.run.limits import LONGEST_LIMIT
from convdispatch.conformance.run.pytest_items import (
    Declarations,
    Tested,
    Timer,
    Trial,
    outcome_key,
    problems_key,
    script_key,
)
from convdispatch.conformance.run.pytest_wanted import Wanted
from convdispatch.errors import ConvDispatchError
from convdispatch.ops import BackendInfo
from convdispatch.runtime.registry import AVAILABLE, registry
from convdispatch.support.interrupts import interrupts
from convdispatch.support.text import one_line, printable

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet

# The attribute of pytest's reports that carries ours, also from xdist's workers.
_ATTRIBUTE = "convdispatch"


class Run:
    """The plugin that pytest gets if a backend was requested."""

    def __init__(self, config: pytest.Config, wanted: Wanted) -> None:
        """Load the backends and reserve the reports' files; raise `pytest.UsageError` if not."""
        self._wanted = wanted
        self._files = ExitStack()
        self._outcomes: dict[str, dict[str, Outcome]] = defaultdict(dict)
        self._scripts: dict[str, dict[str, str]] = defaultdict(dict)
        self._problems: dict[str, list[str]] = defaultdict(list)
        kinds = ("json", "html")
        json, html = (config.getoption(f"convdispatch_{kind}") for kind in kinds)
        self._wants_scripts = json is not None or html is not None
        self._limit: float | None = config.getoption("convdispatch_time_limit")
        self._timer = Timer(self._limit)
        self._explains: bool = config.getoption("convdispatch_explain")
        self._found: tuple[list[BackendRecord], list[BackendRecord]] | None = None
        try:
            self._tested = [Tested(info) for info in wanted.infos]
            if not _is_worker(config):
                # A backend that cannot be loaded is said once, here, and not by every test.
                assert all(tested.backend for tested in self._tested)
                files = reserved_reports({"json": json, "html": html}, "--convdispatch-")
                self._write = self._files.enter_context(files)
        except ConvDispatchError as exc:
            raise pytest.UsageError(str(exc)) from exc
        for level in LEVELS:
            config.addinivalue_line("markers", f"{level}: a level of the conformance suite")
        if not config.pluginmanager.hasplugin("xdist"):
            config.addinivalue_line("markers", "xdist_group(name): for pytest-xdist, if it is used")

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give the suite's two tests their parameters, in the same order in every process."""
        if "conformance_trial" in metafunc.fixturenames:
            metafunc.parametrize(
                "conformance_trial",
                [self._trial(one, case) for one in self._tested for case in self._wanted.cases],
            )
        if "conformance_declarations" in metafunc.fixturenames:
            metafunc.parametrize(
                "conformance_declarations",
                [self._declarations(one) for one in self._tested],
                ids=[one.info.name for one in self._tested],
            )

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach what the test found out, in values that xdist can carry."""
        report = yield
        found: dict[str, object] = {}
        if report.when == "call" and outcome_key in item.stash:
            found["outcome"] = assembling.encode(item.stash[outcome_key])
            found["script"] = item.stash[script_key]
        if report.when == "call" and problems_key in item.stash:
            found["problems"] = item.stash[problems_key]
        found["left_out"] = registry.left_out()
        setattr(report, _ATTRIBUTE, found)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect what the tests found out, in the process that reports."""
        name = self._backend_of(report.nodeid)
        if name is None:
            return
        found = getattr(report, _ATTRIBUTE, {})
        for plugin, failure in found.get("left_out", {}).items():
            problem = assembling.left_out_problem(plugin, failure)
            if problem not in self._problems[name]:
                self._problems[name].append(problem)
        if "outcome" in found:
            outcome = assembling.decode(found["outcome"])
            self._outcomes[name][outcome.case] = outcome
            self._scripts[name][outcome.case] = found["script"]
        elif "problems" in found:
            self._problems[name] += found["problems"]
        elif report.failed:  # a lost process, or another plugin's complaint
            self._problems[name].append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Add what pytest's own summary does not say about each backend."""
        if not self._outcomes:
            return
        terminalreporter.section("convdispatch conformance")
        for record in self._records():
            counts = ", ".join(f"{n} {status}" for status, n in record.counts.items() if n)
            terminalreporter.line(printable(f"{record.name}: {counts}"))
            for line in diagnosis_text.lines(record.diagnosis):
                terminalreporter.line(printable(f"  {line}"))
            for problem in record.problems:
                terminalreporter.line(printable(f"  {one_line(problem)}"))
            measured = [one for one in record.outcomes if one.bounds is not None]
            if measured:
                worst = max(measured, key=lambda one: one.bounds or 0.0)
                where = printable(worst.case)
                terminalreporter.line(f"  worst error: {worst.bounds:.3g} bounds in {where}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the requested reports, also where only some of the cases were run."""
        if not _is_worker(session.config) and not session.config.option.collectonly:
            if session.exitstatus == pytest.ExitCode.OK and any(self._problems.values()):
                session.exitstatus = pytest.ExitCode.TESTS_FAILED  # no test fails for them
            if session.exitstatus == pytest.ExitCode.INTERRUPTED:
                for info in self._wanted.infos:
                    self._problems[info.name].append(INTERRUPTED)
            # A second Ctrl-C does not lose them.
            with interrupts.handled(), interrupts.answered_by(lambda: None):
                unwritten = self._write_reports()
            for sentence in unwritten:
                session.config.get_terminal_writer().line(f"\nERROR: {printable(sentence)}")
                session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def _write_reports(self) -> list[str]:
        """Write the reports; return a sentence for each that could not be written."""
        run = [case for case in self._wanted.cases if self._has_run(case)]
        wanted = self._wanted
        return self._write(
            assembling.report(
                run,
                self._records(),
                levels=wanted.levels,
                seed=wanted.seed,
                shard=wanted.shard,
            )
        )

    def pytest_unconfigure(self) -> None:
        """Take back the reports' files where they were not written."""
        self._files.close()

    def _records(self) -> list[BackendRecord]:
        """Return what is known of each backend now, with the causes of its failures."""
        records = [self._record(info) for info in self._wanted.infos]
        if self._found is None or self._found[0] != records:  # for the reports, then the summary
            self._found = (
                records,
                [
                    self._explained(info, diagnosed(record, self._wanted.cases))
                    for info, record in zip(self._wanted.infos, records, strict=True)
                ],
            )
        return self._found[1]

    def _explained(self, info: BackendInfo, record: BackendRecord) -> BackendRecord:
        if not self._explains or not record.diagnosis:
            return record
        causes = explain(
            record.diagnosis,
            self._wanted.cases,
            info,
            seed=self._wanted.seed,
            time_limit=self._limit or LONGEST_LIMIT,
        )
        return replace(record, diagnosis=causes)

    def _record(self, info: BackendInfo) -> BackendRecord:
        outcomes = self._outcomes[info.name]
        return assembling.backend_record(
            info,
            [outcomes[case.id] for case in self._wanted.cases if case.id in outcomes],
            self._scripts[info.name],
            status=AVAILABLE,
            seconds=sum(one.seconds for one in outcomes.values()),
            problems=tuple(self._problems[info.name]),
        )

    def _has_run(self, case: Case) -> bool:
        return any(case.id in outcomes for outcomes in self._outcomes.values())

    def _backend_of(self, nodeid: str) -> str | None:
        """Return whose test it is; a name may be the beginning of another's."""
        _, _, parameters = nodeid.partition("test_conformance.py::")[2].partition("[")
        names = (info.name for info in self._wanted.infos)
        fitting = [name for name in names if parameters.startswith((f"{name}-", f"{name}]"))]
        return max(fitting, key=len, default=None)

    def _declarations(self, tested: Tested) -> Declarations:
        return Declarations(
            tested=tested, every_id=self._wanted.every_id, problems=self._wanted.problems
        )

    def _trial(self, tested: Tested, case: Case) -> ParameterSet:
        """Return the parameter of one test."""
        name = tested.info.name
        return pytest.param(
            Trial(
                tested=tested,
                case=case,
                seed=self._wanted.seed,
                timer=self._timer,
                wants_scripts=self._wants_scripts,
            ),
            id=f"{name}-{case.id}",
            marks=[getattr(pytest.mark, case.level), pytest.mark.xdist_group(f"{name}-{case.op}")],
        )


def _is_worker(config: pytest.Config) -> bool:
    """Say whether this process is one of xdist's, which report to another one."""
    return hasattr(config, "workerinput")
