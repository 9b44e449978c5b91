"""A diagram in Graphviz's language, and images that Graphviz makes of it."""

from __future__ import annotations

import re
import shutil
import subprocess

from convdispatch.errors import InvalidArgument, ProgramError
from convdispatch.pictures.diagram import Box, Diagram, Line
from convdispatch.pictures.lettering import clean

_PROGRAM = "dot"
_PATIENCE = 120  # seconds
_FORMAT = re.compile(r"[a-z0-9_]{1,20}")
_WITH_MEANING = re.compile(r'([\\{}|<>"])')  # in the text of a record


class NoGraphvizError(ProgramError):
    """Graphviz is not installed."""


def dot_source(diagram: Diagram) -> str:
    """Return the diagram in Graphviz's language: each box is a record of its text."""
    boxes = [f'  {number} [label="{_record(box)}"];' for number, box in enumerate(diagram.boxes)]
    links = [f"  {link.source} -> {link.target};" for link in diagram.links]
    settings = f"  rankdir={diagram.direction};\n  concentrate=true;\n  node [shape=record];"
    return "\n".join(["digraph {", settings, *boxes, *links, "}\n"])


def _record(box: Box) -> str:
    """Return the fields of a box: its title, and its lines below each other."""
    title, *lines = (": ".join(filter(None, box.title)), *map(_joined, box.lines))
    below = "|".join(_escaped(line) for line in lines)
    return f"{_escaped(title)}|{{{below}}}" if lines else _escaped(title)


def _joined(line: Line) -> str:
    return " ".join(filter(None, line))


def _escaped(text: str) -> str:
    return _WITH_MEANING.sub(r"\\\1", clean(text))


def rendered(source: str, form: str) -> bytes:
    """Return the image in that format, such as 'png', that Graphviz makes of a source.

    Raises `ProgramError` if Graphviz is not installed, or if it fails.
    """
    if not _FORMAT.fullmatch(form):
        raise InvalidArgument(f"a format is a word such as 'png' or 'svg'; received {form!r}.")
    program = shutil.which(_PROGRAM)
    if program is None:
        raise NoGraphvizError(
            f"an image in the format {form!r} needs Graphviz, whose program `dot` is not on the "
            "PATH. Write an .svg file, which needs no other program, or install Graphviz: "
            "`apt-get install graphviz`, `brew install graphviz`."
        )
    try:
        ended = subprocess.run(
            [program, f"-T{form}"],
            input=source.encode("utf-8"),
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise ProgramError(f"Graphviz's `dot` failed: {exc}. Write an .svg file instead.") from exc
    if ended.returncode or not ended.stdout:
        said = clean(ended.stderr.decode("utf-8", "replace"))[-400:] or "it said nothing"
        raise ProgramError(
            f"Graphviz's `dot` made no {form!r}: {said}. Write an .svg file, which needs no other "
            "program, or another format that this Graphviz knows."
        )
    return ended.stdout
