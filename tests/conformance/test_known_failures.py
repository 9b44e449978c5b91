"""The list of known failures: where it is, what it may say, and what is said of a wrong one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from convdispatch.conformance.case import Case, Check, Mismatch
from convdispatch.conformance.run import known_failures
from convdispatch.conformance.run.execution import Declared, execute
from convdispatch.conformance.run.known_failures import KnownFailures
from convdispatch.errors import ConfigError
from convdispatch.ops import BackendInfo

ENTRY = '[[known-failure]]\nreason = "{}"\ncases = ["a/*"]\n'
Read = Callable[[dict[str, str], str], KnownFailures]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Return a function that lays out modules and reads the list of a backend among them."""
    monkeypatch.syspath_prepend(tmp_path)

    def run(files: dict[str, str], load: str) -> KnownFailures:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        info = BackendInfo(
            protocol=2, name="b", framework="numpy", load=load, install="pip install b"
        )
        return known_failures.read(info)

    return run


@pytest.mark.parametrize(
    ("files", "load", "reasons"),
    [
        pytest.param(
            {"kf1/__init__.py": "", "kf1/known_failures.toml": ENTRY.format("one")},
            "kf1._backend:backend",
            {"a/*": "one"},
            id="beside the module",
        ),
        pytest.param(
            {
                "kf2/__init__.py": "",
                "kf2/known_failures.toml": ENTRY.format("outer"),
                "kf2/inner/known_failures.toml": ENTRY.format("inner"),
            },
            "kf2.inner.deep._backend:backend",
            {"a/*": "inner"},
            id="the nearest",
        ),
        pytest.param(
            {"kf3/part/known_failures.toml": ENTRY.format("part")},
            "kf3.part._backend:backend",
            {"a/*": "part"},
            id="in a namespace package",
        ),
        pytest.param(
            {
                "kf4/__init__.py": "",
                "kf4/sub/__init__.py": "raise RuntimeError('imported')",
                "kf4/sub/known_failures.toml": ENTRY.format("sub"),
            },
            "kf4.sub:backend",
            {"a/*": "sub"},
            id="of a package that must not be imported",
        ),
        pytest.param({"kf5/__init__.py": ""}, "kf5:backend", {}, id="none"),
        pytest.param(
            {"kf6.py": "", "known_failures.toml": ENTRY.format("somebody else's")},
            "kf6:backend",
            {},
            id="a module without a folder",
        ),
        pytest.param({}, "no_such_package:backend", {}, id="no package"),
        pytest.param(
            {"kf7/__init__.py": "", "kf7/known_failures.toml": ENTRY.format(r"two\nlines")},
            "kf7:backend",
            {"a/*": "two lines"},
            id="a reason of two lines",
        ),
    ],
)
def test_the_list_is_in_the_backends_package(
    read: Read, files: dict[str, str], load: str, reasons: dict[str, str]
) -> None:
    """It is found beside the module or in a package around it, and imports no inner package."""
    assert read(files, load).reasons == reasons


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("[[known-failure]", "Write it as TOML", id="no TOML"),
        pytest.param("known = 1", "it has the keys ['known']", id="another key"),
        pytest.param("known-failure = 1", "Write only [[known-failure]] tables", id="no table"),
        pytest.param('[[known-failure]]\ncases = ["a"]', "an entry is {'cases'", id="no reason"),
        pytest.param(
            '[[known-failure]]\nreason = ""\ncases = ["a"]',
            "Each needs `reason`",
            id="empty reason",
        ),
        pytest.param(
            '[[known-failure]]\nreason = "r"\ncases = "a"', "`cases`, a list", id="cases no list"
        ),
        pytest.param(
            '[[known-failure]]\nreason = "r"\ncases = []', "`cases`, a list", id="empty cases"
        ),
        pytest.param(
            '[[known-failure]]\nreason = "r"\ncases = ["a"]\nflaky = "yes"',
            "`flaky = true`",
            id="flaky no boolean",
        ),
        pytest.param(
            '[[known-failure]]\nreason = "r"\ncases = ["a", "a"]', "'a' is listed twice", id="twice"
        ),
    ],
)
def test_a_wrong_list_is_named_with_what_is_wrong(
    read: Read, request: pytest.FixtureRequest, text: str, complaint: str
) -> None:
    """The message has the file, what it says and what it may say."""
    package = re.sub(r"\W", "_", f"wrong_{request.node.callspec.id}")
    files = {f"{package}/__init__.py": "", f"{package}/known_failures.toml": text}
    with pytest.raises(
        ConfigError, match=rf"{package}.known_failures\.toml: .*{re.escape(complaint)}"
    ):
        read(files, f"{package}:backend")


KNOWN = KnownFailures("file", {"conv1d/*": "first", "*/dtype/*-float1?": "second", "x": "third"})


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        pytest.param("conv1d/core/plain", "first", id="star"),
        pytest.param("conv1d/dtype/plain-float16", "first", id="the first of two"),
        pytest.param("conv2d/dtype/plain-float16", "second", id="question mark"),
        pytest.param("conv2d/dtype/plain-float1", None, id="one character too few"),
        pytest.param("Conv1d/core/plain", None, id="another case of letters"),
        pytest.param("x", "third", id="an id"),
        pytest.param("xx", None, id="a longer id"),
    ],
)
def test_patterns_are_the_shells(case: str, reason: str | None) -> None:
    """The whole id has to match, letter case included; the first entry that does gives it."""
    assert KNOWN.reason(case) == reason


def test_a_flaky_entry_matches_cases_that_pass_and_cases_that_fail(read: Read) -> None:
    """A fault that comes and goes is known where it is met, and passed where it is not."""
    strict = ENTRY.format("always")
    flaky = '[[known-failure]]\nreason = "now and then"\ncases = ["a/now", "b/*"]\nflaky = true\n'
    files = {"flaky1/__init__.py": "", "flaky1/known_failures.toml": flaky + strict}
    declared = Declared({}, read(files, "flaky1:backend"))
    statuses = {
        case_id: tuple(execute(_case(case_id, check), None, declared).status for check in CHECKS)
        for case_id in ("a/now", "b/any", "a/other", "c")
    }
    assert statuses == {
        "a/now": ("passed", "known failure"),
        "b/any": ("passed", "known failure"),
        "a/other": ("failed", "known failure"),
        "c": ("passed", "failed"),
    }


def _holds(backend: object) -> None:
    pass


def _fails(backend: object) -> None:
    raise Mismatch("wrong")


CHECKS = (_holds, _fails)


def _case(case_id: str, check: Check) -> Case:
    return Case(id=case_id, level="core", op="functions", claim="It holds.", check=check)


def test_unmatched_entries_are_those_of_no_case() -> None:
    """An entry is stale only where it matches none of the ids."""
    assert KNOWN.unmatched(["conv1d/a", "conv1d/b", "y"]) == ["*/dtype/*-float1?", "x"]
