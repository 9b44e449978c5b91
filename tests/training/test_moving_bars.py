"""The bar that moves on a terminal: rich's for our own models, else that of every Keras."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import sys
from typing import Any

import pytest

from convdispatch.callbacks import ProgbarLogger
from convdispatch.callbacks._moving_bars import KerasBar, rich_bar
from convdispatch.formulas.dialects import KERAS1, KERAS2, KERAS3, Dialect

has_rich = pytest.mark.skipif(
    importlib.util.find_spec("rich") is None, reason="rich is not installed"
)


class Terminal(io.StringIO):
    """A stream that says that a person watches it."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Say so."""
        return True


class Averages(dict[str, float]):
    """What `fit` gives at the end of a batch."""

    def averages(self) -> dict[str, float]:
        """Return the means so far."""
        return {"loss": 0.25}


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return a terminal that is 80 characters wide."""
    stream = Terminal()
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("convdispatch.callbacks._progress._PAUSE", 0.0)
    return stream


def epoch_of(
    dialect: Dialect, terminal: Terminal, *, verbose: int = 1, samples: int | None = 40
) -> None:
    """Report an epoch of two batches of 20 samples on a terminal."""
    bar = ProgbarLogger(lines=dialect.lines)
    sizes = {"samples": samples} if samples else {"samples": None, "steps": None}
    bar.set_params({"verbose": verbose, "epochs": 1, "metrics": ["loss"], **sizes})
    with contextlib.redirect_stdout(terminal):
        bar.on_train_begin()
        bar.on_epoch_begin(0)
        for number in range(2):
            bar.on_batch_end(number, Averages(size=20.0))
        bar.on_epoch_end(0, {"loss": 0.25})
        bar.on_train_end()


def on_screen(written: str) -> list[str]:
    """Return what a terminal shows at the end: a line may be written over several times."""
    rows = []
    for line in re.sub(r"\x1b\[[0-9;?]*m", "", written).split("\n"):
        row = ""
        for part in re.sub(r"\x1b\[\d*[A-JL-Z]", "", line).split("\r"):
            text, erased, after = part.partition("\x1b[K")
            row = text + after if erased else text + row[len(text) :]
        rows.append(row.rstrip())
    return rows


@has_rich
def test_our_own_models_have_rich_s_bar(terminal: Terminal) -> None:
    """In colours, on one line, with the numbers after it."""
    epoch_of(KERAS3, terminal)
    first = terminal.getvalue().partition("\x1b[K")[0]
    assert "━" in first
    assert "\x1b[" in first
    assert "[====" not in first
    plain = re.sub(r"\x1b\[[0-9;]*m", "", first).rpartition("\r")[2]
    assert re.fullmatch(r"20/40 ━+[╸╺ ━]*.* ETA: 0s - loss: 0\.2500\s*", plain)
    assert len(plain) < 80


@pytest.mark.parametrize("dialect", [KERAS1, KERAS2], ids=["1", "2"])
def test_the_kerases_keep_their_bar(dialect: Dialect, terminal: Terminal) -> None:
    """Whatever is installed."""
    epoch_of(dialect, terminal)
    assert "20/40 [==============>...............] - ETA: 0s - loss: 0.2500" in terminal.getvalue()
    assert "━" not in terminal.getvalue()


@pytest.mark.parametrize("dialect", [KERAS1, KERAS2, KERAS3], ids=["1", "2", "3"])
def test_the_bar_is_gone_at_the_end(dialect: Dialect, terminal: Terminal) -> None:
    """A line for the epoch remains."""
    epoch_of(dialect, terminal)
    first, second, *rest = on_screen(terminal.getvalue())
    assert first == "Epoch 1/1"
    assert second.startswith("40/40 [==============================] - 0s")
    assert rest == [""]


@has_rich
def test_the_number_of_samples_may_be_unknown(terminal: Terminal) -> None:
    """Then the bar only moves."""
    epoch_of(KERAS3, terminal, samples=None)
    assert re.search(r"\r\S*1\S* ", terminal.getvalue())
    assert "━" in terminal.getvalue()


@has_rich
def test_a_narrow_terminal_has_one_line_too(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit is cut."""
    monkeypatch.setenv("COLUMNS", "24")
    epoch_of(KERAS3, terminal)
    moving = terminal.getvalue().split("\n")[1]
    parts = re.sub(r"\x1b\[[0-9;]*[mK]", "", moving).split("\r")
    assert len(parts) > 2
    assert all(len(part) < 24 for part in parts[1:-1])


def test_without_rich_the_bar_is_that_of_every_keras(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is asked for."""
    monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert isinstance(rich_bar(terminal), KerasBar)
    epoch_of(KERAS3, terminal)
    assert "20/40 [==============>...............]" in terminal.getvalue()


@pytest.mark.parametrize("verbose", [0, 2])
def test_nothing_moves_where_it_is_not_asked_for(verbose: int, terminal: Terminal) -> None:
    """`verbose` 0 is silent, 2 is a line for each epoch."""
    epoch_of(KERAS3, terminal, verbose=verbose)
    assert "\r" not in terminal.getvalue()
    assert (terminal.getvalue() == "") is (verbose == 0)


def test_nothing_moves_where_nobody_watches(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file or a pipe has a line for each epoch."""
    monkeypatch.setattr(terminal, "isatty", lambda: False)
    epoch_of(KERAS3, terminal)
    assert "\r" not in terminal.getvalue()
    assert terminal.getvalue().count("\n") == 2


@has_rich
def test_a_terminal_that_is_gone_ends_nothing(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training goes on without a bar."""

    def fail(text: Any) -> int:
        raise BrokenPipeError

    monkeypatch.setattr(terminal, "write", fail)
    epoch_of(KERAS3, terminal)
    assert terminal.getvalue() == ""


@has_rich
def test_a_terminal_without_such_letters_gets_others(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written that its encoding does not have."""
    monkeypatch.setattr(Terminal, "encoding", "ascii")
    epoch_of(KERAS3, terminal)
    assert terminal.getvalue().isascii()
    assert "20/40 " in terminal.getvalue()
    assert "\x1b[K" in terminal.getvalue()
