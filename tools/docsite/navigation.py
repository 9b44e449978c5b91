"""The navigation: each list of links of a map becomes a table of contents.

`index.md` and `gallery/index.md` are lists of links under headings, which a forge shows as they
are. Sphinx needs `toctree`s besides; we add them, so that there is one list. A link to a script of
the gallery becomes one to the page that is made of it.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

MAPS = ("index", "gallery/index")


# In the gallery's own map `name.py`, elsewhere with its folder.
SCRIPT = {True: r"\]\((\w+)\.py\)", False: r"\]\(((?:\.\./)*gallery/\w+)\.py\)"}


def setup(app: Sphinx) -> None:
    """Add the tables of contents when the maps are read."""
    app.connect("source-read", _add_toctrees)


def _add_toctrees(app: Sphinx, docname: str, source: list[str]) -> None:
    source[0] = re.sub(SCRIPT[docname.startswith("gallery/")], r"](\1.rst)", source[0])
    if docname in MAPS:
        source[0] += toctrees(source[0], posixpath.dirname(docname), app.env.found_docs)


def toctrees(text: str, folder: str, documents: set[str]) -> str:
    """Return a hidden `toctree` for each heading of a map that has a list of links to documents."""
    made, seen = [], set[str]()
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        heading, _, body = section.partition("\n")
        pages = []
        items = "\n".join(re.findall(r"^- .*(?:\n  .*)*", body, re.M))
        for link in re.findall(r"\]\(([^)\s#]+)\.(?:md|rst)\)", items):
            document = posixpath.normpath(posixpath.join(folder, link))
            if document in documents - seen:
                seen.add(document)
                pages.append(f"/{document}")
        if pages:
            made.append(
                "\n\n```{toctree}\n:hidden:\n:caption: " + heading + "\n\n" + "\n".join(pages)
            )
    return "".join(f"{each}\n```\n" for each in made)
