"""`report.json`: it says all that a report does, as its schema says, and nothing else is read."""

from __future__ import annotations

import copy
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import conformance_reports as reports
import pytest

import convdispatch.conformance
from convdispatch.conformance import report as module
from convdispatch.conformance import results
from convdispatch.conformance.case import LEVELS, Measured
from convdispatch.conformance.diagnosis import findings
from convdispatch.conformance.report import (
    VERSION,
    BackendRecord,
    CaseRecord,
    OutcomeRecord,
    Report,
    ReportError,
    from_json,
    read,
)
from convdispatch.ops import FLOAT_DTYPES

SCHEMA = json.loads(
    Path(convdispatch.conformance.__file__)
    .with_name("report.schema.json")
    .read_text(encoding="utf-8")
)


def empty_report() -> Report:
    """Return a report of no case and no backend."""
    return reports.report_of([])


def explained_cause(text: str) -> findings.Cause:
    """Return a cause of one failing case, with every field."""
    return findings.Cause(
        what=text,
        failing=1,
        all_failing=1,
        passing=0,
        all_passing=0,
        cases=(text,),
        hypotheses=(findings.Hypothesis(what=text, explains=1, of=1),),
        minimal=findings.MinimalCase(
            case=text,
            claim=text,
            cells=4,
            lines=(text,),
            drawing=module.Drawing(
                transposed=False,
                input=(4,),
                output=(3,),
                kernel=(2,),
                strides=(1,),
                pads=((0, 0),),
                dilation=(1,),
                groups=1,
                channels_last=True,
            ),
            script=text,
        ),
    )


def odd_report() -> Report:
    """Return a report of strange but possible texts and numbers."""
    strange = 'id "\\ </script><script>alert(1)</script> \ud800 \x00 é 卷'
    case = CaseRecord(
        id=strange, level="edge", op=strange, claim="", features=(strange,), since="1.0"
    )
    backend = BackendRecord(
        name=strange,
        status="available",
        accuracy={strange: {"factor": 1e300, "reason": strange}},
        unsupported={strange: strange},
        problems=(strange,),
        outcomes=(
            OutcomeRecord(
                case=strange,
                status=results.FAILED,
                kind=results.CRASH,
                detail=strange * 100,
                seconds=1e9,
                bounds=0.0,
                ulps=5e-324,
                script=strange,
            ),
        ),
        diagnosis=(explained_cause(strange),),
    )
    return replace(reports.report_of([case], backend), seed=-(2**70))


REPORTS = {
    "mixed": reports.mixed_report,
    "sound": reports.sound_report,
    "large": lambda: reports.large_report(backends=4, cases=300),
    "empty": empty_report,
    "odd": odd_report,
}
EVERY_REPORT = pytest.mark.parametrize("make", REPORTS.values(), ids=REPORTS)


def valid() -> dict[str, Any]:
    """Return the parsed JSON of a report."""
    values: dict[str, Any] = json.loads(reports.mixed_report().to_json())
    return values


@EVERY_REPORT
def test_reading_returns_what_was_written(make):
    """A report survives its journey through JSON."""
    assert from_json(make().to_json(), "here") == make()


def test_a_report_of_the_first_schema_is_read():
    """It has no diagnosis; everything else is as it was."""
    values = valid()
    values["schema_version"] = 1
    for backend in values["backends"]:
        del backend["diagnosis"]
    told = from_json(json.dumps(values), "here")
    assert [backend.diagnosis for backend in told.backends] == [()] * len(told.backends)
    assert told.backends[1].outcomes == reports.mixed_report().backends[1].outcomes


@EVERY_REPORT
def test_the_schema_accepts_every_report(make):
    """The written report follows the published schema."""
    validator = pytest.importorskip("jsonschema", reason="the schema is checked with jsonschema")
    checker = validator.Draft202012Validator(SCHEMA)
    assert list(checker.iter_errors(json.loads(make().to_json()))) == []


def test_the_schema_is_a_schema():
    """It obeys the meta-schema of the draft that it names."""
    validator = pytest.importorskip("jsonschema", reason="the schema is checked with jsonschema")
    validator.Draft202012Validator.check_schema(SCHEMA)


