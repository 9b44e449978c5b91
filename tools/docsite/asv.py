"""asv's own pages as a part of the site, where `asv publish` has made them.

The guide on tracking performance links to them then, and else says nothing of them.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PUBLISHED = Path(__file__).resolve().parents[2] / "asv_benches/.asv/html"
GUIDE, FOLDER = "how-to/track-performance", "asv"
LINK = f'<p><a href="../{FOLDER}/index.html">The curves of every benchmark</a>: asv\'s pages.</p>'


def setup(app: Sphinx) -> None:
    """Add the link when the guide is read, and the pages when the site is built."""
    if (PUBLISHED / "index.html").is_file():
        app.connect("source-read", _add_link)
        app.connect("build-finished", _copy)


def _add_link(app: Sphinx, docname: str, source: list[str]) -> None:
    if docname == GUIDE:
        heading = "## See the history\n"
        source[0] = source[0].replace(heading, f"{heading}\n{LINK}\n")


def _copy(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        shutil.copytree(PUBLISHED, Path(app.outdir) / FOLDER, dirs_exist_ok=True)
