"""`report.html` in a browser: it loads in silence, filters, unfolds, and fits on a phone.

Needs the package selenium and Debian's packages chromium and chromium-driver.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import conformance_reports as reports
import pytest
from browsers import BROWSER, DESK, DRIVER, NONE, PHONE, emulate, started
from report_pages import EVIL, evil_report, page_of

from convdispatch.conformance.report import Report

pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
pytestmark = pytest.mark.skipif(not (BROWSER and DRIVER), reason=NONE)
MIXED = reports.mixed_report()
OUTCOMES, FAILED = reports.tally(MIXED), reports.tally(MIXED, status="failed")
A_FAILURE = "conv1d/core/1d-stride-2-pads-low-last-eighths"


class Browser:
    """A page in a headless browser, and what is asked of it."""

    def __init__(self, driver: Any, folder: Path) -> None:
        self.driver = driver
        self.folder = folder

    def command(self, name: str, **values: Any) -> Any:
        """Send a command of the browser's own protocol."""
        return self.driver.execute_cdp_cmd(name, values)

    def open(
        self, report: Report, *, width: int = DESK, scheme: str = "light", at: str = ""
    ) -> float:
        """Open the report's page; return the seconds that it took."""
        path = self.folder / "report.html"
        path.write_text(page_of(report), encoding="utf-8")
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        emulate(self.driver, width=width, scheme=scheme)
        started = time.perf_counter()
        self.driver.get(path.as_uri() + at)
        self.wait("form:not([hidden]), noscript > *")
        return time.perf_counter() - started

    def wait(self, selector: str) -> None:
        """Return as soon as there is such an element."""
        until = time.monotonic() + 10
        while not self.driver.find_elements("css selector", selector):
            assert time.monotonic() < until, f"there is no {selector}"

    def run(self, script: str, *values: object) -> Any:
        """Run a function's body in the page."""
        return self.driver.execute_script(script, *values)

    def find(self, selector: str) -> Any:
        """Return the first element."""
        return self.driver.find_element("css selector", selector)

    def texts(self, selector: str) -> list[str]:
        """Return the elements' texts."""
        found: list[str] = self.run(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector
        )
        return found

    def shown(self) -> str:
        """Return what the page says of how many outcomes it lists."""
        text: str = self.find("#shown").text
        return text

    def unfold(self, key: str = "\ue007") -> None:
        """Unfold the first case by a key: Enter, if no other."""
        self.find("#list summary").send_keys(key)
        self.wait(".case .body")

    def choose(self, name: str, value: str) -> None:
        """Choose an option of a filter, as a user does."""
        self.find(f"select[name={name}] option[value='{value}']").click()


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    """Start one browser for all tests."""
    browser = started()
    yield browser
    browser.quit()


@pytest.fixture
def browser(driver: Any, tmp_path: Path) -> Browser:
    """Give the browser, with no page open."""
    return Browser(driver, tmp_path)


def test_a_page_loads_without_a_complaint_and_asks_nobody(browser):
    """No message in the console, and no request but for the file and what it carries."""
    browser.open(MIXED)
    browser.unfold()
    events = [
        json.loads(entry["message"])["message"] for entry in browser.driver.get_log("performance")
    ]
    asked = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert [url for url in asked if not url.startswith("data:")] == [
        (browser.folder / "report.html").as_uri()
    ]
    assert browser.driver.get_log("browser") == []


def test_hostile_texts_are_shown_and_not_run(browser):
    """A message that is a script stays a message."""
    evil = EVIL.replace("\ud800", "")  # which the driver cannot hand over
    browser.open(evil_report(evil))
    browser.unfold()
    assert browser.driver.get_log("browser") == []
    assert browser.run("return document.querySelectorAll('img, body script').length") == 2
    assert browser.texts(".case pre") == [evil]
    assert browser.find("#list code").text.startswith("</script><img")


def test_failures_come_first(browser):
    """Without a filter in the address, a page with failures lists these."""
    browser.open(MIXED)
    assert browser.shown() == f"{FAILED} of {OUTCOMES} outcomes"
    assert set(browser.texts("#list .measure")) <= {"mismatch", "error", "undeclared"}


