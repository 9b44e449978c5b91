"""A conformance run on a terminal: its text fits, and its progress needs no extra package."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from convdispatch.cli import main

pytestmark = pytest.mark.same_everywhere

CASES = "conv?d/core/*-normal"


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_text_fits_the_terminal(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tables of many columns, too; only a word that is longer than a line sticks out."""
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(["conformance", "--backend", "numpy", "--case", CASES]) == 0
    out = capsys.readouterr().out
    assert "channels_first" in out
    assert [line for line in out.splitlines() if len(line) > width and " " in line.strip()] == []


@pytest.mark.skipif(os.name != "posix", reason="a terminal of its own is made by pty")
def test_the_progress_line_needs_no_package() -> None:
    """On a terminal the number of cases done is shown, without rich and tqdm."""
    import pty

    code = (
        "import sys; sys.modules['rich'] = sys.modules['tqdm'] = None; "
        "from convdispatch.cli import main; "
        f"sys.exit(main(['conformance', '--backend', 'numpy', '--case', {CASES!r}]))"
    )
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:  # how a terminal ends on Linux
            pass
        finally:
            os.close(ours)
    assert process.returncode == 0
    assert b"loading numpy" in shown
    assert b" failed" in shown
    assert b"(numpy)" in shown
