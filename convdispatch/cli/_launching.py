"""`convdispatch run --nproc N`: the processes of a script, as the backend's engine starts them.

The first process to fail ends the run: the others get some seconds to say so themselves.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence

from convdispatch.cli._output import complain
from convdispatch.ops import Launched
from convdispatch.support.launchers import VARIABLE, end_with_parent

_GRACE = 15.0  # seconds in which the engine may notice by itself that a process is missing
_PAUSE = 0.05
_BOUND = None if os.name == "nt" else end_with_parent


def watch(processes: Sequence[Launched], environ: Mapping[str, str]) -> int:
    """Run the processes; return 0, or the code of the first one that failed.

    They are in sessions of their own, so a terminal's Ctrl-C is for this process alone, which
    passes every request to stop on to them. Whatever happens to it, they end with it.
    """
    environ = {**environ, VARIABLE: str(os.getpid())}
    started: list[subprocess.Popen[bytes]] = []
    try:
        for one in processes:
            given = {**environ, **one.environ}
            started.append(
                subprocess.Popen(
                    one.command,
                    env=given,
                    start_new_session=True,
                    preexec_fn=_BOUND,  # safe: this process has one thread
                )
            )
        failed = _first_failure(started)
        if failed is None:
            return 0
        _wait(started, _GRACE)
        code = started[failed].returncode
        if len(started) > 1:
            complain(
                f"error: process {failed} of {len(started)} {_ended(code)}, so the run has ended."
            )
        return code if code > 0 else 128 - code
    except KeyboardInterrupt:
        for process in started:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
        _wait(started, _GRACE)
        complain("error: it was interrupted, so the run has ended.")
        return 128 + signal.SIGINT
    finally:
        for process in started:
            process.kill()
            process.wait()


def threads_each(count: int) -> str:
    """Return how many threads each process may have, so that they share the processors."""
    return str(max((os.cpu_count() or 1) // count, 1))


def _first_failure(started: Sequence[subprocess.Popen[bytes]]) -> int | None:
    while True:
        codes = [one.poll() for one in started]
        for place, code in enumerate(codes):
            if code:
                return place
        if None not in codes:
            return None
        time.sleep(_PAUSE)


def _wait(started: Sequence[subprocess.Popen[bytes]], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and any(one.poll() is None for one in started):
        time.sleep(_PAUSE)


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"
