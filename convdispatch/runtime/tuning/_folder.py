"""The path of the cache file, as a pure function of the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

FOLDER_VARIABLE = "CONVDISPATCH_CACHE_HOME"

# The format of the file is in its name: versions of the package that write different formats
# keep a file each, instead of setting each other's aside.
SCHEMA = 1
FILE_NAME = f"autotune-{SCHEMA}.json"


def cache_path(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return the path of the cache file, whether or not it exists.

    >>> cache_path({"CONVDISPATCH_CACHE_HOME": "/var/tuned"}, "linux").as_posix()
    '/var/tuned/autotune-1.json'
    >>> cache_path({"HOME": "/home/user"}, "linux").as_posix()
    '/home/user/.cache/convdispatch/autotune-1.json'
    """
    moved = environ.get(FOLDER_VARIABLE)
    return (Path(moved) if moved else _users_caches(environ, platform) / "convdispatch") / FILE_NAME


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
