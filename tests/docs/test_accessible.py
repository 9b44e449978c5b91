"""Pages in a browser, asked by axe-core: for those who use a keyboard or a screen reader.

axe-core is a package of npm: `npm install --prefix FOLDER axe-core`. CONVDISPATCH_TEST_AXE names
its file, FOLDER/node_modules/axe-core/axe.min.js, and CONVDISPATCH_TEST_SITE the built site. With
CONVDISPATCH_TEST_SCREENSHOTS, the name of a folder, each page is kept as it was seen.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import conformance_reports as reports
import pytest
from browsers import BROWSER, DESK, DRIVER, NONE, PHONE, emulate, started
from places import ROOT
from report_pages import page_of

from convdispatch import Sequential, layers

AXE = Path(os.environ.get("CONVDISPATCH_TEST_AXE", ROOT / "docs/no-axe"))
SITE = Path(os.environ.get("CONVDISPATCH_TEST_SITE", ROOT / "docs/no-site"))
SCREENSHOTS = os.environ.get("CONVDISPATCH_TEST_SCREENSHOTS", "")

pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
pytestmark = [
    pytest.mark.skipif(not (BROWSER and DRIVER), reason=NONE),
    pytest.mark.skipif(not AXE.is_file(), reason="CONVDISPATCH_TEST_AXE names no axe.min.js"),
]
PAGES = (
    *("index", "search", "tutorial", "how-to/draw-a-layer", "how-to/track-performance"),
    *("reference/layers", "reference/migration", "reference/api/convdispatch.layers.convolutional"),
    *(
        "scoreboard",
        "gallery/index",
        *(f"gallery/{p.stem}" for p in ROOT.glob("docs/gallery/*.py")),
    ),
)
SERIOUS = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(found => done(found.violations
  .filter(one => ["serious", "critical"].includes(one.impact))
  .map(one => `${one.id}: ${one.help}: ${one.nodes[0].html.slice(0, 200)} (${one.nodes.length})`)));
"""
WIDTH = "return document.documentElement.scrollWidth"


def picture() -> str:
    """Return a page with the picture of a layer, and what notebooks show of a model."""
    model = Sequential([layers.Conv2D(2, 3, input_shape=(9, 9, 1)), layers.Flatten()])
    drawn = layers.Conv2D(1, 3, strides=2, padding="same").picture((6, 6), values=True)
    body = f"<main><h1>Pictures</h1>{drawn}{model._repr_html_()}</main>"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Pictures</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>:root{{color-scheme:light dark}}</style><body>{body}</body></html>"
    )


MADE = {"report": lambda: page_of(reports.mixed_report()), "picture": picture}


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    """Start one browser for all pages."""
    browser = started()
    yield browser
    browser.quit()


def look(driver: Any, address: str, name: str, *, width: int, scheme: str) -> None:
    """Open a page and expect no serious fault, and nothing wider than the screen."""
    emulate(driver, width=width, scheme=scheme)
    driver.get(address)
    if SCREENSHOTS:
        seen = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
        file = f"{name.replace('/', '_')}-{width}-{scheme}.png"
        Path(SCREENSHOTS, file).write_bytes(base64.b64decode(seen["data"]))
    driver.execute_script(AXE.read_text("utf-8"))
    assert driver.execute_async_script(SERIOUS) == []
    assert driver.execute_script(WIDTH) <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("name", MADE)
def test_what_the_package_makes_has_no_serious_fault(
    driver: Any, tmp_path: Path, name: str, width: int, scheme: str
) -> None:
    """A conformance report, the picture of a layer, and a model in a notebook."""
    page = tmp_path / "page.html"
    page.write_text(MADE[name](), encoding="utf-8")
    look(driver, page.as_uri(), name, width=width, scheme=scheme)


@pytest.mark.skipif(not (SITE / "index.html").exists(), reason="CONVDISPATCH_TEST_SITE names none")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_site_has_no_serious_fault(
    driver: Any, name: str, width: int, scheme: str
) -> None:
    """The landing page, the gallery, and a page of each kind."""
    page = SITE / f"{name}.html"
    assert page.is_file()
    look(driver, page.as_uri(), name, width=width, scheme=scheme)
