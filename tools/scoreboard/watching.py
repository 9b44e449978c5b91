"""Run a command that may hang, eat memory or print without end, and stay alive.

A process that takes more memory than its share is killed alone: the suite notes the case that it
ran as a crash, and goes on. Memory is read from /proc, so it has a limit on Linux alone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_INTERVAL = 0.1  # seconds between two looks
_PATIENCE = 30.0  # seconds for a command to write its report after an interruption
_LAST_WORDS = 1500  # characters of the output
_GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a command may use."""

    seconds: float
    memory: int = 0  # bytes of one process; 0 for any


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    output: str  # the end of it
    is_late: bool = False  # it was interrupted because its time was over
    eaters: int = 0  # its processes that were killed because of their memory


def run(
    command: Sequence[str | Path], environ: Mapping[str, str], limits: Limits, folder: Path
) -> Ended:
    """Run the command in the folder to its end, or to its limit, and return how it ended."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            list(map(str, command)),
            env=dict(environ),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        family: dict[int, str] = {}
        try:
            is_late, eaters = _watch(process, limits, family)
        finally:
            process.kill()
            code = process.wait()
            # A child whose parent is gone is nobody's descendant any more: it was noted before.
            _kill(pid for pid, started in family.items() if _started(pid) == started)
        return Ended(code=code, output=_end_of(output.fileno()), is_late=is_late, eaters=eaters)


def _watch(
    process: subprocess.Popen[bytes], limits: Limits, family: dict[int, str]
) -> tuple[bool, int]:
    """Wait for the end; return whether time was over and how many processes ate memory.

    Every process that the command started is noted in `family`, with the time of its start.
    """
    killed: set[int] = set()
    end = time.monotonic() + limits.seconds
    while process.poll() is None and time.monotonic() < end:
        living = descendants(process.pid)
        family.update((pid, _started(pid)) for pid in living if pid not in family)
        if limits.memory:
            eaters = {pid for pid in living if _resident(pid) > limits.memory} - killed
            _kill(eaters)
            killed |= eaters
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_INTERVAL)
    if process.poll() is not None:
        return False, len(killed)
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE)
    return True, len(killed)


def descendants(pid: int) -> set[int]:
    """Return the processes that the process started, and theirs; none where /proc is missing."""
    children: dict[int, list[int]] = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*"):
        if fields := _fields(int(path.name)):
            children[int(fields[1])].append(int(path.name))
    found: set[int] = set()
    pending = [pid]
    while pending:
        new = children.pop(pending.pop(), [])
        found.update(new)
        pending += new
    return found


def _started(pid: int) -> str:
    """Return when the process started, in ticks: another one of the same number started later."""
    fields = _fields(pid)
    return fields[19] if fields else "gone"


def _fields(pid: int) -> list[str]:
    """Return what /proc says of the process after its name, which may have spaces."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _resident(pid: int) -> int:
    """Return the bytes of memory that the process has; 0 where it is gone."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _kill(processes: Iterable[int]) -> None:
    for pid in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _end_of(descriptor: int) -> str:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    os.lseek(descriptor, max(0, size - 4 * _LAST_WORDS), os.SEEK_SET)
    data = b""
    while part := os.read(descriptor, 2**16):
        data += part
    return data.decode("utf-8", "replace")[-_LAST_WORDS:]


def in_gib(size: int) -> str:
    """Return a size as a person says it.

    >>> in_gib(6 * 2**30)
    '6 GiB'
    """
    return f"{size / _GIB:g} GiB"