DEFINITIONS = {
    "report": (SCHEMA, Report, set()),
    "case": (SCHEMA["$defs"]["case"], CaseRecord, set()),
    "drawing": (SCHEMA["$defs"]["drawing"], module.Drawing, set()),
    "backend": (SCHEMA["$defs"]["backend"], BackendRecord, {"counts"}),
    "outcome": (SCHEMA["$defs"]["outcome"], OutcomeRecord, set()),
    "cause": (SCHEMA["$defs"]["cause"], findings.Cause, set()),
    "hypothesis": (SCHEMA["$defs"]["hypothesis"], findings.Hypothesis, set()),
    "minimal": (SCHEMA["$defs"]["minimal"], findings.MinimalCase, set()),
}


@pytest.mark.parametrize(("schema", "record", "more"), DEFINITIONS.values(), ids=DEFINITIONS)
def test_every_field_is_described_and_required(schema, record, more):
    """The schema and the dataclasses name the same fields, and no other is allowed."""
    names = {field.name for field in fields(record)} | more
    assert set(schema["properties"]) == set(schema["required"]) == names
    assert schema["additionalProperties"] is False


def test_the_schema_knows_every_word():
    """Versions, levels, statuses, kinds and element types are those of the code."""
    definitions = SCHEMA["$defs"]
    outcome = definitions["outcome"]["properties"]
    kinds = {"MISMATCH", "ERROR", "UNDECLARED", "UNEXPECTED_PASS", "PRINTED", "CRASH", "TIME_LIMIT"}
    assert SCHEMA["properties"]["schema_version"]["const"] == VERSION
    assert SCHEMA["$id"].endswith(f":{VERSION}")
    assert tuple(definitions["level"]["enum"]) == LEVELS
    assert tuple(outcome["status"]["enum"]) == results.STATUSES
    assert set(outcome["kind"]["enum"]) == {"", *(getattr(results, kind) for kind in kinds)}
    assert set(definitions["case"]["properties"]["dtype"]["enum"]) == {None, *FLOAT_DTYPES}


SPOILT = {
    "unknown-status": ("backends", 0, "outcomes", 0, "status", "fine"),
    "unknown-kind": ("backends", 0, "outcomes", 0, "kind", "mood"),
    "passed-with-a-kind": ("backends", 0, "outcomes", 0, "kind", "mismatch"),
    "passed-and-works": ("backends", 0, "outcomes", 0, "works", True),
    "unknown-level": ("levels", 0, "most"),
    "other-version": ("schema_version", 1),
    "no-date": ("created", "yesterday"),
    "a-pad-of-three": ("cases", 0, "drawing", "pads", 0, [1, 2, 3]),
    "unknown-field": ("mood", "good"),
    "negative-time": ("backends", 0, "seconds", -1),
}


@pytest.mark.parametrize("path", SPOILT.values(), ids=SPOILT)
def test_the_schema_refuses(path):
    """A schema that accepts everything would say nothing."""
    validator = pytest.importorskip("jsonschema", reason="the schema is checked with jsonschema")
    values = spoilt(path)
    assert list(validator.Draft202012Validator(SCHEMA).iter_errors(values))


def spoilt(path: tuple[Any, ...]) -> Any:
    """Return a report's values with the one at that path replaced by the path's last item."""
    *outer, key, value = path
    values = inner = copy.deepcopy(valid())
    for step in outer:
        inner = inner[step]
    inner[key] = value
    return values


UNREADABLE = {
    "nothing": ("", r"^here is not JSON: .* Give a file that --json wrote\.$"),
    "text": ("hello", "here is not JSON"),
    "deep": ("[" * 100_000, "here is not JSON"),
    "nan": ('{"schema_version": NaN}', "here is not JSON: it has the number NaN"),
    "list": ("[]", "here is not a conformance report: it has no `schema_version`"),
    "another-file": ('{"name": "x"}', "is not a conformance report"),
    "true": ('{"schema_version": true}', "is not a conformance report"),
    "newer": ('{"schema_version": 3}', r"schema 3; this convdispatch reads 1 and 2\. Install"),
    "torn": ('{"schema_version": 1}', r"here is not a whole report: KeyError\('backends'\)"),
}


