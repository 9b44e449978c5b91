"""Reports of shards make the report of the whole run, and nothing else makes one.

Cases of the reports are made up: which shard they are in follows from their ids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from convdispatch.conformance.diagnosis.findings import Cause, Hypothesis, MinimalCase
from convdispatch.conformance.report.merged_reasons import with_reasons
from convdispatch.conformance.report.merging import merge
from convdispatch.conformance.report.records import (
    BackendRecord,
    CaseRecord,
    OutcomeRecord,
    Report,
    ReportError,
)
from convdispatch.conformance.run.sharding import Shard, parse
from convdispatch.errors import InvalidArgument

pytestmark = pytest.mark.same_everywhere

CASES = tuple(
    CaseRecord(
        id=f"conv1d/core/{number}",
        level="core",
        op="conv1d",
        claim="It is right.",
        features=(),
        since="1.0",
    )
    for number in range(40)
)


def part(shard: str, *, backend: str = "mine", **changes: Any) -> Report:
    """Return the report of one shard: the seventh case fails, wherever it is."""
    taken = [case for case in CASES if not shard or parse(shard).takes(case.id)]
    outcomes = tuple(
        OutcomeRecord(case=case.id, status="failed" if case.id.endswith("/7") else "passed")
        for case in taken
    )
    record = BackendRecord(
        name=backend,
        status="available",
        framework="engine",
        version="1.2",
        seconds=2.0,
        outcomes=outcomes,
        problems=("it printed",),
    )
    report = Report(
        levels=("core",),
        seed=0,
        created=f"2026-01-01T00:00:0{shard[:1] or 0}+00:00",
        environment={"python": "3.12.1", "processor": f"of machine {shard or 'one'}"},
        versions={"numpy": "2.4.6"},
        cases=tuple(taken),
        backends=(record,),
        shard=shard,
    )
    return replace(report, **changes)


def three(backend: str = "mine") -> dict[str, Report]:
    """Return the reports of three machines."""
    return {f"{backend}{n}.json": part(f"{n}/3", backend=backend) for n in (1, 2, 3)}


def test_three_shards_make_the_whole_run() -> None:
    """Each case once, what happened to it, the time of all, and a complaint of all once."""
    whole = merge(three())
    expected = {case.id for case in CASES}
    (record,) = whole.backends
    assert {case.id for case in whole.cases} == expected
    assert {one.case for one in record.outcomes} == expected
    assert len(record.outcomes) == len(CASES)
    assert [one.case for one in record.outcomes if one.status == "failed"] == ["conv1d/core/7"]
    assert (record.seconds, record.problems) == (6.0, ("it printed",))
    assert (whole.shard, whole.created) == ("", "2026-01-01T00:00:03+00:00")
    assert whole.environment == {
        "python": "3.12.1",
        "processor": "of machine 1/3, of machine 2/3, of machine 3/3",
    }


def test_the_order_of_the_files_does_not_matter() -> None:
    """A shell lists files by name, a service by the time when they came."""
    reports = three()
    backwards = dict(reversed(reports.items()))
    assert merge(backwards).cases == merge(reports).cases
    assert merge(backwards).environment == merge(reports).environment


def test_two_backends_are_put_side_by_side() -> None:
    """Each may be split into a number of shards of its own."""
    whole = merge({**three("mine"), "theirs.json": part("", backend="theirs")})
    assert [one.name for one in whole.backends] == ["mine", "theirs"]
    assert [len(one.outcomes) for one in whole.backends] == [40, 40]


def of_backend(report: Report, **changes: Any) -> Report:
    """Return the report with another record of its backend."""
    return replace(report, backends=(replace(report.backends[0], **changes),))


Spoil = Callable[[dict[str, Report]], dict[str, Report]]
SPOILT: dict[str, tuple[Spoil, str]] = {
    "no report": (lambda reports: {}, "no report was given"),
    "specification": (
        lambda reports: {**reports, "mine3.json": part("3/3", specification="0.9")},
        "different values of `specification`: 1.0 in mine1.json, 0.9 in mine3.json. Run all shards",
    ),
    "seed": (
        lambda reports: {**reports, "mine2.json": part("2/3", seed=5)},
        "different values of `seed`: 0 in mine1.json, 5 in mine2.json",
    ),
    "level": (
        lambda reports: {**reports, "mine2.json": part("2/3", levels=("core", "grad"))},
        "different values of `levels`: core in mine1.json, core, grad in mine2.json",
    ),
    "version": (
        lambda reports: {**reports, "mine2.json": part("2/3", versions={"numpy": "2.5"})},
        "different versions of numpy: 2.4.6 in mine1.json, 2.5 in mine2.json",
    ),
    "Python": (
        lambda reports: {**reports, "mine2.json": part("2/3", environment={"python": "3.13"})},
        "different versions of Python: 3.12.1 in mine1.json, 3.13 in mine2.json",
    ),
    "framework": (
        lambda reports: {**reports, "mine2.json": of_backend(part("2/3"), version="1.3")},
        "different values of `version` of 'mine': 1.2 in mine1.json, 1.3 in mine2.json",
    ),
    "declarations": (
        lambda reports: {
            **reports,
            "mine2.json": of_backend(part("2/3"), unsupported={"float16": "slow"}),
        },
        "different values of `unsupported` of 'mine'",
    ),
    "a shard missing": (
        lambda reports: {"mine1.json": reports["mine1.json"], "mine3.json": reports["mine3.json"]},
        "of 'mine' the shard 2/3 is missing. Run it with `--shard`",
    ),
    "one of many shards": (
        lambda reports: {"mine.json": part("9/9")},
        "the shard 1/9, 2/9, 3/9, 4/9, 5/9 and 3 more is missing",
    ),
    "a shard twice": (
        lambda reports: {**reports, "again.json": part("2/3")},
        "the shard 2/3 of 'mine' is in mine2.json and again in again.json: ",
    ),
    "a whole run twice": (
        lambda reports: {"a.json": part(""), "b.json": part("")},
        "'mine' is in a.json and again in b.json: 40 cases twice, such as conv1d/core/0. Name each",
    ),
    "other totals": (
        lambda reports: {**reports, "mine2.json": part("2/4")},
        "'mine' was split into different numbers of shards: 1/3 in mine1.json, 2/4 in mine2.json",
    ),
    "a shard that is none": (
        lambda reports: {**reports, "mine2.json": replace(part("2/3"), shard="4/3")},
        "mine2.json is not a whole report: '4/3' is no shard",
    ),
    "a case twice": (
        lambda reports: {**reports, "mine2.json": replace(part("1/3"), shard="2/3")},
        "ran twice on 'mine': in mine1.json and in mine2.json",
    ),
    "another case of that name": (
        lambda reports: {
            **reports,
            "mine2.json": replace(
                part("1/3"),
                shard="2/3",
                cases=tuple(replace(case, claim="It is wrong.") for case in part("1/3").cases),
            ),
        },
        "of mine2.json is not that of mine1.json",
    ),
}


@pytest.mark.parametrize(("spoil", "words"), SPOILT.values(), ids=SPOILT)
def test_what_is_no_whole_run_is_refused(spoil: Spoil, words: str) -> None:
    """One error that names the files and says what to do."""
    with pytest.raises(ReportError) as raised:
        merge(spoil(three()))
    assert words in str(raised.value)


@pytest.mark.parametrize("text", ["0/3", "4/3", "1/0", "3", "a/b", "1/1001", "-1/3", "1 / 3", ""])
def test_a_shard_out_of_range_is_refused(text: str) -> None:
    """The message says what is allowed."""
    with pytest.raises(InvalidArgument, match=r"is no shard\. Write NUMBER/TOTAL"):
        parse(text)


def test_every_case_is_in_one_shard_and_the_shards_are_alike() -> None:
    """Of ten thousand ids as the suite has them, a shard has a tenth more than its part at most."""
    ids = [
        f"{op}/full/k{k}-s{s}-p{low}.{high}-{layout}-float32"
        for op in ("conv1d", "conv2d", "conv3d_transpose", "pad2d")
        for k in range(1, 11)
        for s in range(1, 6)
        for low in range(5)
        for high in range(5)
        for layout in ("first", "last")
    ]
    for total in (1, 2, 5, 8):
        shards = [Shard(total, number) for number in range(1, total + 1)]
        counts = [sum(shard.takes(one) for one in ids) for shard in shards]
        assert sum(counts) == len(ids) == 10_000
        assert max(counts) < 1.1 * len(ids) / total


def test_a_cases_shard_never_changes() -> None:
    """Reports of two releases are about the same shards: the numbers are CRC-32's."""
    assert Shard(5, 2).takes("conv2d/core/2d-plain-last-normal")
    assert Shard(2, 2).takes("conv1d/core/1d-plain-last-eighths")


