"""How Sphinx makes the site of these pages: `tox -e docs`.

What the build makes by itself, the reference of names and the gallery, are `.rst` files beside
these, which git ignores. `tools/docsite` makes them.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT)]

import convdispatch  # noqa: E402 - so is this
from docsite.links import repository  # noqa: E402 - found by the line above

project = "convdispatch"
author = "The convdispatch authors"
project_copyright = "the convdispatch authors, Apache-2.0"
version = release = convdispatch.__version__

extensions = ["myst_parser", "sphinx_copybutton", "docsite"]
exclude_patterns = ["changelog.d"]
# Links name headings as they do on a forge: `page.md#a-heading`.
myst_heading_anchors = 4
suppress_warnings: list[str] = []
nitpicky = True
# Types that are not ours have no entry here: Python's own, NumPy's, variables of types. In the last
# lines are ours that no user makes or imports, but gets from or hands to a function that says so.
nitpick_ignore_regex = [
    ("py:class", name)
    for name in (
        "None|NoneType|bool|int|float|str|bytes|object|tuple|list|dict|set|frozenset|slice|range",
        "type|Exception|BaseException|ForwardRef|Ellipsis",
        "(typing\\.)?(Any|Literal|Optional|Union|Self|Unpack|ClassVar|TypeAlias)",
        "(collections\\.abc\\.)?(Callable|Container|Iterable|Iterator|Mapping|Sequence|Set)",
        "(collections\\.abc\\.)?(Generator|MutableMapping|Hashable)|AbstractContextManager",
        "(np|npt|numpy|os|pathlib|types)\\..*|Path|NDArray",
        "_?[A-Z]|ModelT|[A-Z][a-z]*T|Fraction",
        "LayerOptions|Measure|Update|CompiledForward|Symbol|Problem|WrittenModel|Plan|Lines|Spec",
        "Instruction|Tuned|Row|RoundResult|Raw|Ramp|Outcome|Observation|Keeper|ExporterInfo|Converts",
        "convdispatch\\.symbolic\\.functions\\.Function",
    )
]
maximum_signature_line_length = 88
add_module_names = False
toc_object_entries_show_parents = "hide"

# `tox -e links`. The repository's own pages are those of a tag that a release makes.
linkcheck_ignore = [re.escape(repository()) + "/.*"]
linkcheck_timeout = 30
linkcheck_workers = 4

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_theme_options = {"sidebar_hide_name": False, "navigation_with_keys": False}
pygments_style = "a11y-light"
pygments_dark_style = "a11y-dark"
copybutton_exclude = ".linenos, .gp, .go"
