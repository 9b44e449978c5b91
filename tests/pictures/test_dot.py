"""Graphviz's language, and what happens with the program, without it, and where it fails."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from convdispatch.errors import ConvDispatchError, InvalidArgument, ProgramError
from convdispatch.pictures.diagram import Box, Diagram, Line, Link
from convdispatch.pictures.dot import dot_source, rendered

DIAGRAM = Diagram(
    boxes=(
        Box(title=Line("x", "InputLayer"), lines=(Line("(None, 4)", "float32"),)),
        Box(title=Line('a|b {"c"} <d> \\'), lines=(Line("one"), Line("two"))),
        Box(title=Line("last")),
    ),
    links=(Link(0, 1), Link(1, 2), Link(0, 2)),
    direction="LR",
)
SOURCE = r"""digraph {
  rankdir=LR;
  concentrate=true;
  node [shape=record];
  0 [label="x: InputLayer|{(None, 4) float32}"];
  1 [label="a\|b \{\"c\"\} \<d\> \\|{one|two}"];
  2 [label="last"];
  0 -> 1;
  1 -> 2;
  0 -> 2;
}
"""


def program(folder: Path, script: str) -> None:
    """Put a program `dot` into a folder."""
    path = folder / "dot"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_the_source_is_a_record_for_each_box() -> None:
    """What has a meaning in a record is escaped."""
    assert dot_source(DIAGRAM) == SOURCE


def test_the_program_gets_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On its standard input, and the format as its argument."""
    program(tmp_path, 'echo "$@"; cat')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert rendered(SOURCE, "png").decode() == f"-Tpng\n{SOURCE}"


def test_without_the_program_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another format, or an installation."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProgramError, match=r"'pdf' needs Graphviz.*Write an \.svg file.*install"):
        rendered(SOURCE, "pdf")
    assert issubclass(ProgramError, ConvDispatchError)
    assert issubclass(ProgramError, OSError)  # what Keras raises


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'no such format' >&2; exit 1", "made no 'png': no such format"),
        ("exit 0", "made no 'png': it said nothing"),
    ],
    ids=["failed", "silent"],
)
def test_a_failure_of_the_program_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    """In its own words."""
    program(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(ProgramError, match=words):
        rendered(SOURCE, "png")


@pytest.mark.parametrize("form", ["", "png -o/tmp/x", "../x", "p" * 50])
def test_a_format_is_a_word(form: str) -> None:
    """Nothing else reaches the program's arguments."""
    with pytest.raises(InvalidArgument, match="a format is a word"):
        rendered(SOURCE, form)


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_reads_the_source() -> None:
    """The real one: with every escape."""
    assert rendered(SOURCE, "png").startswith(b"\x89PNG")
