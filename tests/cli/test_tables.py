"""Tables and sentences fit the terminal that they are printed on, and nothing of them is lost."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convdispatch.cli import _output
from convdispatch.cli._output import fitted, table
from convdispatch.support.terminal import ProgressLine, line_width

HEADERS = ("backend", "status", "")
ROWS = [
    ("numpy", "available", ""),
    (
        "torch",
        "broken",
        "ImportError: the library /usr/lib/libtorch.so cannot be loaded by anybody",
    ),
]
COUNTS = [("conv1d", *["1391"] * 14), ("conv1d_transpose", *["17 F1 K1 U3"] * 14)]
FEATURES = ("op", *(f"feature_{number}" for number in range(14)))

SetWidth = Callable[[int | None], None]


@pytest.fixture
def set_width(monkeypatch: pytest.MonkeyPatch) -> SetWidth:
    """Return a function that says how wide the terminal is; None for a pipe."""

    def change(width: int | None) -> None:
        if width is None:
            monkeypatch.delenv("COLUMNS", raising=False)
        else:
            monkeypatch.setenv("COLUMNS", str(width))

    change(None)
    return change


def words(text: str) -> str:
    """Return the text without what a layout changes."""
    return re.sub(r"\s", "", text)


def test_a_pipe_gets_a_row_a_line(set_width: SetWidth) -> None:
    """Each row is one line, however long, so that a search finds the whole row."""
    assert table(HEADERS, ROWS).splitlines() == [
        "backend  status",
        "numpy    available",
        f"torch    broken     {ROWS[1][2]}",
    ]


def test_a_long_text_is_wrapped_in_its_column(set_width: SetWidth) -> None:
    """At blanks; by hand."""
    set_width(60)
    assert table(HEADERS, ROWS).splitlines() == [
        "backend  status",
        "numpy    available",
        "torch    broken     ImportError: the library",
        "                    /usr/lib/libtorch.so cannot be loaded by",
        "                    anybody",
    ]


def test_columns_that_do_not_fit_are_set_below(set_width: SetWidth) -> None:
    """Each block begins with the first column; by hand."""
    set_width(24)
    rows = [("conv1d", "12", "3", "45"), ("pad", "6", "-", "7")]
    assert table(("op", "float32", "groups", "strides"), rows).splitlines() == [
        "op      float32  groups",
        "conv1d  12       3",
        "pad     6        -",
        "",
        "op      strides",
        "conv1d  45",
        "pad     7",
    ]


def test_a_word_that_fits_no_line_breaks_after_a_sign(set_width: SetWidth) -> None:
    """A path does at a slash."""
    set_width(30)
    (first, *rest) = table(
        ("", "x"), [("a", "/home/somebody/some/where/deep/below.py")]
    ).splitlines()
    assert rest[0] == "a  /home/somebody/some/where/"
    assert first.strip() == "x"
    assert rest[1].strip() == "deep/below.py"


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 170])
@pytest.mark.parametrize(("headers", "rows"), [(HEADERS, ROWS), (FEATURES, COUNTS)])
def test_no_line_is_wider_than_the_terminal(
    set_width: SetWidth, width: int, headers: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    """And every cell is there."""
    set_width(width)
    text = table(headers, rows, indent=4)
    assert max(map(len, text.splitlines())) <= width - 4
    letters = sorted(words("".join(map("".join, rows))))
    assert not set(letters) - set(text)
    if width >= 40:  # a line on which every word fits
        assert all(word in text for row in rows for cell in row for word in cell.split())


CELLS = st.text(st.characters(codec="utf-8"), max_size=60)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    st.integers(1, 5).flatmap(
        lambda count: st.lists(st.lists(CELLS, min_size=count, max_size=count), min_size=1)
    ),
    st.integers(20, 120),
)
def test_any_table_fits(lines: list[list[str]], width: int) -> None:
    """Whatever is in its cells, and what is in them can be printed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        text = table(lines[0], lines[1:])
    assert all(len(line) <= width and line.isprintable() for line in text.split("\n"))


def test_sentences_are_wrapped_below_their_beginning(set_width: SetWidth) -> None:
    """A path stays whole, to be copied."""
    set_width(30)
    path = "/a/path/that/is/longer/than/the/terminal.py"
    text = f"  a sentence that is longer than that\n  script: {path}\nshort"
    assert fitted(text).splitlines() == [
        "  a sentence that is longer",
        "    than that",
        "  script:",
        f"    {path}",
        "short",
    ]
    set_width(None)
    assert fitted(text) == text


def test_escape_codes_are_written_out(set_width: SetWidth) -> None:
    """A name that a plugin chose never moves the cursor."""
    assert table(("name",), [("\x1b[2Jx\u202ey\ud800",)]) == "name\n\\x1b[2Jx\\u202ey\\ud800"


class Terminal(io.StringIO):
    """A stream that says that a person watches it."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.mark.parametrize(
    ("columns", "stream", "width"),
    [
        ("100", io.StringIO(), 100),
        ("100", Terminal(), 100),
        ("", io.StringIO(), None),
        ("", Terminal(), 80),
        ("", None, None),
        ("0", io.StringIO(), None),
        ("-5", io.StringIO(), None),
        ("wide", io.StringIO(), None),
        ("9" * 5000, io.StringIO(), None),
        ("1", io.StringIO(), 20),
    ],
)
def test_the_width_is_the_variable_s_or_the_terminal_s(
    monkeypatch: pytest.MonkeyPatch, columns: str, stream: object, width: int | None
) -> None:
    """A terminal that does not know its own has 80."""
    monkeypatch.setenv("COLUMNS", columns)
    assert line_width(stream) == width


def test_the_tables_width_is_the_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not that of whatever stands for standard output meanwhile."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(_output, "output", Terminal)
    assert max(map(len, table(FEATURES, COUNTS).splitlines())) <= 80


def test_a_line_of_progress_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is rewritten in its place, cut to the terminal, and blanks are all that is left."""
    monkeypatch.setattr("convdispatch.support.terminal._PAUSE", 0.0)
    monkeypatch.setenv("COLUMNS", "20")
    stream = Terminal()
    line = ProgressLine(stream)
    line.show("1 of 3 \x1b[1m and more than fits")
    line.show("2 of 3")
    line.clear()
    line.clear()
    shown = "1 of 3 \\x1b[1m and more than fits"[:19]
    assert stream.getvalue() == f"\r{shown}\r{'2 of 3'.ljust(19)}\r      \r"


@pytest.mark.parametrize("kind", ["none", "closed", "full", "strange"])
def test_progress_stops_nothing(kind: str) -> None:
    """A stream that is missing, closed, full or strange is left alone."""

    class Full(Terminal):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    closed = Terminal()
    closed.close()
    streams = {"none": None, "closed": closed, "full": Full(), "strange": object()}
    line = ProgressLine(streams[kind])
    line.show("1 of 3")
    line.clear()
