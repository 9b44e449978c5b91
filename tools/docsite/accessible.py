"""What Sphinx and its theme leave out for those who use a keyboard or a screen reader.

axe-core finds these in every page of the theme: captions of the navigation that are headings of no
level, lists of definitions without a term, and boxes that scroll but cannot be reached by the
keyboard.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_CAPTION = (
    '<p class="caption" role="heading">',
    '<p class="caption" role="heading" aria-level="2">',
)
_SCROLLS = re.compile(
    r'<(pre|div class="table-wrapper[^"]*"|figure class="[^"]*gallery[^"]*"[^>]*)>'
)
# The arguments of a signature, a line each, which Sphinx makes a list of definitions.
_ARGUMENTS = re.compile(r'<dl>\n((?:<dd><em class="sig-param">.*</dd>\n)+)</dl>')


def setup(app: Sphinx) -> None:
    """Mend the pages when they are written."""
    app.connect("build-finished", _mend)


def _mend(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        for path in Path(app.outdir).rglob("*.html"):
            path.write_text(mended(path.read_text("utf-8")), "utf-8")


def mended(page: str) -> str:
    """Return the HTML of a page with what is missing."""
    page = _SCROLLS.sub(r'<\1 tabindex="0">', page.replace(*_CAPTION))
    return _ARGUMENTS.sub(_lines, page)


def _lines(found: re.Match[str]) -> str:
    lines = found[1].replace("<dd>", '<span class="sig-line">').replace("</dd>", "</span>")
    return f'<span class="sig-lines">\n{lines}</span>'
