"""A process that ends with the one that has launched it, however that one ends.

A launcher that is killed cannot end the processes that it has started, directly or by another
launcher such as torchrun. They watch it themselves.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

VARIABLE = "_CONVDISPATCH_LAUNCHER"  # of the environment: the process to end with
_PAUSE = 0.5  # seconds
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent() -> None:
    """Let the system kill this process when its parent ends, where the system can: on Linux."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def end_with_launcher() -> bool:
    """End this process soon after its launcher, if the environment names one; return whether."""
    named = os.environ.pop(VARIABLE, "")  # what this process starts is its own business
    if not named.isdigit() or os.name == "nt":
        return bool(named)
    end_with_parent()  # also where this process is stopped
    watching = threading.Thread(target=_watch, args=(int(named), os.getppid()), daemon=True)
    watching.start()
    return True


def _watch(launcher: int, parent: int) -> None:
    while os.getppid() == parent and _exists(launcher):
        time.sleep(_PAUSE)
    os.kill(os.getpid(), signal.SIGKILL)


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is another user's by now
        return False
    return True
