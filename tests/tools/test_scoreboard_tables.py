"""The scoreboard's tables: engines and faults as data, each mistake one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest
from places import ROOT

from convdispatch.conformance.report import BackendRecord, CaseRecord, OutcomeRecord, Report
from scoreboard import markdown
from scoreboard.counting import ALL, features, row
from scoreboard.engines import Engine, ScoreboardError, read_engines, select
from scoreboard.faults import anchor, explained, read_faults

ENGINE = Engine(name="mine", title="Mine", backend="mine", example="none", own=("conv*",))
GOOD = '[[engine]]\nname = "a"\ntitle = "A"\nbackend = "b"\nexample = "c"\n'


def case(name: str, *features_of: str) -> CaseRecord:
    """Return a case of conv1d, with what it needs."""
    return CaseRecord(
        id=name, level="core", op="conv1d", claim="c", features=features_of, since="1.0"
    )


def board(**statuses: str) -> Report:
    """Return a report of these cases; one that failed says so in its detail."""
    outcomes = tuple(
        OutcomeRecord(case=name, status=status, detail=f"{status} it", bounds=0.25, seconds=0.5)
        for name, status in statuses.items()
        if status != "not run"
    )
    backend = BackendRecord(name="mine", status="available", outcomes=outcomes)
    return Report(
        levels=("full",),
        seed=0,
        created="2026-01-02T00:00:00+00:00",
        environment={},
        versions={},
        cases=tuple(case(name, "conv1d", "conv1d:groups", "gradients") for name in statuses),
        backends=(backend,),
    )


def test_declined_is_not_passed() -> None:
    """The four numbers of a cell, by hand."""
    found = row(
        ENGINE, board(a="passed", b="failed", c="known failure", d="unsupported", e="not run")
    )
    assert found.total.words() == "1 passed, 2 failed, 1 declined, 1 not run"
    assert found.total.worst == 0.25
    assert found.milliseconds == 500


def test_where_everything_is_declined_nothing_is_offered() -> None:
    """The cell says so, and has no number that looks like a success."""
    found = row(ENGINE, board(a="unsupported", b="unsupported"))
    assert found.cells["conv1d", "groups"].words() == "not offered"
    assert "| conv1d | not offered |" in markdown.page([found], ())
    assert found.milliseconds is None


def test_a_case_counts_for_what_it_needs_of_its_own_op() -> None:
    """Another op's details, as of a pad before it, are not this op's."""
    one = case("x", "conv1d", "float32", "conv1d:strides", "pad1d", "pad1d:float32", "gradients")
    assert list(features(one, {"conv1d", "pad1d"})) == ["float32", "strides", "gradients"]


def test_every_failure_has_one_kind(tmp_path: Path) -> None:
    """The first entry that fits counts; what none fits is listed as not explained."""
    table, document = tmp_path / "faults.toml", tmp_path / "found.md"
    document.write_text("# F\n## One: of two\n## Two\n", "utf-8")
    table.write_text(
        '[[fault]]\nengines = ["m*"]\nheading = "One: of two"\ncases = ["a"]\nsays = "known f"\n'
        '[[fault]]\nengines = ["mine"]\nheading = "Two"\ncases = ["a", "b"]\n'
        '[[fault]]\nengines = ["other"]\nheading = "Two"\ncases = ["*"]\n',
        "utf-8",
    )
    faults = read_faults(table, document)
    report = board(a="known failure", b="failed", c="failed", d="passed")
    counts, rest = explained(ENGINE, report.backends[0], faults)
    assert counts == {"One: of two": 1, "Two": 1}
    assert [one.case for one in rest] == ["c"]
    page = markdown.page([row(ENGINE, report)], faults)
    assert "- 1 case failed: [One: of two](found-faults.md#one-of-two)" in page
    assert "- 1 case failed, not explained yet:\n  - `c`: failed it" in page


WRONG_ENGINES = {
    "no table": ("a = 1", r"has the keys \['a'\]"),
    "no TOML": ("[[", r"cannot be read"),
    "a key is missing": ('[[engine]]\nname = "a"\n', r"It needs \['backend', 'example', "),
    "an unknown key": (GOOD + "speed = 1\n", r"It needs"),
    "twice": (GOOD + GOOD, r"two engines are named 'a'"),
    "a name that is a path": (GOOD.replace('"a"', '"../a"'), r"Use a-z"),
    "no list": (GOOD + 'requirements = "numpy"\n', r"`requirements` of 'a' is 'numpy'"),
    "no words": (GOOD + "environment = { A = 1 }\n", r"Give a table of words"),
    "an empty word": (GOOD.replace('"b"', '""'), r"`backend` is ''"),
}


@pytest.mark.parametrize(("text", "words"), WRONG_ENGINES.values(), ids=WRONG_ENGINES)
def test_a_wrong_table_of_engines_is_told(tmp_path: Path, text: str, words: str) -> None:
    """The file is named, what is wrong, and what to write."""
    path = tmp_path / "engines.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ScoreboardError, match=rf"engines\.toml.*{words}"):
        read_engines(path)


WRONG_FAULTS = {
    "no such section": ('heading = "Three"\nengines = ["a"]\ncases = ["b"]', "no section 'Three'"),
    "no cases": ('heading = "Two"\nengines = ["a"]', "Each needs `engines`, `cases`"),
    "no pattern": (
        'heading = "Two"\nengines = ["a"]\ncases = ["b"]\nsays = "("',
        r"`says` is '\('",
    ),
}


@pytest.mark.parametrize(("text", "words"), WRONG_FAULTS.values(), ids=WRONG_FAULTS)
def test_a_wrong_table_of_faults_is_told(tmp_path: Path, text: str, words: str) -> None:
    """A link that leads nowhere is one of the mistakes."""
    path, document = tmp_path / "faults.toml", tmp_path / "found.md"
    document.write_text("## Two\n", "utf-8")
    path.write_text(f"[[fault]]\n{text}\n", "utf-8")
    with pytest.raises(ScoreboardError, match=rf"faults\.toml.*{words}"):
        read_faults(path, document)


def test_the_tables_here_are_right() -> None:
    """Each engine has a backend of at most 150 lines, and each fault its section."""
    engines = read_engines(ROOT / "tools/scoreboard/engines.toml")
    for engine in engines:
        (backend,) = (ROOT / "examples" / engine.example).rglob("_backend.py")
        assert len(backend.read_text("utf-8").splitlines()) <= 150
    faults = read_faults(ROOT / "tools/scoreboard/faults.toml", ROOT / "docs/found-faults.md")
    named = {name for fault in faults for name in fault.engines}
    assert named <= {engine.name for engine in engines}
    assert select(engines, ["mlx"])[0].requirements == ("mlx[cpu]",)


def test_an_anchor_is_the_one_in_the_documentation() -> None:
    """Headings with dots, commas and underscores, as links in docs/keras3-report.md have them."""
    text = (ROOT / "docs/keras3-report.md").read_text("utf-8")
    for heading in (
        "convert_to_tensor: the wanted type ignored, another byte order refused, on torch",
        "conv3d: 'SAME' is off by one cell in float64",
        "ops.max, ops.sum: keepdims forgotten over all axes, on torch",
    ):
        assert f"found-faults.md#{anchor(heading)})" in text


def test_all_stands_for_all() -> None:
    """The sums are under a name that is no op's."""
    assert row(ENGINE, board(a="passed")).cells[ALL, "gradients"].passed == 1
