"""The path of the cache file, as a pure function of the environment."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from convdispatch.support.caches import FOLDER_VARIABLE as FOLDER_VARIABLE
from convdispatch.support.caches import cache_folder

# The format of the file is in its name: versions of the package that write different formats
# keep a file each, instead of setting each other's aside.
SCHEMA = 1
FILE_NAME = f"autotune-{SCHEMA}.json"


def cache_path(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return the path of the cache file, whether or not it exists.

    >>> cache_path({"CONVDISPATCH_CACHE_HOME": "/var/tuned"}, "linux").as_posix()
    '/var/tuned/autotune-1.json'
    """
    return cache_folder(environ, platform) / FILE_NAME
