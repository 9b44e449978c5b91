"""`report.html` without a browser: what it says, that it is safe, and that it stays small."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import conformance_reports as reports
import pytest
from report_pages import EVIL, case, evil_report, page_of

from convdispatch.conformance import results
from convdispatch.conformance.report import (
    BackendRecord,
    OutcomeRecord,
    Report,
    ReportError,
    view,
)
from convdispatch.conformance.report.html import render

TEMPLATES = files("convdispatch.conformance.report") / "templates"
COLOUR = re.compile(r"--([\w-]+): light-dark\(#(\w{6}), #(\w{6})\);")


class Page(HTMLParser):
    """The elements of a page, and the text of each script and style sheet."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {"script": [], "style": []}
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element."""
        self.elements.append((tag, dict(attrs)))
        self._open = tag

    def handle_data(self, data: str) -> None:
        """Keep the text of scripts and style sheets."""
        if self._open in self.texts:
            self.texts[self._open].append(data)
            self._open = ""


def payload_of(report: Report) -> dict[str, Any]:
    """Return the data that the page carries."""
    packed = base64.b64decode(Page(page_of(report)).texts["script"][0])
    data: dict[str, Any] = json.loads(gzip.decompress(packed))
    return data


def small_report(*outcomes: OutcomeRecord, **fields: Any) -> Report:
    """Return a report of one backend with these outcomes, each of a case of its own."""
    backend = BackendRecord(name="one", status="available", outcomes=outcomes, **fields)
    return reports.report_of([case(outcome.case) for outcome in outcomes], backend)


def test_a_text_never_becomes_markup():
    """The page of hostile texts has the elements that an ordinary page has, and their text."""
    page = Page(page_of(evil_report()))
    tags = [tag for tag, _ in page.elements]
    assert (tags.count("script"), tags.count("img"), tags.count("style")) == (2, 0, 1)
    handlers = {name for _, attributes in page.elements for name in attributes if name[:2] == "on"}
    assert handlers == set()
    assert payload_of(evil_report())["cases"]["id"][0] == EVIL
    assert "49" not in page_of(evil_report()).partition("<h1")[2].partition("</dl>")[0]


def test_a_page_can_be_written_as_utf_8():
    """A lone surrogate, as an undecodable file name gives, does not lose the page."""
    assert page_of(evil_report()).encode("utf-8")


def test_the_policy_allows_exactly_what_is_in_the_page():
    """Its hashes are those of the style sheet and of the script, and nothing may be loaded."""
    page = Page(page_of(reports.mixed_report()))
    policy = next(
        attributes["content"] or ""
        for tag, attributes in page.elements
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; ")
    assert f"style-src '{sha256(page.texts['style'][0])}'" in policy
    assert f"script-src '{sha256(page.texts['script'][1])}'" in policy
    assert "unsafe" not in policy


def sha256(text: str) -> str:
    """Return a text's hash as a policy writes it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_nothing_is_loaded_from_elsewhere():
    """No element of the page has an address other than a place in it or data."""
    page = Page(page_of(reports.mixed_report()))
    addresses = [
        value or ""
        for _, attributes in page.elements
        for name, value in attributes.items()
        if name in ("src", "href", "action", "srcset", "data", "poster")
    ]
    assert len(addresses) > 50
    assert [one for one in addresses if not one.startswith(("#", "data:,"))] == []
    assert re.search(r"url\(|@import|http", page.texts["style"][0]) is None


@pytest.mark.parametrize("name", ["report.css", "report.js"])
def test_a_file_that_is_written_into_the_page_cannot_end_its_element(name):
    """Neither has the characters that would."""
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    assert len(text) > 1000
    assert "</" not in text
    assert "<!--" not in text


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    """A report in HTML needs jinja2, which the core does not."""
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ReportError, match=r"Try `python -m pip install -c .*'\.\[conformance\]'"):
        render(reports.sound_report())


