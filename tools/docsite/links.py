"""Links that leave `docs/`: to a file of the repository, or to a page that is HTML already."""

from __future__ import annotations

import posixpath
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]


def setup(app: Sphinx) -> None:
    """Replace the links that MyST makes downloads of."""
    app.add_transform(ToTheRepository)


def repository() -> str:
    """Return the address of the repository, which `pyproject.toml` alone states."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    address: str = project["urls"]["Repository"]
    return address


class ToTheRepository(SphinxTransform):  # type: ignore[misc] # Sphinx need not be installed
    """A link to a file that is no page of this site leads to the repository."""

    default_priority = 200

    def apply(self, **kwargs: Any) -> None:
        """Replace each such link of one document."""
        folder = posixpath.dirname(f"docs/{self.env.docname}")
        for node in list(self.document.findall(addnodes.download_reference)):
            self._replace(node, posixpath.normpath(posixpath.join(folder, node["reftarget"])))
        for node in list(self.document.findall(addnodes.pending_xref)):
            # MyST takes the name of a Markdown file for that of a page, wherever it lies.
            is_page = node.get("refdomain") == "doc" and node["reftarget"] in self.env.found_docs
            file = Path(node["reftarget"] + ".md")
            if not is_page and file.is_absolute() and file.is_relative_to(ROOT):
                self._replace(node, file.relative_to(ROOT).as_posix())

    def _replace(self, node: nodes.Element, target: str) -> None:
        page = target.removeprefix("docs/")
        if page in self.config.html_extra_path:
            address = posixpath.relpath(page, posixpath.dirname(self.env.docname) or ".")
        else:
            address = f"{repository()}/blob/v{self.config.release}/{target}"
        node.replace_self(nodes.reference("", "", *node.children, refuri=address, internal=False))
