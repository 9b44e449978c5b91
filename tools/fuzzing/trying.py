"""Try one input: what is a find, and how it is kept.

A find is an exception that is none of convdispatch's, more seconds or more memory than the caps,
and, for whoever started the process, its end.
"""

from __future__ import annotations

import contextlib
import hashlib
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from convdispatch.errors import ConvDispatchError
from convdispatch.saving.hdf5_format import apart
from convdispatch.saving.hdf5_format.tree import Damaged, Group
from convdispatch.saving.limits import FileLimits
from convdispatch.saving.sources import Source
from fuzzing.memory import Peak

SECONDS = 5  # of the processor's, which other processes do not make longer
WAITING = 12 * SECONDS  # of the clock, with what the process waits for
MEMORY = 2**28  # bytes beside those before the input
APART_EVERY = 2000  # how often a file that is left to HDF5's own library really goes there


class TooSlow(BaseException):
    """The input took more than `SECONDS`, or `WAITING`."""


class Trials:
    """Runs a loader, counts what came of it, and keeps each kind of find once."""

    def __init__(self, run: Callable[[bytes], None], finds: Path, warm: bytes) -> None:
        self._run, self._finds = run, finds
        self.outcomes: Counter[str] = Counter()
        self.slowest = 0.0
        self._kinds: set[str] = set()
        with contextlib.suppress(ConvDispatchError):
            run(warm)
        self.most_memory = 0

    def __call__(self, data: bytes) -> None:
        """Run the loader on an input."""
        peak, started = Peak(), time.process_time()
        kind = self._outcome(data)
        self.slowest = max(self.slowest, time.process_time() - started)
        taken = peak.above()
        self.most_memory = max(self.most_memory, taken)
        if taken > MEMORY:
            self._keep(data, "memory", f"{taken:,} bytes more")
            kind = "find"
        self.outcomes[kind] += 1

    def _outcome(self, data: bytes) -> str:
        try:
            with _limited():
                self._run(data)
        except ConvDispatchError:
            return "refused"
        except (Exception, TooSlow) as exc:  # noqa: BLE001 - whatever it is, it is a find
            self._keep(data, type(exc).__name__, traceback.format_exc())
            return "find"
        return "read"

    def _keep(self, data: bytes, kind: str, words: str) -> None:
        where = f"{kind}: {words.strip().splitlines()[-3:-1]}"
        if where in self._kinds:
            return
        self._kinds.add(where)
        self._finds.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(data).hexdigest()[:16]
        (self._finds / name).write_bytes(data)
        sys.stderr.write(f"FIND {self._finds / name} {kind}\n{words}\n")
        sys.stderr.flush()


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"more than {SECONDS} seconds, or {WAITING} with waiting")

    clocks = {signal.SIGPROF: (signal.ITIMER_PROF, SECONDS)}
    clocks[signal.SIGALRM] = (signal.ITIMER_REAL, WAITING)
    before = {number: signal.signal(number, stop) for number in clocks}
    for clock, seconds in clocks.values():
        signal.setitimer(clock, seconds)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for number, (clock, _) in clocks.items():
            signal.setitimer(clock, 0)
            signal.signal(number, before[number])


class RarelyApart:
    """Stands for the other process of HDF5's own library, which takes a second: it runs seldom."""

    def __init__(self) -> None:
        self._really = apart.tree_from_library
        self.asked = self.run = 0

    def __call__(self, source: Source, limits: FileLimits) -> Group:
        """Start the other process, or refuse the file as that might do."""
        self.asked += 1
        if self.asked % APART_EVERY:
            raise Damaged("left to the library")
        self.run += 1
        return self._really(source, limits)

    @classmethod
    def install(cls) -> RarelyApart:
        """Put one in place."""
        found = cls()
        apart.tree_from_library = found
        return found
