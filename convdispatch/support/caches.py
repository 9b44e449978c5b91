"""The folder for what is kept between runs, as a pure function of the environment.

What is there can be lost at any time: it saves work and is never an answer.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

FOLDER_VARIABLE = "CONVDISPATCH_CACHE_HOME"


def cache_folder(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return the folder, whether or not it exists.

    >>> cache_folder({"CONVDISPATCH_CACHE_HOME": "/var/tuned"}, "linux").as_posix()
    '/var/tuned'
    >>> cache_folder({"HOME": "/home/user"}, "linux").as_posix()
    '/home/user/.cache/convdispatch'
    """
    moved = environ.get(FOLDER_VARIABLE)
    return Path(moved) if moved else _users_caches(environ, platform) / "convdispatch"


def _users_caches(environ: Mapping[str, str], platform: str) -> Path:
    stated = environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(stated):  # the specification says to ignore a relative one
        return Path(stated)
    if platform == "win32":
        local = environ.get("LOCALAPPDATA")
        return Path(local) if local else _home(environ, "USERPROFILE") / "AppData" / "Local"
    home = _home(environ, "HOME")
    return home / "Library" / "Caches" if platform == "darwin" else home / ".cache"


def _home(environ: Mapping[str, str], variable: str) -> Path:
    return Path(environ.get(variable) or os.path.expanduser("~"))
