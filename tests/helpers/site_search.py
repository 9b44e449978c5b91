"""The search of the site that `tox -e docs` has built, asked as its page asks."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from places import ROOT

SITE = Path(os.environ.get("CONVDISPATCH_TEST_SITE", ROOT / "docs/no-site"))


@cache
def index() -> dict[str, Any]:
    """Return what the search looks words up in."""
    text = (SITE / "searchindex.js").read_text("utf-8")
    found: dict[str, Any] = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))
    return found


def pages_with(words: str) -> set[str]:
    """Return the names of the pages that have all of these words, but those that nobody indexes."""
    from sphinx.search.en import SearchEnglish

    language = SearchEnglish({})
    asked = [word for word in words.lower().split() if word not in language.stopwords]
    return set.intersection(*(_pages_of(language.stem(word)) for word in asked))


def _pages_of(stem: str) -> set[str]:
    found = []
    for table in ("terms", "titleterms"):
        pages = index()[table].get(stem, [])
        found += pages if isinstance(pages, list) else [pages]
    return {index()["docnames"][page] for page in found}
