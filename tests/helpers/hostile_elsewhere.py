"""What the hostile files do elsewhere: `python tests/helpers/hostile_elsewhere.py keras OUT`.

Each file is loaded in a process of its own, with `MEMORY` bytes and `SECONDS` at most. OUT gets a
line of JSON for each. The name is that of the package: `keras` or `tf_keras`.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from hostile_files import CANARY, HARMLESS, HOSTILE
from hostile_hdf5 import OUTSIDE

SECONDS = 20  # of the processor; of the clock three times as many
MEMORY = 2**32
OF_KERAS = (".h5", ".keras")


def main(name: str, out: Path) -> None:
    """Load all files, those without anything hostile first."""
    os.environ.setdefault("KERAS_BACKEND", "numpy")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    keras = importlib.import_module(name)
    with h5py.File(OUTSIDE + ".h5", "w") as file:
        file["x"] = np.full((3, 2), 7.0, "f4")
    with tempfile.TemporaryDirectory() as folder, out.open("w", encoding="utf-8") as lines:
        for suffix in OF_KERAS:
            path = Path(folder) / f"harmless{suffix}"
            path.write_bytes(HARMLESS[suffix]())
            told = tried(keras, path)
            lines.write(json.dumps({"file": f"harmless {suffix}", "does": told}) + "\n")
        for kind, case in HOSTILE.items():
            if case.suffix in OF_KERAS:
                path = Path(folder) / f"{kind}{case.suffix}"
                case.write(path)
                lines.write(json.dumps({"file": kind, "does": tried(keras, path)}) + "\n")
                lines.flush()
                path.unlink()


def tried(keras: Any, path: Path) -> str:
    """Return what loading the file does, in words."""
    Path(CANARY).unlink(missing_ok=True)
    out, into = os.pipe()
    child = os.fork()
    if not child:
        os.close(out)
        _load(keras, path, into)
    os.close(into)
    words, peak = _waited(child, out)
    if Path(CANARY).exists():
        Path(CANARY).unlink()
        words = f"runs the file's code; {words}"
    return f"{words} ({peak >> 20:,} MB)" if peak > 2**30 else words


def _waited(child: int, out: int) -> tuple[str, int]:
    """Return what the process told, or how it ended, and its peak of memory."""
    ends = time.monotonic() + 3 * SECONDS
    status, usage = 0, None
    while time.monotonic() < ends:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.02)
    else:
        os.kill(child, signal.SIGKILL)
        _, _, usage = os.wait4(child, 0)
        os.close(out)
        return f"hangs: more than {SECONDS} seconds", 1024 * usage.ru_maxrss
    with open(out, encoding="utf-8") as stream:
        told = stream.read()
    peak = 1024 * usage.ru_maxrss
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL):
        return f"hangs: more than {SECONDS} seconds", peak
    if os.WIFSIGNALED(status):
        return f"crashes: {signal.Signals(os.WTERMSIG(status)).name}", peak
    return told or f"ends the process with status {os.waitstatus_to_exitcode(status)}", peak


def _load(keras: Any, path: Path, into: int) -> None:
    """Load the file in this process, tell what came of it, and end the process."""
    warnings.simplefilter("ignore")
    with open("/proc/self/statm", encoding="ascii") as stream:
        taken = int(stream.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    try:
        model = keras.models.load_model(path)
        model(np.ones((1, 3), "float32"))
        weights = [np.asarray(one) for one in model.get_weights()]
        told = "loads it"
        if weights and weights[0].ravel()[0] != 1:
            told = f"loads it with other numbers, {weights[0].ravel()[:2]}"
    except MemoryError:
        told = "MemoryError"
    except BaseException as exc:  # noqa: BLE001 - whatever comes of it is the answer
        told = f"{type(exc).__name__}: {' '.join(str(exc).split())[:150]}"
    os.write(into, told.encode())
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
