"""Pictures of windows stay as they were looked at, and are shown by a browser."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from browsers import BROWSER, NONE, OPTIONS
from places import ROOT
from window_goldens import FOLDER, GOLDENS

# What the page's script says: of each picture the kinds of shapes, whether each has a colour unlike
# what it lies on, and whether the picture is as wide as the window at most.
ASKING = """\
<!doctype html><meta charset="utf-8"><body style="margin:0;width:390px">
%s
<pre id="said"></pre>
<script>
const said = [];
for (const svg of document.querySelectorAll("svg")) {
  const paper = getComputedStyle(svg.querySelector(".paper")).fill;
  for (const shape of svg.querySelectorAll("path:not(.hit), text")) {
    const { fill, stroke } = getComputedStyle(shape);
    const box = shape.getBoundingClientRect(), own = svg.getBoundingClientRect();
    if ([fill, stroke].every(one => one === "none" || one === paper))
      said.push("invisible " + shape.outerHTML.slice(0, 60));
    if (box.left < own.left - 1 || box.right > own.right + 1 || box.bottom > own.bottom + 1)
      said.push("outside " + shape.outerHTML.slice(0, 60));
  }
  if (svg.getBoundingClientRect().width > 390) said.push("wide");
  if (!svg.getAttribute("aria-label") || !svg.querySelector("desc").textContent) said.push("dumb");
}
said.push("paper " + getComputedStyle(document.querySelector(".paper")).fill);
document.getElementById("said").textContent = said.join("\\n");
</script>
"""


@pytest.mark.parametrize("name", GOLDENS)
def test_a_picture_is_what_it_was(name: str) -> None:
    """Byte by byte; `python tests/helpers/window_goldens.py` writes those that change."""
    assert GOLDENS[name]() == (FOLDER / f"{name}.svg").read_text(encoding="utf-8")


def test_the_pictures_in_the_documentation_are_what_its_code_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's blocks draw them; copy the files from there after a change."""
    page = (ROOT / "docs/how-to/draw-a-layer.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVDISPATCH_BACKEND", "numpy")
    exec("".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL)), {})
    for name in ("dilated.svg", "conventions.svg"):
        drawn = (tmp_path / name).read_text(encoding="utf-8")
        assert drawn == (ROOT / "docs/images" / name).read_text(encoding="utf-8")


@pytest.mark.skipif(BROWSER is None, reason=NONE)
@pytest.mark.parametrize(("scheme", "paper"), [(1, "255, 255, 255"), (0, "22, 27, 34")])
def test_a_browser_shows_every_shape_in_both_schemes(
    tmp_path: Path, scheme: int, paper: str
) -> None:
    """Nothing is invisible or cut off, and on a phone no picture is wider than the screen."""
    page = tmp_path / "page.html"
    page.write_text(ASKING % "".join(draw() for draw in GOLDENS.values()), encoding="utf-8")
    options = [f"--{one}" for one in OPTIONS]
    options += [f"--blink-settings=preferredColorScheme={scheme}", f"--user-data-dir={tmp_path}/u"]
    shown = subprocess.run(
        [str(BROWSER), *options, "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    said = re.search(r'<pre id="said">(.*?)</pre>', shown, re.DOTALL)
    assert said is not None
    assert said[1] == f"paper rgb({paper})"
