"""The gallery: each script `docs/gallery/NAME.py` is run, and its page shows what it made.

The script's docstring is the page's text, in reStructuredText; its first line is the title. Then
come the figures, what the script printed, and the script. A figure is one of these:

- a file `*.svg` that the script writes to the current folder, which is empty; its `<title>` is the
  caption and the alternative text;
- an open figure of matplotlib; its label, `figure.set_label("...")`, is both.

A figure without such a text, a warning or an exception fails the build. The configuration's
`gallery_only`, names with commas between, leaves out the others: `-D gallery_only=arithmetic`.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.errors import ExtensionError

if TYPE_CHECKING:
    from sphinx.application import Sphinx

TIME_LIMIT = 600  # seconds for one script, which takes a few: the machine may be busy

# Runs a script, then saves matplotlib's figures and what each shows, if the script loaded it.
DRIVER = """
import json, runpy, sys
runpy.run_path(sys.argv[1], run_name="__main__")
if "matplotlib.pyplot" in sys.modules:
    pyplot = sys.modules["matplotlib.pyplot"]
    labels = {}
    for number in pyplot.get_fignums():
        figure = pyplot.figure(number)
        name = f"figure-{number}.svg"
        figure.savefig(name, bbox_inches="tight", metadata={"Date": None})
        labels[name] = figure.get_label()
    with open("labels.json", "w", encoding="utf-8") as file:
        json.dump(labels, file)
"""


@dataclass(frozen=True)
class Made:
    """What one script printed and drew: files, and the alternative text of each."""

    printed: str
    figures: dict[str, str]


def setup(app: Sphinx) -> None:
    """Run the scripts before Sphinx looks which pages there are."""
    app.add_config_value("gallery_only", "", "env")
    app.connect("builder-inited", _make_pages)


def scripts(folder: Path, only: str) -> list[Path]:
    """Return the scripts to run: all, or the named ones."""
    wanted = set(filter(None, only.split(",")))
    found = sorted(folder.glob("*.py"))
    return [path for path in found if not wanted or path.stem in wanted]


def _make_pages(app: Sphinx) -> None:
    folder = Path(app.srcdir) / "gallery"
    figures = folder / "figures"
    shutil.rmtree(figures, ignore_errors=True)
    for stale in folder.glob("*.rst"):
        stale.unlink()
    paths = scripts(folder, app.config.gallery_only)
    with ThreadPoolExecutor(max_workers=2) as pool:
        made = list(pool.map(lambda path: run(path, figures / path.stem), paths))
    for path, one in zip(paths, made, strict=True):
        path.with_suffix(".rst").write_text(page(path, one), "utf-8")


def run(script: Path, target: Path) -> Made:
    """Run a script in an empty folder of its own; copy the figures that it made to `target`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        done = subprocess.run(
            [sys.executable, "-c", DRIVER, str(script.resolve())],
            cwd=folder,
            env={**os.environ, "MPLBACKEND": "svg", "TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
            check=False,
        )
        if done.returncode:
            raise ExtensionError(f"the gallery's {script.name} failed:\n{done.stderr}")
        labels = folder / "labels.json"
        figures: dict[str, str] = json.loads(labels.read_text("utf-8")) if labels.exists() else {}
        labels_of, figures = figures, {}
        for path in sorted(folder.glob("*.svg"), key=lambda one: (one.name in labels_of, one.name)):
            text = labels_of.get(path.name) or _title(path.read_text("utf-8"))
            if not text:
                raise ExtensionError(f"{path.name} of the gallery's {script.name} has no text")
            figures[path.name] = text
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return Made(done.stdout, figures)


def _title(svg: str) -> str:
    """Return the text of the title of an SVG."""
    found = re.search(r"<title[^>]*>(.*?)</title>", svg, re.S)
    return " ".join(found[1].split()) if found else ""


def page(script: Path, made: Made) -> str:
    """Return a page: title, text, figures, output, script."""
    source = script.read_text("utf-8")
    title, _, text = (ast.get_docstring(ast.parse(source)) or script.stem).partition("\n")
    title = title.rstrip(".")
    parts = [f"{title}\n{'=' * len(title)}", text.strip()]
    parts += [_figure(f"figures/{script.stem}/{name}", told) for name, told in made.figures.items()]
    if made.printed.strip():
        parts += ["It prints:", ".. code-block:: text\n\n" + _indented(made.printed)]
    parts += ["The script:", f".. literalinclude:: {script.name}\n   :language: python"]
    return "\n\n".join(filter(None, parts)) + "\n"


def _figure(path: str, told: str) -> str:
    caption = re.sub(r"([*`|_\\])", r"\\\1", told)
    options = f"   :alt: {told}\n   :figclass: gallery"
    return f".. figure:: {path}\n{options}\n\n   {caption}"


def _indented(text: str) -> str:
    return "".join(f"   {line}\n" if line.strip() else "\n" for line in text.splitlines())
