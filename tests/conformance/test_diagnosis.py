"""The diagnosis of a run: its causes, and how a terminal and a page say them."""

from __future__ import annotations

import time
from dataclasses import replace

import conformance_reports as reports
import pytest
from report_pages import EVIL, page_of

from convdispatch.cli._conformance_text import as_text
from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import build
from convdispatch.conformance.diagnosis.diagnose import FOLLOWING, OTHER, causes, diagnosed
from convdispatch.conformance.diagnosis.features import facts_of
from convdispatch.conformance.diagnosis.findings import Cause, Hypothesis, MinimalCase
from convdispatch.conformance.geometry import Drawing
from convdispatch.conformance.report import BackendRecord, OutcomeRecord
from convdispatch.conformance.report.diagnosis_text import folded, instead, lines
from convdispatch.conformance.results import FAILED, MISMATCH, PASSED


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Give all cases."""
    return build()


def statuses(cases: list[Case], *words: str, primitive: bool = True) -> dict[str, str]:
    """Return the statuses of a run in which the cases with all these facts fail."""
    return {
        case.id: FAILED
        if facts_of(case).words.keys() >= set(words) and (case.op != "layers" or not primitive)
        else PASSED
        for case in cases
    }


PLANTED = {
    "pads": ("convolution", "low pad != high pad"),
    "gradients": ("gradients", "pooling", "stride > 1"),
    "type": ("resize", "bilinear", "float16"),
    "function": ("function max", "'keepdims'"),
    "threads": ("several threads",),
}


@pytest.mark.parametrize("words", PLANTED.values(), ids=PLANTED)
def test_a_planted_cause_is_the_only_one(cases: list[Case], words: tuple[str, ...]) -> None:
    """Among all cases of the suite, and exactly."""
    given = statuses(cases, *words)
    bad = [case for case, status in given.items() if status == FAILED]
    (cause,) = causes(given, cases)
    assert cause.cases == tuple(bad)
    assert (cause.failing, cause.passing) == (len(bad), 0)
    assert (cause.all_failing, cause.all_passing) == (len(bad), len(cases) - len(bad))


def test_the_words_are_those_of_the_field(cases: list[Case]) -> None:
    """The sentence of the guide."""
    (cause,) = causes(statuses(cases, "convolution", "low pad != high pad"), cases)
    assert cause.what == "convolution with low pad != high pad"


def test_a_subject_is_always_named(cases: list[Case]) -> None:
    """Also where the rule needs none: crops of poolings alone are not those of 'any op'."""
    (cause,) = causes(statuses(cases, "average pooling", "pads that count", "crop"), cases)
    assert "any op" not in cause.what
    assert "pool" in cause.what


def test_what_is_built_of_a_wrong_part_is_named_after_it(cases: list[Case]) -> None:
    """Layers of a wrong op fail as well; they are no cause of their own."""
    given = statuses(cases, "convolution", "low pad != high pad")
    layers = [case.id for case in cases if case.op == "layers"][:40]
    given |= dict.fromkeys(layers, FAILED)
    found = causes(given, cases)
    assert [cause.what for cause in found] == ["convolution with low pad != high pad", FOLLOWING]
    assert found[1].cases == tuple(layers)


def test_what_nothing_explains_comes_last(cases: list[Case]) -> None:
    """A failing minority that shares nothing is listed, and no case twice."""
    given = statuses(cases, "convolution", "low pad != high pad")
    twins = [case for case in cases if case.id.startswith("conv1d/core/1d-plain-last-")]
    given[twins[0].id] = FAILED
    found = causes(given, cases)
    listed = [case for cause in found for case in cause.cases]
    assert found[0].what == "convolution with low pad != high pad"
    assert twins[0].id in found[-1].cases
    assert sorted(listed) == sorted(case for case, status in given.items() if status == FAILED)


def test_one_failing_case_without_a_word_of_its_own_is_other() -> None:
    """Two cases with the same facts: nothing tells them apart."""
    one = next(case for case in build() if case.id.startswith("conv1d/core/1d-plain-last-"))
    same = [replace(one, id=f"conv1d/core/{end}") for end in "ab"]
    found = causes({same[0].id: FAILED, same[1].id: PASSED}, same)
    assert [cause.what for cause in found] == [OTHER]


def test_ten_thousand_cases_take_few_seconds(cases: list[Case]) -> None:
    """Of processor time, the facts included; with causes for all of a tenth of the cases."""
    facts_of.cache_clear()
    given = {case.id: PASSED for case in cases} | {case.id: FAILED for case in cases[::10]}
    started = time.process_time()
    causes(given, cases)
    assert len(cases) > 10_000
    assert time.process_time() - started < 3.0


def test_a_run_without_failures_has_no_diagnosis(cases: list[Case]) -> None:
    """There is nothing to explain."""
    record = BackendRecord(
        name="b", status="available", outcomes=(OutcomeRecord(case=cases[0].id, status=PASSED),)
    )
    assert diagnosed(record, cases) is record


def test_a_record_gets_its_causes(cases: list[Case]) -> None:
    """From its outcomes; cases that did not run count nowhere."""
    given = statuses(cases[:2000], "convolution", "low pad != high pad")
    outcomes = tuple(
        OutcomeRecord(case=case, status=status, kind=MISMATCH if status == FAILED else "")
        for case, status in given.items()
    )
    record = BackendRecord(name="b", status="available", outcomes=outcomes)
    (cause,) = diagnosed(record, cases).diagnosis
    assert cause.all_failing + cause.all_passing == 2000


MINIMAL = MinimalCase(
    case="conv1d/core/1d-stride-2-pads-low-last-normal",
    claim="The result is the exact one.",
    cells=3,
    lines=("y[0] = 2*1 + 3*10 = 32; got 23",),
    drawing=Drawing(
        transposed=False,
        input=(3,),
        output=(2,),
        kernel=(2,),
        strides=(1,),
        pads=((0, 0),),
        dilation=(1,),
        groups=1,
        channels_last=True,
    ),
    script="print('alone')",
)
CAUSE = Cause(
    what="conv2d with low pad != high pad",
    failing=118,
    all_failing=118,
    passing=0,
    all_passing=2310,
    cases=("conv2d/core/a",),
    hypotheses=(Hypothesis(what="reading the pads as (high, low)", explains=118, of=118),),
    minimal=MINIMAL,
)


def test_the_text_counts_and_explains() -> None:
    """The counts, what was done instead, the numbers by hand."""
    text = "\n".join(lines([CAUSE]))
    assert text.startswith(
        "118 of 118 failing, 0 of 2,310 passing: conv2d with low pad != high pad\n"
    )
    assert "all 118 that could be compared are what this gives: reading the pads as (high," in text
    assert "y[0] = 2*1 + 3*10 = 32; got 23" in text


@pytest.mark.parametrize(
    ("explains", "of", "begins"),
    [(1, 1, "the one that could be compared is"), (3, 7, "3 of 7 that could"), (7, 7, "all 7 ")],
)
def test_a_share_is_said(explains: int, of: int, begins: str) -> None:
    """One, some or all."""
    assert instead(Hypothesis(what="w", explains=explains, of=of)).startswith(begins)


def test_many_causes_are_counted() -> None:
    """The first eight are printed, and how many cases the others have."""
    printed = list(lines([replace(CAUSE, minimal=None, hypotheses=())] * 11))
    assert len(printed) == 9
    assert printed[-1] == "... and 3 more, of 3 cases: see `--json` or `--html`"


def failure(number: int, detail: str) -> OutcomeRecord:
    """Return a failing outcome with this message."""
    return OutcomeRecord(case=f"case {number}", status=FAILED, kind=MISMATCH, detail=detail)


def test_messages_that_differ_in_numbers_are_folded() -> None:
    """The most frequent first, with the first case of each."""
    details = [
        f"wrong in {n} of 36 cells; the worst, (0, {n}), is {n}e-5, not nan" for n in range(9)
    ]
    alike = folded([failure(0, "it crashed"), *map(failure, range(1, 10), details)])
    assert [(one.first.case, one.count) for one in alike] == [("case 1", 9), ("case 0", 1)]


def broken_record() -> BackendRecord:
    """Return the crooked backend of the other tests, with a diagnosis."""
    record = reports.mixed_report().backends[1]
    failed = next(one.case for one in record.outcomes if one.status == FAILED)
    return replace(record, diagnosis=(replace(CAUSE, cases=(failed,)),))


def test_the_terminal_begins_with_the_diagnosis() -> None:
    """Before the counts and the table of its backend."""
    report = replace(reports.mixed_report(), backends=(broken_record(),))
    report_lines = as_text(report, {}).split("\n")
    assert report_lines[2] == "  what the failing cases share:"
    assert "118 of 118 failing" in report_lines[3]
    assert report_lines.index("  failures:") > 10


def test_the_page_begins_with_the_diagnosis() -> None:
    """The first section, with the drawing and the script; nothing without failures."""
    page = page_of(replace(reports.mixed_report(), backends=(broken_record(),)))
    main = page.partition("<main>")[2]
    assert 0 < main.index("What the failing cases share") < main.index('id="h-backends"')
    section = main.partition("</section>")[0]
    assert "conv2d with low pad != high pad" in section
    assert "y[0] = 2*1 + 3*10 = 32; got 23" in section
    assert "<svg" in section
    assert "print(&#39;alone&#39;)" in section
    assert "What the failing cases share" not in page_of(reports.sound_report())


def test_the_words_of_a_diagnosis_stay_words() -> None:
    """A backend's texts are no markup on the page."""
    record = broken_record()
    evil = replace(
        record.diagnosis[0],
        what=EVIL,
        hypotheses=(Hypothesis(what=EVIL, explains=1, of=1),),
        minimal=replace(MINIMAL, case=EVIL, claim=EVIL, lines=(EVIL,), script=EVIL),
    )
    shown = replace(record, diagnosis=(evil,))
    page = page_of(replace(reports.mixed_report(), backends=(shown,)))
    assert "<img src=x" not in page
    assert page.partition("<main>")[2].partition("</section>")[0].count("{{ 7 * 7 }}") == 6
