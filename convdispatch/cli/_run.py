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
from typing import TYPE_CHECKING

from convdispatch.cli._output import UsageError, complain, say
from convdispatch.errors import InvalidArgument
from convdispatch.runtime import selection

if TYPE_CHECKING:
    from convdispatch.compat.reading import Uses

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
getattr(_as_keras, sys.argv[1])(*sys.argv[2:5], sys.argv[5:])
"""


def run(arguments: argparse.Namespace) -> int:
    """Run the script; return its exit status where this process cannot become the script's."""
    if arguments.check is not None:
        return _check(arguments)
    environ = dict(os.environ)
    if arguments.module:
        name, *given = arguments.module
        api = arguments.api or _of_files([one for one in given if one.endswith(".py")])
        return _become(arguments, environ, ("run_module", api, name, given))
    if arguments.script is None:
        raise UsageError("no script. Give a Python script that imports keras, or `-m MODULE`.")
    script = Path(arguments.script)
    if not script.is_file():
        raise UsageError(f"no file {str(script)!r}. Give a Python script that imports keras.")
    api = _recognised(arguments, script, environ)
    return _become(arguments, environ, ("run", api, arguments.script, arguments.arguments))


def _become(
    arguments: argparse.Namespace, environ: dict[str, str], what: tuple[str, str, str, list[str]]
) -> int:
    """Let this process be the script's."""
    function, api, name, given = what
    wanted = arguments.backend
    if wanted is None and environ.get("KERAS_BACKEND") == "theano":
        environ.setdefault("CONVDISPATCH_CONVENTION", "theano")
        del environ["KERAS_BACKEND"]
        os.environ.pop("KERAS_BACKEND")
    if wanted is not None:
        environ["CONVDISPATCH_BACKEND"] = selection.resolve_backend(wanted)
    if arguments.convention is not None:
        environ["CONVDISPATCH_CONVENTION"] = arguments.convention
    if arguments.shard_weights:
        environ["CONVDISPATCH_SHARD_WEIGHTS"] = "1"
    if arguments.modernize:
        environ["_CONVDISPATCH_RUN_MODERN"] = "1"
    folder = str(Path(__file__).resolve().parents[2])
    seed = "" if arguments.seed is None else str(arguments.seed)
    command = [sys.executable, "-c", _START, folder, function, api, seed, name, *given]
    if arguments.nproc > 1:
        return _become_several(arguments.nproc, command, environ)
    if os.name != "nt":  # there a process cannot become another one
        os.execve(sys.executable, command, environ)
    return subprocess.run(command, env=environ, check=False).returncode


def _become_several(count: int, command: list[str], environ: dict[str, str]) -> int:
    """Let processes of the backend's engine be the script's, in the place of this one."""
    from convdispatch.cli import _launching
    from convdispatch.runtime.launching import launched

    name = environ.get("CONVDISPATCH_BACKEND") or selection.backend()
    environ["CONVDISPATCH_BACKEND"] = name
    environ.setdefault("OMP_NUM_THREADS", _launching.threads_each(count))
    try:
        processes = launched(name, command, count)
    except InvalidArgument as exc:
        raise UsageError(str(exc)) from exc
    return _launching.watch(processes, environ)


def _recognised(arguments: argparse.Namespace, script: Path, environ: dict[str, str]) -> str:
    """Return the façade that is asked for, or that the script needs; read the script's settings."""
    from convdispatch.compat.reading import uses_of
    from convdispatch.compat.recognising import choice, is_keras_0
    from convdispatch.compat.settings import files_of_settings

    uses = uses_of(script)
    if arguments.convention is None and (uses.backend == "theano" or uses.refused_line):
        environ["CONVDISPATCH_CONVENTION"] = "theano"
        if uses.refused_line:
            complain(
                f"note: Theano's numbers: line {uses.refused_line} refuses TensorFlow's. "
                "`--convention` decides."
            )
    if uses.backend and arguments.backend is None:
        environ.setdefault("CONVDISPATCH_BACKEND", selection.backend())
    environ["_CONVDISPATCH_RUN_SETTINGS"] = os.pathsep.join(files_of_settings(uses))
    _note_channels(uses, environ)
    if arguments.api is not None:
        return str(arguments.api)
    old = is_keras_0(uses)
    if old:
        raise UsageError(f"{script} is for Keras 0.3 or older: {old}. No façade has its words.")
    if uses.faults and not arguments.modernize:
        file, line, said = uses.faults[0]
        if file == str(script):
            raise UsageError(
                f"{file}, line {line}: {said}. Is it Python 2? `--modernize` runs such scripts. Or "
                "say which Keras it is for, `--api keras1` or `--api keras2`."
            )
    found = choice(uses)
    if found.is_ambiguous:
        complain(f"note: taken for Keras {found.api[-1]}: {found.reason}. `--api` decides.")
    return found.api


def _note_channels(uses: Uses, environ: dict[str, str]) -> None:
    """Let pictures have their channels first where only the script's shapes tell it."""
    from convdispatch.compat.recognising import first_channels
    from convdispatch.runtime.config import config_path

    why, file = first_channels(uses), config_path(environ)
    # Later Kerases write an `image_data_format` there without being asked.
    is_stated = file.is_file() and b"image_dim_ordering" in file.read_bytes()
    if why and not is_stated:
        environ["_CONVDISPATCH_RUN_FORMAT"] = "channels_first"
        complain(
            f"note: its pictures have their channels first, by {why}. `image_dim_ordering` in "
            "keras.json decides."
        )


def _of_files(paths: list[str]) -> str:
    from convdispatch.compat.reading import uses_of
    from convdispatch.compat.recognising import choice

    found = {choice(uses_of(Path(one))).api for one in paths if Path(one).is_file()}
    if len(found) != 1:
        raise UsageError("which Keras is meant? Give `--api keras1` or `--api keras2`.")
    return found.pop()


def _check(arguments: argparse.Namespace) -> int:
    """Print what the scripts lack; return 1 where something is missing."""
    from convdispatch.compat.checking import checked, lines, table

    place = Path(arguments.check)
    if not place.exists():
        raise UsageError(f"no file or folder {str(place)!r}.")
    scripts = sorted(place.rglob("*.py")) if place.is_dir() else [place]
    reports = [checked(script, arguments.api) for script in scripts]
    for line in table(reports) if place.is_dir() else lines(reports[0]):
        say(line)
    return 0 if all(one.can_start for one in reports) else 1
