"""The documentation is true: its code runs and prints what it says, its links lead somewhere.

Comments of Markdown say what a reader need not see, on a line of their own before a block:
`<!-- needs: torch, jax -->` runs the block only where these can be imported, `<!-- file: a.py -->`
writes it to a file that later blocks can import, `<!-- varies -->` excuses an output from being
compared. The blocks of one document share a namespace, in a process of its own. A ```text block
right after a ```python block is what that block prints.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from places import ROOT

from convdispatch import (
    activations,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    regularizers,
)
from convdispatch.doors.not_offered import OWN_LAYERS
from convdispatch.engine.layer_options import stated_parameters
from convdispatch.formulas.dialects import KERAS1, KERAS2, KERAS3
from convdispatch.keras1 import layers as keras1_layers
from convdispatch.optimizers import schedules

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PROSE = [*DOCUMENTS, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
TIME_LIMIT = 300  # seconds for one document: importing a framework takes many

# Runs the steps that it reads from stdin, and writes what each one printed to a file.
DRIVER = """
import contextlib, io, json, sys
steps, report = json.load(sys.stdin), sys.argv[1]
sys.path.insert(0, "")
namespace, printed = {"__name__": "document"}, []
for path in steps:
    with open(path, encoding="utf-8") as file:
        code = compile(file.read(), path, "exec")
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(code, namespace)
    printed.append(out.getvalue())
with open(report, "w", encoding="utf-8") as file:
    json.dump(printed, file)
"""


@dataclass(frozen=True)
class Block:
    """One fenced block, and what the comments before it say."""

    line: int
    language: str
    text: str
    needs: frozenset[str]
    file: str | None
    varies: bool


def blocks_of(path: Path) -> list[Block]:
    """Return the fenced blocks of a document, in order."""
    found: list[Block] = []
    comments: list[str] = []
    lines = iter(enumerate(path.read_text(encoding="utf-8").splitlines(), 1))
    for number, line in lines:
        if line.startswith("```"):
            body = []
            for _, inner in lines:
                if inner == "```":
                    break
                body.append(inner)
            found.append(_block(number + 1, line[3:], "\n".join(body) + "\n", comments))
            comments = []
        elif line.startswith("<!--"):
            comments.append(line.removeprefix("<!--").removesuffix("-->").strip())
        elif line.strip():
            comments = []
    return found


def _block(line: int, language: str, text: str, comments: list[str]) -> Block:
    said = dict(comment.partition(": ")[::2] for comment in comments)
    assert said.keys() <= {"needs", "file", "varies"}, f"unknown comment before line {line}"
    return Block(
        line=line,
        language=language,
        text=text,
        needs=frozenset(filter(None, said.get("needs", "").split(", "))),
        file=said.get("file"),
        varies="varies" in said,
    )


def _cases() -> list[Any]:
    """Return each document with each combination of packages that some block of it needs."""
    cases = []
    for path in DOCUMENTS:
        code = [block for block in blocks_of(path) if block.language == "python"]
        name = path.relative_to(ROOT).as_posix()
        for needs in sorted({block.needs for block in code}, key=sorted):
            cases.append(pytest.param(path, needs, id="+".join([name, *sorted(needs)])))
    return cases


@pytest.mark.parametrize(("path", "needs"), _cases())
def test_the_code_runs_and_prints_what_is_said(
    path: Path, needs: frozenset[str], tmp_path: Path
) -> None:
    """Every Python block of a document runs after those before it, and its output is the text."""
    missing = [name for name in sorted(needs) if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"these blocks need {', '.join(missing)}")
    blocks = blocks_of(path)
    steps = [
        (block, after)
        for block, after in zip(blocks, [*blocks[1:], None], strict=True)
        if block.needs <= needs and (block.language == "python" or block.file)
    ]
    printed = _run([block for block, _ in steps], needs, tmp_path)
    executed = [(block, after) for block, after in steps if not block.file]
    for (block, after), output in zip(executed, printed, strict=True):
        if after is not None and after.language == "text" and not after.varies:
            where = f"{path.relative_to(ROOT)}, line {block.line}"
            assert _trimmed(output) == _trimmed(after.text), where


def _run(blocks: list[Block], needs: frozenset[str], folder: Path) -> list[str]:
    """Run the blocks in one new process, in an empty folder; return what each printed."""
    place = folder / "documented"
    place.mkdir()
    steps = []
    for block in blocks:
        if block.file:
            target = place / block.file
            target.parent.mkdir(parents=True, exist_ok=True)
        else:
            target = folder / f"line_{block.line}.py"
            steps.append(str(target))
        # Empty lines first, so that a traceback's line is the document's.
        target.write_text("\n" * (0 if block.file else block.line - 1) + block.text, "utf-8")
    # A framework's own warnings while it is imported are not the documentation's.
    strict = [] if needs else ["-W", "error"]
    report = folder / "report.json"
    done = subprocess.run(
        [sys.executable, *strict, "-c", DRIVER, str(report)],
        input=json.dumps(steps),
        cwd=place,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed: list[str] = json.loads(report.read_text("utf-8"))
    return printed


def _trimmed(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


def test_there_is_code_to_run() -> None:
    """The test above could not fail if no block were found."""
    assert sum(block.language == "python" for path in DOCUMENTS for block in blocks_of(path)) > 20


def _links(path: Path) -> list[str]:
    """Return the targets of a document's links, those inside of code left out."""
    text = path.read_text(encoding="utf-8")
    prose = re.sub(r"`[^`\n]+`", "", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S))
    return re.findall(r"\]\(([^)\s]+)\)", prose)


