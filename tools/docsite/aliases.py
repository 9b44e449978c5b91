"""The types that signatures name and no module of the reference has: what each stands for.

They are read from the source, `Name: TypeAlias = ...`, with the comment on the same line, because a
program that runs sees what an alias stands for and not its name.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PACKAGE = Path(__file__).resolve().parents[2] / "convdispatch"
MODULE = "convdispatch.types"
HEAD = """Types in signatures
===================

What the names in signatures stand for. Those of arguments are imported from ``convdispatch.types``.

.. py:currentmodule:: convdispatch.types

"""


def setup(app: Sphinx) -> None:
    """Write the page before Sphinx looks which there are, after those of the modules."""
    app.connect("builder-inited", _write_page, priority=600)


def _write_page(app: Sphinx) -> None:
    folder = Path(app.srcdir) / "reference/api"
    named = _named_in("\n".join(path.read_text("utf-8") for path in folder.glob("*.rst")))
    entries = []
    for name in sorted(named):
        stands_for, comment = aliases()[name]
        text = f"\n   {comment[0].upper()}{comment[1:]}.\n" if comment else ""
        entries.append(f".. py:type:: {name}\n   :canonical: {stands_for}\n{text}")
    page = HEAD + "\n".join(entries)
    (folder / f"{MODULE}.rst").write_text(page, "utf-8")


def _named_in(pages: str) -> set[str]:
    """Return the aliases that signatures name, and those that these stand for."""
    signatures = re.findall(r"^ *\.\. py:(?:class|function|method|property):: (.*)", pages, re.M)
    found: set[str] = set()
    new = {word for each in signatures for word in re.findall(r"\w+", each)} & aliases().keys()
    while new:
        found |= new
        words = {word for name in new for word in re.findall(r"\w+", aliases()[name][0])}
        new = words & aliases().keys() - found
    return found


@functools.cache
def aliases() -> dict[str, tuple[str, str]]:
    """Return what each alias stands for, and the comment beside it; those of arguments first."""
    found: dict[str, tuple[str, str]] = {}
    for path in (PACKAGE / "types.py", *sorted(PACKAGE.rglob("*.py"))):
        for name, stands_for, comment in _of(path.read_text("utf-8")):
            if name[0] != "_":
                found.setdefault(name, (stands_for, comment))
    return found


def _of(source: str) -> Iterator[tuple[str, str, str]]:
    if "TypeAlias" not in source:
        return
    lines = source.split("\n")
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias":
            assert node.value is not None
            _, mark, comment = lines[(node.end_lineno or 1) - 1].partition("  # ")
            said = comment if mark and not comment.startswith(("fmt:", "noqa", "type:")) else ""
            yield ast.unparse(node.target), _text(node.value), said.rstrip(".")


def _text(stands_for: ast.expr) -> str:
    """Return the source of a type, without the quotes of one that is read late."""
    if isinstance(stands_for, ast.Constant) and isinstance(stands_for.value, str):
        return stands_for.value
    return ast.unparse(stands_for)
