"""`convdispatch run SCRIPT.py ...`: a script of Keras's, with our façade in Keras's place.

The script gets a process of its own in the place of this one, so its arguments, its standard
streams and its exit status are those of any Python script. `_as_keras` is what runs there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from convdispatch.cli._output import UsageError
from convdispatch.runtime import selection

HANDS_OVER = True  # the streams belong to the script

# Python puts the current folder first where it looks for modules. It is no place of the script's,
# but this very package, not another installed one, must be found, in processes that the script
# spawns too.
_START = """\
import sys
if not sys.flags.safe_path:
    del sys.path[0]
folder = sys.argv.pop(1)
sys.path.insert(0, folder)
from convdispatch.cli import _as_keras
del sys.path[0]
if folder not in sys.path:
    sys.path.append(folder)
_as_keras.run(*sys.argv[1:4], sys.argv[4:])
"""


def run(arguments: argparse.Namespace) -> int:
    """Run the script; return its exit status where this process cannot become the script's."""
    script = Path(arguments.script)
    if not script.is_file():
        raise UsageError(f"no file {str(script)!r}. Give a Python script that imports keras.")
    environ = dict(os.environ)
    if arguments.backend is not None:
        environ["CONVDISPATCH_BACKEND"] = selection.resolve_backend(arguments.backend)
    folder = str(Path(__file__).resolve().parents[2])
    seed = "" if arguments.seed is None else str(arguments.seed)
    command = [sys.executable, "-c", _START, folder, arguments.api, seed, arguments.script]
    command += arguments.arguments
    if os.name != "nt":  # there a process cannot become another one
        os.execve(sys.executable, command, environ)
    return subprocess.run(command, env=environ, check=False).returncode
