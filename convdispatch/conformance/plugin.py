"""The pytest plugin: `pytest --pyargs convdispatch.conformance --convdispatch-backend=NAME`.

pytest imports this module in everybody's runs, so it imports pytest alone. What a run of the suite
needs is in `run.pytest_wanted` and `run.pytest_run`, imported where a backend is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from convdispatch.conformance.run.pytest_wanted import Wanted

_FOLDER = Path(__file__).parent
_TESTS = _FOLDER / "test_conformance.py"
_PACKAGE = "convdispatch.conformance"
_wanted_key: pytest.StashKey[Wanted] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, all with a prefix of their own."""
    group = parser.getgroup("convdispatch", "conformance of convolution backends")
    group.addoption(
        "--convdispatch-backend",
        action="append",
        default=[],
        metavar="NAME",
        help="test this backend (repeat it, use commas, or 'all' for every available one)",
    )
    group.addoption(
        "--convdispatch-level",
        default="full",
        metavar="LEVEL",
        help="levels, joined by commas; 'full', the default, runs every case",
    )
    group.addoption(
        "--convdispatch-seed",
        type=int,
        default=0,
        metavar="N",
        help="draw other numbers and other generated cases",
    )
    group.addoption(
        "--convdispatch-time-limit",
        type=float,
        metavar="SECONDS",
        help="for one case; beyond it the process prints where it is and ends",
    )
    group.addoption("--convdispatch-shard", metavar="N/M", help="run one part of M of the cases")
    group.addoption(
        "--convdispatch-explain",
        action="store_true",
        help="at the end, ask a backend with failures, in a process of its own, what it does "
        "instead, and for the smallest case",
    )
    group.addoption("--convdispatch-json", metavar="FILE", help="write a report for programs")
    group.addoption("--convdispatch-html", metavar="FILE", help="write a report as a page")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Choose the backends and set their variables, before a conftest imports a framework."""
    options = early_config.known_args_namespace
    if options.convdispatch_backend:
        from convdispatch.conformance.run import pytest_wanted

        early_config.stash[_wanted_key] = pytest_wanted.choose(options)


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the run if one was requested."""
    wanted = config.stash.get(_wanted_key, None)
    if wanted is not None:
        from convdispatch.conformance.run import pytest_run

        # Whatever the project at hand calls its own tests.
        config.addinivalue_line("python_files", str(_TESTS))
        config.addinivalue_line("python_functions", "test_conformance")
        config.addinivalue_line("python_functions", "test_declarations")
        config.pluginmanager.register(pytest_run.Run(config, wanted), "convdispatch-run")
    elif _is_named(config):
        from convdispatch.conformance.run import choosing

        raise pytest.UsageError(
            "say which backend to test: --convdispatch-backend=NAME. "
            f"Allowed: {choosing.allowed()}."
        )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Collect the suite if it was requested, and nothing else of its package."""
    if collection_path == _TESTS:
        return None if _wanted_key in config.stash else True
    if _FOLDER in collection_path.parents and _is_named(config):
        return True
    return None


def _is_named(config: pytest.Config) -> bool:
    """Say whether the command line names this package, or the file of its tests."""
    if config.args_source is not config.ArgsSource.ARGS:
        return False
    names = {argument.partition("::")[0].partition("[")[0] for argument in config.args}
    if config.getoption("pyargs") and names & {_PACKAGE, f"{_PACKAGE}.{_TESTS.stem}"}:
        return True
    return any((config.invocation_params.dir / name).resolve() == _TESTS for name in names)