@pytest.mark.parametrize(("text", "complaint"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_report_is_refused_in_one_line(text, complaint):
    """The message names the file and says what can be read."""
    with pytest.raises(ReportError, match=complaint) as refused:
        from_json(text, "here")
    assert "\n" not in str(refused.value)


MISFITS = {
    "cases-no-list": ("cases", {}, r"cases is \{\}; expected a list"),
    "a-word-for-a-number": ("seed", "7", "seed is '7'; expected a whole number"),
    "true-for-a-number": ("seed", True, "seed is True; expected a whole number"),
    "a-text-in-a-pad": (
        *("cases", 0, "drawing", "pads", 0, ["<svg>", 1]),
        r"cases\[0\]\.drawing\.pads\[0\]\[0\] is '<svg>'; expected a whole number",
    ),
    "a-pad-of-three": ("cases", 0, "drawing", "pads", 0, [1, 2, 3], r"expected a list of 2"),
    "unknown-field": ("mood", 1, r"the top level lacks the fields \[\] and has .* \['mood'\]"),
    "a-status": ("backends", 0, "outcomes", 0, "status", "fine", "has the status 'fine'"),
    "a-case": ("backends", 0, "outcomes", 0, "case", "x/y/z", "has the case 'x/y/z'"),
    "a-name": ("backends", 1, "name", "numpy", "two backends of a report have one name: 'numpy'"),
    "a-version": ("versions", "numpy", 2, r"versions\['numpy'\] is 2; expected a string"),
    "no-object": ("backends", 0, "unsupported", [], r"backends\[0\]\.unsupported is \[\]; expect"),
}


@pytest.mark.parametrize("path", MISFITS.values(), ids=MISFITS)
def test_a_spoilt_report_is_refused_and_the_place_named(path):
    """Nothing that does not fit gets as far as a page."""
    *spoiling, complaint = path
    with pytest.raises(ReportError, match=complaint):
        from_json(json.dumps(spoilt(tuple(spoiling))), "here")


def test_a_missing_file_is_an_error_in_one_line(tmp_path):
    """Not a traceback."""
    with pytest.raises(ReportError, match=r"cannot read the report .*none.json': No such file"):
        read(tmp_path / "none.json")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    """Such as a picture, given by mistake."""
    (tmp_path / "a.png").write_bytes(b"\x89PNG\xff")
    with pytest.raises(ReportError, match=r"a\.png is not JSON"):
        read(tmp_path / "a.png")


def test_a_file_is_read(tmp_path):
    """A report that was written to a file comes back."""
    (tmp_path / "report.json").write_text(odd_report().to_json(), encoding="utf-8")
    assert read(tmp_path / "report.json") == odd_report()


def test_numbers_that_json_lacks_become_null():
    """An infinite error or factor does not lose the whole report."""
    measured = Measured(dtype="float32", bounds=float("nan"), ulps=float("inf"))
    outcome = results.Outcome(case="a", status=results.PASSED, measured=measured)
    case = CaseRecord(id="a", level="core", op="conv1d", claim="c", features=(), since="1.0")
    backend = BackendRecord(
        name="b",
        status="available",
        accuracy={"conv1d": {"factor": float("inf"), "reason": "none"}},
        outcomes=(OutcomeRecord.of(outcome),),
    )
    text = reports.report_of([case], backend).to_json()
    again = from_json(text, "here").backends[0]
    assert (again.outcomes[0].bounds, again.outcomes[0].ulps) == (None, None)
    assert again.accuracy["conv1d"]["factor"] is None


def test_two_outcomes_of_one_case_are_refused():
    """A report contradicts itself as soon as it is made, not when a page is."""
    outcome = OutcomeRecord(case="a", status=results.PASSED)
    case = CaseRecord(id="a", level="core", op="conv1d", claim="c", features=(), since="1.0")
    twice = BackendRecord(name="b", status="available", outcomes=(outcome, outcome))
    with pytest.raises(ReportError, match="two outcomes on 'b' of a report have one name: 'a'"):
        reports.report_of([case], twice)


def test_counts_name_every_status():
    """The counts that the JSON carries are those of the outcomes."""
    crooked = valid()["backends"][1]
    assert tuple(crooked["counts"]) == results.STATUSES
    assert sum(crooked["counts"].values()) == len(crooked["outcomes"]) > 0
    statuses = [outcome["status"] for outcome in crooked["outcomes"]]
    assert crooked["counts"]["failed"] == statuses.count("failed") > 0


def test_a_case_is_described_by_its_problem():
    """The geometry of an adjoint is that of the convolution, its sides exchanged."""
    records = {record.id: record for record in reports.mixed_report().cases}
    record = records["conv2d_transpose/core/2d-mixed-strides-last-eighths"]
    drawing = record.drawing
    assert record.dtype == "float32"
    assert drawing is not None
    assert drawing.transposed
    # A convolution of 6 x 5 cells, kernel 3 x 2, strides 2 x 1, pads (0, 1) and (1, 0): 3 x 5.
    assert (drawing.input, drawing.output) == ((3, 5), (6, 5))
    assert (drawing.kernel, drawing.strides, drawing.pads) == ((3, 2), (2, 1), ((0, 1), (1, 0)))