def cause(*cases: str, hypotheses: tuple[Hypothesis, ...] = (), cells: int = 0) -> Cause:
    """Return a cause of failing cases, with a smallest case of so many cells if any."""
    smallest = MinimalCase(
        case=cases[0], claim="", cells=cells, lines=(), drawing=None, script=f"# {cells} cells"
    )
    return Cause(
        what="",
        failing=len(cases),
        all_failing=len(cases),
        passing=0,
        all_passing=0,
        cases=cases,
        hypotheses=hypotheses,
        minimal=smallest if cells else None,
    )


def flipped(explains: int, of: int) -> Hypothesis:
    """Return a mistake that gives the numbers of some cases."""
    return Hypothesis(what="flipping the kernel", explains=explains, of=of)


def test_what_shards_found_out_is_said_of_the_whole() -> None:
    """Counts are added up, a mistake that half the cases speak against goes, the smallest stays."""
    swapped = Hypothesis(what="swapping the pads", explains=2, of=2)
    shards = [
        (cause("a", "b", hypotheses=(flipped(2, 2), swapped), cells=6), cause("x", cells=1)),
        (cause("c", "d", "x", hypotheses=(flipped(2, 3),), cells=4),),
    ]
    first, second = with_reasons((cause("a", "b", "c", "d"), cause("y")), shards)
    assert first.hypotheses == (flipped(4, 5),)
    assert first.minimal is not None
    assert (first.minimal.cells, first.minimal.case) == (4, "c")
    assert (second.hypotheses, second.minimal) == ((), None)


def test_a_smallest_case_is_one_of_its_cause() -> None:
    """A shard's cause may have cases of another cause of the whole run."""
    (one,) = with_reasons((cause("b", "c", "d"),), [(cause("a", "b", "c", cells=2),)])
    assert one.minimal is None
