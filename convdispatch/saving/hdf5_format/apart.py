"""Let HDF5's own library read a structure in another process, of bounded memory and time.

A crash, a hang or a want of memory there is an error here. The answer is a text, and checked.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from convdispatch.errors import PackageMissing, install_command
from convdispatch.saving.hdf5_format.passing import read_back
from convdispatch.saving.hdf5_format.tree import Damaged, Group
from convdispatch.saving.limits import FileLimits
from convdispatch.saving.sources import Source

SECONDS = 10  # of the processor's, which other processes do not make longer
WAITING = 60  # seconds of the clock
MEMORY = 2**29  # bytes, beside what Python and h5py take
_PROGRAM = "convdispatch.saving.hdf5_format.library"


def tree_from_library(source: Source, limits: FileLimits) -> Group:
    """Return the structure as HDF5's library sees it; raise `Damaged` if it gives none."""
    if importlib.util.find_spec("h5py") is None:
        raise PackageMissing(
            f"{source.title} is in a form of HDF5 that needs the package h5py. Run "
            f"`{install_command('files')}`."
        )
    with source.as_stream() as (stream, start), tempfile.TemporaryFile() as answer:
        _run(stream, answer, [start, source.size, MEMORY, SECONDS, 2 * limits.text_bytes], limits)
        size = min(answer.seek(0, os.SEEK_END), 2 * limits.text_bytes)
        answer.seek(0)
        text = answer.read(size)
    return tree_of(text)


def tree_of(text: bytes) -> Group:
    """Return the tree of an answer; raise `Damaged` if it is cut, or says why there is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise Damaged("HDF5's library ended before it had read the structure") from exc
    if not isinstance(found, dict) or not isinstance(found.get("tree"), str):
        raise Damaged(str(found.get("damaged") if isinstance(found, dict) else found)[:500])
    return read_back(found["tree"])


def _run(stream: IO[bytes], answer: IO[bytes], numbers: list[int], limits: FileLimits) -> None:
    plain = {
        each.name: getattr(limits, each.name)
        for each in dataclasses.fields(limits)
        if each.type == "int"
    }
    root = str(Path(__file__).parents[3])
    process = subprocess.Popen(
        [sys.executable, "-m", _PROGRAM, *map(str, numbers), json.dumps(plain)],
        stdin=stream,
        stdout=answer,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([root, *filter(None, sys.path)])}
        | {"OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,
    )
    try:
        code = process.wait(WAITING)
    except subprocess.TimeoutExpired as exc:
        raise _too_slow(WAITING) from exc
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError, AttributeError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
    if code and code == -getattr(signal, "SIGXCPU", 0):
        raise _too_slow(SECONDS)
    if code:
        words = f"signal {-code}" if code < 0 else f"status {code}"
        raise Damaged(f"HDF5's library crashed while it read the structure ({words})")


def _too_slow(seconds: int) -> Damaged:
    return Damaged(f"HDF5's library did not read its structure within {seconds} seconds")
