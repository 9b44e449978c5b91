"""Links that Sphinx would take for something else.

Those that leave `docs/` lead to a file of the repository, or to a page that is HTML already. Names
in code lead to their entry in the reference if they are public where they stand, and else nowhere:
several modules have a `Layer`, and Sphinx would choose one of them.
"""

from __future__ import annotations

import functools
import posixpath
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

from docsite import aliases
from docsite.names import MODULES, all_modules, names_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
# Pages that are HTML already, and what they are called beside the pages that Sphinx makes.
RAW = {"scoreboard.html": "scoreboard-table.html"}
# Several modules have such a class; signatures mean these.
_MEANT = {"Activation": "convdispatch.activations.Activation", "Dense": "convdispatch.ops.Dense"}
# Methods of models that texts name alone, and that nothing else has.
_METHODS = (
    *("fit", "fit_generator", "evaluate", "evaluate_generator", "predict", "predict_generator"),
    *("predict_on_batch", "train_on_batch", "test_on_batch", "compile_forward", "load_weights"),
    *("save_weights", "to_json", "reset_states"),
)


def setup(app: Sphinx) -> None:
    """Replace the links that MyST makes downloads of, and those to names."""
    app.add_transform(ToTheRepository)
    app.add_transform(ToNames)
    app.connect("build-finished", _lead_to_pages)


def _lead_to_pages(app: Sphinx, exception: Exception | None) -> None:
    """Copy the pages that are HTML already; lead their links to pages, not to Markdown."""
    if exception is None and app.builder.format == "html":
        for name, copied in RAW.items():
            text = (Path(app.srcdir) / name).read_text("utf-8")
            text = re.sub(r'(href="[\w./-]+)\.md(?=["#])', r"\1.html", text)
            (Path(app.outdir) / copied).write_text(text, "utf-8")


@functools.cache
def public_names() -> frozenset[str]:
    """Return the full names of everything that the reference has."""
    return frozenset(name.full for module in all_modules() for name in names_of(module))


@functools.cache
def named_once() -> dict[str, str]:
    """Return the full name of each class and alias, and of methods, that only one thing has."""
    found: dict[str, dict[int, str]] = {}
    for module in MODULES:
        for name in names_of(module):
            if name.is_class:
                found.setdefault(name.name, {}).setdefault(id(name.value), name.full)
    once = {name: next(iter(full.values())) for name, full in found.items() if len(full) == 1}
    types = {name: f"{aliases.MODULE}.{name}" for name in aliases.aliases()}
    methods = {name: f"convdispatch.models.Model.{name}" for name in _METHODS}
    return {**methods, **types, **once, **_MEANT}


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
        if page in RAW:
            address = posixpath.relpath(RAW[page], posixpath.dirname(self.env.docname) or ".")
        else:
            address = f"{repository()}/blob/v{self.config.release}/{target}"
        node.replace_self(nodes.reference("", "", *node.children, refuri=address, internal=False))


class ToNames(SphinxTransform):  # type: ignore[misc] # Sphinx need not be installed
    """A name in code leads to its entry, or to nothing; a type of a signature must lead to one."""

    default_priority = 210

    def apply(self, **kwargs: Any) -> None:
        """Make each such link of one document exact, or take it away."""
        for node in list(self.document.findall(addnodes.pending_xref)):
            if node.get("refdomain") != "py":
                continue
            target = node["reftarget"].removesuffix("()")
            modules = (node.get("py:module"), "convdispatch.errors", "convdispatch")
            candidates = (*(f"{module}.{target}" for module in modules), target)
            found = [each for each in candidates if each in public_names()]
            is_type = node.get("reftype") == "class"  # of a signature; else words in code
            known = found or [each for each in [named_once().get(target)] if each]
            if known:
                node["reftarget"] = known[0]
            elif not is_type:
                node.replace_self(node.children)
