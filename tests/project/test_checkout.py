"""A fresh checkout: nothing lies where the README, or a tool that it calls, makes something."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from places import ROOT


@pytest.mark.skipif(
    not (ROOT / ".git").exists() or shutil.which("git") is None, reason="this is no git checkout"
)
def test_nothing_that_is_made_is_committed() -> None:
    """A file at .venv, as tox makes one, would keep `python -m venv .venv` from its folder."""
    made = ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"]
    done = subprocess.run(made, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
    names = ["git", "check-ignore", ".venv", ".venv/pyvenv.cfg", ".tox/core", "build/lib"]
    done = subprocess.run(names, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == names[2:]