def _anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings, made as GitHub makes them."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.*)$", text, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link names a file of this repository and a heading in it."""
    broken = []
    for link in _links(path):
        file, _, anchor = link.partition("#")
        if "://" in file:
            continue
        target = (path.parent / file).resolve() if file else path
        is_heading = not anchor or (target.suffix == ".md" and anchor in _anchors(target))
        if not (target.exists() and target.is_relative_to(ROOT) and is_heading):
            broken.append(link)
    assert broken == []


def test_every_document_can_be_found() -> None:
    """The map of the documentation links to every other document."""
    index = ROOT / "docs/index.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in _links(index)}
    expected = {path for path in DOCUMENTS if path.parent.name != "changelog.d"}
    assert expected - linked - {index} == set()


def test_ci_runs_the_command_of_the_readme() -> None:
    """A user who follows the README runs exactly the commands of CI."""
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    (command,) = [line for line in script.splitlines() if "tox" in line and line[0] != "#"]
    readme = [block.text for block in blocks_of(ROOT / "README.md") if block.language == "sh"]
    assert f"{command}\n" in readme


# The reference is complete: what the code knows, the tables name.


def _sections(path: Path) -> dict[str, str]:
    """Return the text under each heading of the second level."""
    parts = re.split(r"^## (.*)$", path.read_text(encoding="utf-8"), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


LAYER_REFERENCE = ROOT / "docs/reference/layers.md"
DOORS = [(layers, ""), (keras1_layers, "keras1.")]
LAYER_CLASSES = [
    pytest.param(prefix + name, getattr(door, name), id=prefix + name)
    for door, prefix in DOORS
    for name in door.__all__
    if name not in ("Input", "InputLayer", *OWN_LAYERS) and getattr(door, name).__name__ == name
]


def parameters(one: Any) -> dict[str, inspect.Parameter]:
    """Return the parameters of a layer's constructor, or of a function that makes a layer."""
    if isinstance(one, type):
        return stated_parameters(one)
    stated = inspect.signature(one).parameters
    return {name: each for name, each in stated.items() if each.kind is not each.VAR_KEYWORD}


@pytest.mark.parametrize(("name", "layer_class"), LAYER_CLASSES)
def test_the_reference_names_every_argument(name: str, layer_class: Any) -> None:
    """The section of a layer lists each of its constructor's arguments with its default."""
    texts = [text for title, text in _sections(LAYER_REFERENCE).items() if f"`{name}`" in title]
    assert len(texts) == 1, "one section, whose heading names the class"
    common = _sections(LAYER_REFERENCE)["Arguments of every layer"]
    for argument, parameter in parameters(layer_class).items():
        rows = re.findall(rf"^\|[^|\n]*`{argument}`[^|\n]*\|([^|\n]*)\|", texts[0] + common, re.M)
        assert rows, f"`{argument}` has no row"
        if parameter.default is not inspect.Parameter.empty:
            assert f"`{parameter.default!r}`" in rows[0], argument
        else:
            assert "required" in rows[0], argument


VOCABULARIES = {
    "Activations": (activations.KERAS3, activations.KERAS2, activations.KERAS1),
    "Initializers": (initializers.KERAS3, initializers.KERAS2, initializers.KERAS1),
    "Regularizers": (regularizers.KERAS3, regularizers.KERAS2, regularizers.KERAS1),
    "Constraints": (constraints.KERAS3, constraints.KERAS2, constraints.KERAS1),
}


TRAINING_VOCABULARIES: dict[str, Any] = {
    "Losses": (losses.KERAS3, losses.KERAS2, losses.KERAS1),
    "Metrics": (metrics.KERAS3, metrics.KERAS2, metrics.KERAS1),
    "Optimizers": (KERAS3.optimizers, KERAS2.optimizers, KERAS1.optimizers),
    "Learning rate schedules": (
        [n for n in schedules.__all__ if n.endswith(("Decay", "Restarts"))],
    ),
}


@pytest.mark.parametrize("kind", TRAINING_VOCABULARIES)
def test_the_reference_names_every_function_of_training(kind: str) -> None:
    """Each name of each vocabulary is in the tables; every loss is a metric."""
    sections = _sections(ROOT / "docs/reference/losses-and-optimizers.md")
    text = sections[kind] + (sections["Losses"] if kind == "Metrics" else "")
    names = {name for table in TRAINING_VOCABULARIES[kind] for name in table}
    unnamed = {name for name in names if f"`{name}`" not in text}
    assert {name for name in unnamed if not name.isupper()} == set()  # those are said in a sentence


@pytest.mark.parametrize("kind", VOCABULARIES)
def test_the_reference_names_every_function(kind: str) -> None:
    """Each name of each vocabulary is in the tables."""
    text = _sections(ROOT / "docs/reference/functions.md")[kind]
    names = {name for table in VOCABULARIES[kind] for name in table}
    assert {name for name in names if f"`{name}`" not in text} == set()
