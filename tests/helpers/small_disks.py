"""A file system of a few kibibytes, which only one process sees, to be really full."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest


def on_small_disk(folder: Path, size: str) -> list[str]:
    """Return what comes before a command so that the folder is a file system of that size for it.

    Skips the test where none may be mounted.
    """
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    alone = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "-Ur"]
    try:
        tried = subprocess.run([*alone, *mount], capture_output=True, timeout=30, check=False)
    except OSError:
        pytest.skip("no command to mount a file system")
    if tried.returncode:
        pytest.skip("no file system may be mounted here")
    return [*alone, "sh", "-c", f'{" ".join(mount)} && exec "$@"', "sh"]
