"""The site that `tox -e docs` has built: its links, its search, its pages.

Building it takes a while, so the environment variable CONVDISPATCH_TEST_SITE names its folder.
"""

from __future__ import annotations

import html
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from site_search import SITE, pages_with

import convdispatch

pytest.importorskip("sphinx.search", reason="the site is built by Sphinx")
pytestmark = pytest.mark.skipif(
    not (SITE / "index.html").exists(), reason="CONVDISPATCH_TEST_SITE names no site: `tox -e docs`"
)


def pages() -> list[Path]:
    """Return the pages of the site, without those of asv."""
    others = {"_static", "asv"}
    return sorted(path for path in SITE.rglob("*.html") if not others & {*path.parts})


@cache
def text_of(page: Path) -> str:
    """Return the HTML of a page."""
    return page.read_text("utf-8")


@cache
def anchors_of(page: Path) -> frozenset[str]:
    """Return what a link to this page may have after `#`."""
    return frozenset(re.findall(r'\b(?:id|name)="([^"]+)"', text_of(page)))


def broken_links(page: Path) -> list[str]:
    """Return the links and images of a page that lead to nothing on this site."""
    broken = []
    for link in re.findall(r'\b(?:href|src)="([^"]*)"', text_of(page)):
        file, _, anchor = unquote(link).partition("#")
        if re.match(r"[a-z]+:|//", file):
            continue
        target = (page.parent / file.partition("?")[0]).resolve() if file else page
        is_there = target.is_file() and target.is_relative_to(SITE.resolve())
        if is_there and anchor and target.suffix == ".html":
            is_there = anchor in anchors_of(target)
        if not is_there:
            broken.append(link)
    return broken


def test_every_link_inside_the_site_leads_somewhere() -> None:
    """No page links to a page, an image or a heading that is not there."""
    found = {page.relative_to(SITE).as_posix(): broken_links(page) for page in pages()}
    assert len(found) > 40
    assert {page: links for page, links in found.items() if links} == {}


def test_links_to_elsewhere_are_well_formed() -> None:
    """They have a host, no blank and no leftover of a markup; `tox -e links` follows them."""
    links = {
        link for page in pages() for link in re.findall(r'\bhref="(\w+:[^"]*)"', text_of(page))
    }
    assert len(links) > 10
    wrong = set()
    for link in links:
        parts = urlsplit(html.unescape(link))
        is_site = parts.scheme == "https" and "." in parts.netloc and not parts.username
        if not is_site or re.search(r"[\s<>`{}\\^|]|[.,;]$", link):
            wrong.add(link)
    assert wrong == set()


@pytest.mark.parametrize("word", ["output_padding", "KERAS_HOME", "UnsupportedOp"])
def test_search_finds(word: str) -> None:
    """A word that a user has from an error or from code leads to pages."""
    assert pages_with(word)


def test_every_page_says_its_version() -> None:
    """A reader who comes from elsewhere sees which version a page is of."""
    title = f"convdispatch {convdispatch.__version__}"
    without = [page for page in pages() if title not in text_of(page)]
    assert without == [SITE / "scoreboard-table.html"]  # which names its engines' versions


def test_no_page_asks_another_server() -> None:
    """Pages read no script, font, picture or style from elsewhere: they work offline."""
    loaded = r'<(?:link\b[^>]*\bhref|(?:script|img|iframe|source)\b[^>]*\bsrc)="(?:https?:)?//'
    assert [page for page in pages() if re.search(loaded, text_of(page))] == []


def test_the_keyboard_reaches_what_scrolls() -> None:
    """Boxes of code and of tables can be scrolled without a mouse, and captions have a level."""
    bare = r'<pre>|<div class="table-wrapper[^"]*">|role="heading">|<dl>\n<dd>'
    bare += r'|<figure class="[^"]*gallery(?![^>]*tabindex)'
    assert [page for page in pages() if re.search(bare, text_of(page))] == []