def test_a_page_without_failures_lists_everything(browser):
    """The first rows of all."""
    browser.open(reports.sound_report())
    assert browser.shown() == f"{OUTCOMES // 2} of {OUTCOMES // 2} outcomes"
    assert len(browser.texts("#list > li")) == 60


NUMPY = {"backend": "numpy", "status": ""}
FILTERS = {
    "backend": (NUMPY, reports.tally(MIXED, "numpy")),
    "op": ({**NUMPY, "op": "conv2d"}, reports.tally(MIXED, "numpy", op="conv2d")),
    "level": (
        {**NUMPY, "op": "conv2d", "level": "core"},
        reports.tally(MIXED, "numpy", op="conv2d", level="core"),
    ),
    "status": ({"status": "known failure"}, reports.tally(MIXED, status="known failure")),
    "works": ({"status": "works"}, reports.tally(MIXED, works=True)),
    "unsupported": ({"status": "unsupported"}, reports.tally(MIXED, status="unsupported")),
    "none": ({"backend": "numpy"}, 0),
}


def test_the_report_has_something_to_filter():
    """No two filters select alike, so that none can stand for another."""
    assert len({expected for _, expected in FILTERS.values()} | {OUTCOMES, FAILED}) == 9


@pytest.mark.parametrize(("choices", "expected"), FILTERS.values(), ids=FILTERS)
def test_filters_select_outcomes(browser, choices, expected):
    """Each narrows the list, which says how many are left, and is written into the address."""
    browser.open(MIXED)
    asked = {"status": "failed", **choices}  # failures are listed first
    for name, value in choices.items():
        browser.choose(name, value)
    assert browser.shown() == f"{expected} of {OUTCOMES} outcomes"
    assert len(browser.texts("#list > li")) == min(expected, 60)
    written = browser.run("return Object.fromEntries(new URLSearchParams(location.hash.slice(1)))")
    assert written == {name: value for name, value in asked.items() if value}


def test_text_is_searched_word_by_word(browser):
    """In the id, the claim and the message; upper case is lower case."""
    browser.open(MIXED)
    browser.find("input[name=q]").send_keys("STRIDE-2 5.59375")
    assert browser.texts("#list code") == [A_FAILURE, A_FAILURE.replace("low", "high")]


def test_an_address_with_filters_is_followed(browser):
    """The link shows the same list to every reader; an unknown word filters nothing."""
    browser.open(MIXED, at="#backend=crooked&op=conv1d&level=core&status=nonsense")
    expected = reports.tally(MIXED, "crooked", op="conv1d", level="core")
    assert browser.shown() == f"{expected} of {OUTCOMES} outcomes"
    chosen = browser.run(
        "return [...document.querySelectorAll('select')].map(e => e.selectedOptions[0].text)"
    )
    assert chosen == ["crooked", "conv1d", "core", "any"]


def test_a_cell_of_the_matrix_lists_its_cases(browser):
    """A click, or Enter where the keyboard has come to, filters by backend, op and level."""
    browser.open(MIXED)
    browser.find("a[href='#backend=crooked&op=conv3d&level=full']").send_keys("\ue007")
    expected = reports.tally(MIXED, "crooked", op="conv3d", level="full")
    assert browser.shown() == f"{expected} of {OUTCOMES} outcomes"
    assert browser.run("return document.activeElement.id") == "cases"


def test_show_all_takes_every_filter_away(browser):
    """From the form and from the address."""
    browser.open(MIXED, at="#backend=crooked&q=conv")
    browser.find("button[type=reset]").click()
    browser.run("return new Promise(done => setTimeout(done, 20))")
    assert browser.shown() == f"{OUTCOMES} of {OUTCOMES} outcomes"
    assert browser.run("return location.hash") == ""


def test_more_rows_are_shown_on_demand(browser):
    """Sixty at a time, so that many cost nothing."""
    browser.open(MIXED)
    assert 60 < FAILED <= 180
    browser.find("#more").click()
    assert len(browser.texts("#list > li")) == 120
    browser.find("#more").click()
    assert len(browser.texts("#list > li")) == FAILED
    assert not browser.find("#more").is_displayed()