PASS = OutcomeRecord(case="a", status=results.PASSED)
FAIL = OutcomeRecord(case="b", status=results.FAILED, kind=results.ERROR)
VERDICTS = {
    "good": (small_report(PASS), "1 backend, 1 case, 0 failures", True),
    "bad": (small_report(PASS, FAIL), "1 backend, 2 cases, 1 failure", False),
    "outside": (small_report(PASS, problems=("p",)), "1 backend, 1 case, 1 failure", False),
    "nothing": (small_report(), "0 backends, 0 cases, 0 failures", False),
    "mixed": (
        reports.mixed_report(),
        f"2 backends, {len(reports.some_cases())} cases, "
        f"{reports.tally(reports.mixed_report(), status='failed') + 1} failures, "
        "1 broken, 1 unavailable",
        False,
    ),
}


@pytest.mark.parametrize(("report", "title", "is_good"), VERDICTS.values(), ids=VERDICTS)
def test_the_verdict(report, title, is_good):
    """Nothing run is not good news, and neither is a failure outside the cases."""
    assert view.verdict(report) == view.Verdict(title, is_good)
    page = page_of(report)
    assert f"<title>{title} " in page
    assert ('<h1 class="good">' in page) is is_good


def test_the_matrix_says_the_worst_and_how_often():
    """A cell has the sign of the worst status, and in words all of them."""
    known = OutcomeRecord(case="c", status=results.KNOWN_FAILURE, kind=results.ERROR)
    (matrix,) = view.matrices(small_report(PASS, FAIL, known, replace(FAIL, case="d")))
    ((op, href, (cell,)),) = matrix.rows
    assert (matrix.backend, matrix.levels, op) == ("one", ("core",), "conv1d")
    assert href == "#backend=one&op=conv1d"
    assert (cell.status, cell.count, cell.total) == (results.FAILED, 2, 4)
    assert cell.label == "conv1d, core, one: 1 passed, 2 failed, 1 known failure"
    assert cell.href == "#backend=one&op=conv1d&level=core"


def test_a_cell_without_cases_is_empty():
    """An op that has no case at some level shows none."""
    report = reports.report_of(
        [case("a"), case("b", op="pad1d", level="edge")],
        BackendRecord(name="one", status="available", outcomes=(PASS, replace(PASS, case="b"))),
    )
    (matrix,) = view.matrices(report)
    shown = [[cell and cell.count for cell in cells] for _, _, cells in matrix.rows]
    assert shown == [[1, None, 1], [None, 1, 1]]  # core, edge, all
    assert matrix.rows[0][2][-1].label == "conv1d, all levels, one: 1 passed"


def test_the_worst_error_is_the_largest_in_each_unit():
    """It may be of two cases; the link leads to the one farthest in units of the bound."""
    near = replace(PASS, case="a", bounds=0.25, ulps=9.0)
    far = replace(PASS, case="b", bounds=0.5, ulps=2.0)
    ((op, dtype, (worst,)),) = view.accuracy(small_report(near, far, replace(PASS, case="c")))
    assert (op, dtype) == ("conv1d", "float32")
    assert worst == view.Worst(0.5, 9.0, "#backend=one&q=b")


def test_unsupported_features_are_listed_used_or_not():
    """With the number of cases that each skips, and of those that work all the same."""
    skipped = OutcomeRecord(case="a", status=results.UNSUPPORTED, detail="pad1d: no kernel")
    report = small_report(
        skipped,
        replace(skipped, case="b", works=True),
        unsupported={"pad1d": "no kernel", "compile": "no compiler"},
    )
    rows = [(row.what, row.reason, row.cases, row.working) for row in view.unsupported(report)]
    assert rows == [("pad1d", "no kernel", 2, 1), ("compile", "no compiler", 0, 0)]
    assert "1 of these cases works: declare it supported" in page_of(report)


def test_known_failures_are_grouped_by_their_reason():
    """Text about a single case comes after the first line of the detail."""
    known = OutcomeRecord(case="a", status=results.KNOWN_FAILURE, kind=results.MISMATCH)
    report = small_report(
        replace(known, detail="bug 12\n3 is not 4"),
        replace(known, case="b", detail="bug 12\n5 is not 6"),
        replace(known, case="c", detail="bug 13"),
    )
    rows = [(row.reason, row.cases, row.what) for row in view.reasons(report, "known failure")]
    assert rows == [("bug 12", 2, "a"), ("bug 13", 1, "c")]


