"""The site of the documentation: what Sphinx does not know by itself about these pages.

Each module says what it adds. The pages that it makes are `.rst` files under `docs/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Add everything to a build; called by Sphinx."""
    from docsite import accessible, aliases, asv, gallery, links, migration, navigation, reference

    for part in (navigation, links, gallery, reference, aliases, migration, asv, accessible):
        part.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