def test_a_failure_unfolds(browser):
    """By the keyboard too: what was claimed, what was wrong, the drawing and the script."""
    browser.open(MIXED, at=f"#backend=crooked&q={A_FAILURE}")
    browser.unfold(" ")
    assert browser.find(".case .told p").text.startswith("The result is the exact one")
    assert browser.find(".case .message").text.startswith("mismatch: the result is wrong in 12")
    assert browser.find(".case pre").text.startswith('"""conv1d/core/1d-stride-2-pads-low')
    assert browser.find(".case svg.drawing .first").is_displayed()
    assert browser.find(".case svg.drawing").get_attribute("aria-label").startswith("input 4")
    assert "float32" in browser.texts(".case dd")


def test_a_case_that_is_folded_and_unfolded_is_told_once(browser):
    """An unfolded part is made the first time and kept."""
    browser.open(MIXED)
    browser.unfold()
    browser.unfold()
    browser.unfold()
    browser.run("return new Promise(done => setTimeout(done, 50))")
    assert browser.find("#list details").get_attribute("open")
    assert len(browser.texts(".case .body")) == 1


def test_a_script_is_copied(browser):
    """Where the page may not use the clipboard, the text is selected instead."""
    browser.open(MIXED, at=f"#backend=crooked&q={A_FAILURE}")
    browser.unfold()
    browser.run("navigator.clipboard.writeText = async text => { window.copied = text }")
    browser.find(".case .above button").click()
    assert browser.run("return window.copied") == browser.texts(".case pre")[0]
    browser.run("navigator.clipboard.writeText = () => { throw new Error('no') }")
    browser.find(".case .above button").click()
    assert browser.run("return getSelection().toString().slice(0, 3)") == '"""'


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system_and_the_button(browser, scheme):
    """The page is as dark as the system says, until somebody presses the button."""
    browser.open(reports.sound_report(), scheme=scheme)
    paper = {"light": "rgb(251, 251, 252)", "dark": "rgb(19, 21, 25)"}
    other = {"light": "dark", "dark": "light"}[scheme]
    colour = "return getComputedStyle(document.body).backgroundColor"
    assert browser.run(colour) == paper[scheme]
    assert browser.find("#theme").text.lower() == other
    browser.find("#theme").click()
    assert browser.run(colour) == paper[other]


def test_a_phone_needs_no_scrolling_sideways(browser):
    """The page is as wide as the screen with rows unfolded; wide tables scroll in their boxes."""
    browser.open(MIXED, width=PHONE)
    browser.run("document.querySelectorAll('details').forEach(one => { one.open = true })")
    browser.run("return new Promise(done => setTimeout(done, 100))")
    assert len(browser.texts(".case .body pre")) == 60
    assert browser.run("return [document.documentElement.scrollWidth, innerWidth]") == [PHONE] * 2


def test_24000_outcomes_open_in_two_seconds(browser):
    """And are filtered without a pause."""
    report = reports.large_report()
    # The best of a few: other tests may be using the machine.
    assert min(browser.open(report, at="#status=") for _ in range(3)) < 2
    assert browser.shown() == "24,000 of 24,000 outcomes"
    started = time.perf_counter()
    browser.choose("backend", "backend2")
    browser.choose("status", "failed")
    assert browser.shown() == "40 of 24,000 outcomes"
    assert time.perf_counter() - started < 1
    assert browser.run("return document.querySelectorAll('*').length") < 4000


def test_every_control_has_a_name(browser):
    """A screen reader can say what the filters, cells, scrolling boxes and pictures are."""
    browser.open(MIXED)
    browser.unfold()
    nameless = browser.run(
        """return [...document.querySelectorAll(
            "button:not([hidden]), select, input, a, svg[role=img], .scroll, [role=img]")]
          .filter(e => !(e.ariaLabel || e.labels?.[0]?.textContent.trim()
            || (e.matches("button, a") && e.textContent.trim())))
          .map(e => e.outerHTML)"""
    )
    assert nameless == []


def test_without_scripts_the_failures_are_there(browser):
    """Where a page may run no script, its first failures are listed all the same."""
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(replace(MIXED, seed=3))
        assert "To filter the cases" in browser.find("noscript").text
        assert len(browser.driver.find_elements("css selector", "noscript details")) == 50
        assert not browser.find("#filters").is_displayed()
    finally:
        browser.command("Emulation.setScriptExecutionDisabled", value=False)