def test_many_reasons_are_cut_and_counted():
    """The page has the most frequent ones, and says how many cases have others."""
    known = OutcomeRecord(case="", status=results.UNAVAILABLE)
    outcomes = [replace(known, case=f"{n}", detail=f"reason {n}") for n in range(20)]
    rows = view.reasons(small_report(*outcomes), results.UNAVAILABLE)
    assert (len(rows), rows[-1].reason, rows[-1].cases) == (13, "other reasons", 8)


def test_the_payload_has_every_outcome():
    """By column, in the order of the cases."""
    data = payload_of(small_report(replace(PASS, bounds=0.123456, seconds=0.0015), FAIL))
    (backend,) = data["backends"]
    assert data["cases"]["id"] == ["a", "b"]
    assert [data["statuses"][int(digit)] for digit in backend["status"]] == ["passed", "failed"]
    assert backend["bounds"] == [0.123, None]
    assert backend["milliseconds"] == [1.5, 0]
    assert data["words"][backend["notes"]["1"][0]] == results.ERROR


def test_a_case_that_was_not_run_has_no_outcome():
    """A backend whose process was lost has fewer outcomes than there are cases."""
    report = small_report(PASS, FAIL)
    lost = replace(report.backends[0], outcomes=(FAIL,))
    assert payload_of(replace(report, backends=(lost,)))["backends"][0]["status"] == ".1"


def test_failures_carry_their_script_and_drawing():
    """Each failing convolution is drawn; what passes is not."""
    data = payload_of(reports.mixed_report())
    sound, crooked = data["backends"][:2]
    failed = {place for place, digit in enumerate(crooked["status"]) if digit == "1"}
    notes = [crooked["notes"][str(place)] for place in failed]
    assert len(failed) == reports.tally(reports.mixed_report(), status="failed") > 0
    assert all(data["scripts"][script].startswith('"""') for _, _, script, _, _ in notes)
    assert all(data["drawings"][drawing].startswith("<svg") for *_, drawing, _ in notes)
    assert sound["notes"] == {}


def hopeless(backends: int) -> Report:
    """Return a report of backends that fail 6,000 times each, at great length."""
    report = reports.large_report(backends=1)
    outcomes = [
        replace(FAIL, case=one.id, detail=f"{one.id} {'long ' * 400}", script=f"# {one.id}\n" * 300)
        for one in report.cases
    ]
    records = (
        replace(report.backends[0], name=f"b{n}", outcomes=outcomes) for n in range(backends)
    )
    return replace(report, backends=tuple(records))


def test_a_page_of_failures_stays_small():
    """24,000 failures with scripts of 10 kB each make a page of less than 6 MB."""
    assert len(page_of(hopeless(4)).encode()) < 6_000_000


def test_each_backend_has_its_share_of_the_room():
    """One that fails everywhere does not take the scripts of another; what is left out says so."""
    data = payload_of(hopeless(2))
    shown = [sum(note[2] >= 0 for note in one["notes"].values()) for one in data["backends"]]
    left_out = [sum(note[2] == -1 for note in one["notes"].values()) for one in data["backends"]]
    assert min(shown) > 50
    assert [sum(pair) for pair in zip(shown, left_out, strict=True)] == [6000, 6000]


def test_a_page_of_24000_outcomes_stays_small():
    """Four backends with 6,000 cases each, of which 40 fail on each."""
    assert len(page_of(reports.large_report()).encode()) < 6_000_000


def colours() -> dict[str, tuple[str, str]]:
    """Return the style sheet's colours by name: light, dark."""
    text = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    return {name: (light, dark) for name, light, dark in COLOUR.findall(text)}


def contrast(one: str, other: str) -> float:
    """Return the ratio of the two colours' luminances, as WCAG 2 defines it."""
    darker, lighter = sorted(luminance(colour) for colour in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of 'rrggbb'."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


TEXT_ON = [
    *((ink, paper) for ink in ("text", "muted", "accent") for paper in ("page", "surface")),
    ("text", "raised"),
    ("text", "failed-wash"),
    *((status.replace(" ", "-"),) * 2 for status in results.STATUSES),
]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "paper"), TEXT_ON, ids=["-on-".join(pair) for pair in TEXT_ON])
def test_text_can_be_read(ink, paper, scheme):
    """Every text has the contrast of 4.5 that WCAG 2 demands, in both schemes."""
    paper = f"{paper}-wash" if ink == paper else paper
    assert contrast(colours()[ink][scheme], colours()[paper][scheme]) >= 4.5
