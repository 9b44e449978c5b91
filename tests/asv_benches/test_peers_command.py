"""`python -m asv_benches.peers`, the command: its tables, its file and its errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from peers_parts import ROOT, part

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Give the command, started in the checkout."""
    monkeypatch.chdir(ROOT)
    main: Callable[[list[str]], int] = part("__main__").main
    return lambda *arguments: main(list(arguments))


def test_it_measures_and_prints_tables(
    run: Callable[..., int], tmp_path: Path, capsys: Capture
) -> None:
    """A row with medians and quartiles, a target, and every time in a file."""
    path = tmp_path / "peers.json"
    arguments = ("--measure", "import", "--rounds", "1", "--json", str(path))
    assert run(*arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| measure | backend | row | ours | raw |")
    assert lines[2].startswith("| import | numpy | import | ")
    assert "| `import convdispatch` above `import numpy` | <= 40 ms |" in lines[-1]
    (measured,) = json.loads(path.read_text())
    assert set(measured["rows"]["import"]) == {"ours", "raw"}
    assert len(measured["rows"]["import"]["ours"]) == 2


@pytest.mark.parametrize(
    ("keras", "status", "problem"),
    [
        (
            "raise ModuleNotFoundError('none', name='keras')",
            0,
            "overhead on numpy: n/a: keras is not installed",
        ),
        ("raise ImportError('damaged')", 3, "failed with status 1: ImportError: damaged"),
        ("import os; os._exit(7)", 3, "overhead on numpy: failed with status 7: "),
    ],
    ids=["not installed", "damaged", "crashes"],
)
def test_a_peer_that_is_not_there_is_said(
    run: Callable[..., int],
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    keras: str,
    status: int,
    problem: str,
) -> None:
    """A contestant that is not installed is not a failure; a crash is one."""
    (tmp_path / "keras.py").write_text(keras)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert run("--measure", "overhead", "--backend", "numpy", "--rounds", "1") == status
    assert problem in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--measure", "speed"], "invalid choice: 'speed'"),
        (["--backend", "theano"], "invalid choice: 'theano'"),
        (["--rounds", "0"], "'0' is no number of rounds, such as 11"),
        (["--json", "/nowhere/at/all.json"], "'/nowhere/at/all.json' cannot be written"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_line(
    run: Callable[..., int], capsys: Capture, arguments: list[str], message: str
) -> None:
    """And exit status 2, before anything is measured."""
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_measure_without_the_backend_is_wrong_usage(
    run: Callable[..., int], capsys: Capture
) -> None:
    """Nothing would be measured."""
    assert run("--measure", "gradients", "--backend", "torch") == 2
    assert capsys.readouterr().err == "error: none of these measures has one of these backends.\n"


def test_a_process_that_ends_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error names the process and how it ended, not its missing output."""
    remote = part("remote")
    monkeypatch.setattr(remote.sys, "executable", str(tmp_path / "python"))
    (tmp_path / "python").write_text("#!/bin/sh\nread question\nexit 7\n")
    (tmp_path / "python").chmod(0o755)
    with (
        remote.Remote("torch") as process,
        pytest.raises(RuntimeError, match="times torch ended with status 7"),
    ):
        process.seconds(1)
