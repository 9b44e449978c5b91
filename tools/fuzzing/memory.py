"""The peak of a process's memory since a moment, whatever the process took before that."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path

_FORGETTING, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")
_FORGET_THE_PEAK = "5"


class Peak:
    """The most memory since the beginning, beside what the process had then.

    Only Linux forgets an earlier peak. Elsewhere a peak that is below an earlier one is not seen.
    """

    def __init__(self) -> None:
        self.forgets = _forget()
        self._before = _of_status("VmRSS") if self.forgets else _since_the_start()

    def above(self) -> int:
        """Return the bytes."""
        most = _of_status("VmHWM") if self.forgets else _since_the_start()
        return max(most - self._before, 0)


def _forget() -> bool:
    with contextlib.suppress(OSError):
        _FORGETTING.write_text(_FORGET_THE_PEAK)
        return True
    return False


def _of_status(name: str) -> int:
    lines = _STATUS.read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _since_the_start() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
