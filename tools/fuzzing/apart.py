"""HDF5's own library in a process that stays alive, to try thousands of files in little time.

It does with each file what the process does that convdispatch starts for one file, under the same
limits but for less time. A crash, a hang or a want of memory ends the process, as it may; the next
file gets another.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from signal import Signals

from convdispatch.saving.hdf5_format import apart
from convdispatch.saving.hdf5_format.tree import Damaged, Group
from convdispatch.saving.limits import FileLimits
from convdispatch.saving.sources import Source, source_of

_FILES = 500  # of one process, whose memory the library may not give back
_SECONDS = 2  # of the processor's at most for one file: a fifth of what convdispatch allows
_WAITING = 60  # seconds of the clock


class Library:
    """Stands for `apart.tree_from_library`; `ends` counts what its processes ended of."""

    def __init__(self) -> None:
        self.ends: Counter[str] = Counter()
        self._process: subprocess.Popen[bytes] | None = None
        self._left = self._owner = 0

    def __call__(self, source: Source, limits: FileLimits) -> Group:
        """Return the tree that the process sees, or raise as for its end."""
        process = self._running(limits)
        assert process.stdin is not None
        assert process.stdout is not None
        self._left -= 1
        try:
            _send(process.stdin.fileno(), source.read(0, source.size))
            text = _received(process.stdout.fileno(), _WAITING)
        except OSError as exc:
            how = self.close()
            self.ends[how] += 1
            raise Damaged(f"HDF5's library ended while it read the structure ({how})") from exc
        return apart.tree_of(text[: 2 * limits.text_bytes])

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Let convdispatch ask this process in the block."""
        before, apart.tree_from_library = apart.tree_from_library, self
        try:
            yield
        finally:
            apart.tree_from_library = before

    def close(self) -> str:
        """End the process, and return what it ended of."""
        process, self._process = self._process, None
        if process is None:
            return ""
        process.kill()  # which changes nothing of one that has ended
        process.communicate()
        code = process.returncode
        return Signals(-code).name if code < 0 else f"status {code}"

    def _running(self, limits: FileLimits) -> subprocess.Popen[bytes]:
        if self._owner != os.getpid():  # that of a process which forked this one is not ours
            self._process = None
        if self._process is None or not self._left:
            self.close()
            self._owner, self._left = os.getpid(), _FILES
            self._process = _started(limits)
        return self._process


def _started(limits: FileLimits) -> subprocess.Popen[bytes]:
    places = [str(Path(__file__).parents[1]), *filter(None, sys.path)]
    return subprocess.Popen(
        [sys.executable, "-m", "fuzzing.apart", str(limits.text_bytes), str(limits.objects)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(places), "OPENBLAS_NUM_THREADS": "1"},
    )


def _send(pipe: int, data: bytes) -> None:
    rest = memoryview(len(data).to_bytes(8, "little") + data)
    while rest:
        rest = rest[os.write(pipe, rest) :]


def _received(pipe: int, seconds: float | None) -> bytes:
    """Return what `_send` sent; raise `OSError` if it does not come."""
    return _exactly(pipe, int.from_bytes(_exactly(pipe, 8, seconds), "little"), seconds)


def _exactly(pipe: int, size: int, seconds: float | None) -> bytes:
    found = bytearray()
    while len(found) < size:
        if not select.select([pipe], [], [], seconds)[0]:
            raise TimeoutError(f"no answer within {seconds} seconds")
        part = os.read(pipe, min(size - len(found), 2**16))
        if not part:
            raise BrokenPipeError("the other process has ended")
        found += part
    return bytes(found)


def _serve(limits: FileLimits) -> None:
    """Answer until nobody asks, under the limits of one file each."""
    from convdispatch.saving.hdf5_format.library import answer

    with open("/proc/self/statm", encoding="ascii") as stream:
        taken = int(stream.read().split()[0]) * resource.getpagesize()
    for kind, most in ((resource.RLIMIT_AS, taken + apart.MEMORY), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(kind, (most, most))
    while True:
        source = source_of(_received(0, None))
        used = resource.getrusage(resource.RUSAGE_SELF)
        ends = int(used.ru_utime + used.ru_stime) + _SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (ends, resource.RLIM_INFINITY))
        _send(1, json.dumps(answer(source, limits)).encode())


if __name__ == "__main__":
    with contextlib.suppress(OSError):  # whoever asked has gone
        _serve(FileLimits(text_bytes=int(sys.argv[1]), objects=int(sys.argv[2])))
