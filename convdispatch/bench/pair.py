"""One round: a new process for each side, measured in turn, with one number per benchmark.

Each process has its own speed (it depends on the place of its memory and the contents of its
dictionaries), and no number of repetitions inside the process averages that out. So a round starts
new processes and counts once.
"""

from __future__ import annotations

import math
import os
import random
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from convdispatch.bench.checkouts import Checkout
from convdispatch.support.child_process import ChildProcess, Lost

BASE, HEAD = "BASE", "HEAD"
_Item = TypeVar("_Item")
_HERE = Path(__file__).parent

_SAMPLE = 0.005  # seconds: a hundred thousand times the clock's resolution
_BLOCKS = 3  # of four samples each: base, head, head, base, or the other way round
_LOADING_LIMIT = 300  # seconds: a cold import of a large framework takes many
_ANSWER_LIMIT = 120  # seconds, of which a compiler may need some

# A user's setting would change what is measured, and a seed for hashes would give every process the
# same dictionaries.
_PRIVATE = ("CONVDISPATCH_", "KERAS_", "PYTHONHASHSEED")
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundResult:
    """The result of a round for one benchmark: times, or the reason why there are none."""

    base: float = math.nan  # the median sample, in seconds a call
    head: float = math.nan
    log_ratio: float = math.nan  # the median of the neighbouring samples' log(head / base)
    absent: Mapping[str, str] = field(default_factory=dict)  # why it does not exist, by side
    failure: str | None = None


class _Failed(Exception):  # noqa: N818 - named after what happened
    """A side raised, or its process ended."""


class _Absent(Exception):  # noqa: N818 - named after what happened
    """A side has no such backend or benchmark: the reason."""


def measure(
    sides: tuple[Checkout, Checkout], backend: str, names: Sequence[str], lot: random.Random
) -> dict[str, RoundResult]:
    """Run one round of these benchmarks; `lot` draws each order.

    If a process is lost, the result lacks the later benchmarks.
    """
    found: dict[str, RoundResult] = {}
    processor = _processor(lot)
    with ExitStack() as stack:
        processes: dict[str, _Side] = {}
        for name, checkout in _shuffled(lot, list(zip((BASE, HEAD), sides, strict=True))):
            processes[name] = _Side(name, checkout, backend, processor, lot)
            stack.callback(processes[name].end)
        try:
            absent = _lacking(processes.values(), _Side.load)
            for name in _shuffled(lot, names):
                found[name] = _benchmark(processes, name, absent, lot)
                if any(side.is_lost for side in processes.values()):
                    break
        except _Failed as exc:
            found.update({name: RoundResult(failure=str(exc)) for name in names})
    return found


class _Side:
    """One checkout's process."""

    def __init__(
        self, name: str, checkout: Checkout, backend: str, processor: str, lot: random.Random
    ) -> None:
        self.name = name
        self.is_lost = False
        arguments = [
            str(checkout.folder),
            ",".join(checkout.modules),
            backend,
            str(_HERE / "benchmarks.py"),
            processor,
        ]
        command = [sys.executable, "-P", str(_HERE / "_measurer.py"), *arguments]
        self._process = ChildProcess(command, _environment(checkout, lot))
        self.end = self._process.end

    def load(self) -> None:
        """Wait until the backend is loaded."""
        self._answer(_LOADING_LIMIT)

    def prepare(self, name: str) -> float:
        """Make a benchmark; return the seconds of a call."""
        return self._ask("prepare", name)

    def sample(self, name: str, number: int) -> float:
        """Return the seconds of one of this number of calls."""
        return self._ask("sample", name, number)

    def _ask(self, *question: object) -> float:
        self._process.send(question)
        return float(self._answer(_ANSWER_LIMIT)["seconds"])

    def _answer(self, seconds: float) -> dict[str, Any]:
        try:
            answer = self._process.receive(seconds)
        except Lost as lost:
            self.is_lost = True
            raise _Failed(f"{self.name}: {lost.detail}") from lost
        if "failed" in answer:
            raise _Failed(f"{self.name}: {answer['failed']}")
        if "absent" in answer:
            raise _Absent(answer["absent"])
        return answer


def _lacking(sides: Iterable[_Side], work: Callable[[_Side], None]) -> dict[str, str]:
    """Do this on each side; return, by side, the reasons why it was impossible."""
    reasons = {}
    for side in sides:
        try:
            work(side)
        except _Absent as absent:
            reasons[side.name] = str(absent)
    return reasons


def _benchmark(
    sides: Mapping[str, _Side], name: str, absent: Mapping[str, str], lot: random.Random
) -> RoundResult:
    """Measure one benchmark on both sides."""
    seconds: dict[str, float] = {}

    def prepare(side: _Side) -> None:
        seconds[side.name] = side.prepare(name)

    order = _shuffled(lot, [side for side in sides.values() if side.name not in absent])
    try:
        lacking = {**absent, **_lacking(order, prepare)}
        if lacking:
            return RoundResult(absent=lacking)
        # One number for both sides, from the faster one: samples of the slower one are only longer.
        number = max(1, math.ceil(_SAMPLE / max(min(seconds.values()), 1e-9)))
        return _samples(sides, name, number, lot)
    except _Failed as exc:
        return RoundResult(failure=str(exc))


def _samples(sides: Mapping[str, _Side], name: str, number: int, lot: random.Random) -> RoundResult:
    """Take the blocks of samples; a steady drift cancels within a block."""
    taken: dict[str, list[float]] = {BASE: [], HEAD: []}
    for _ in range(_BLOCKS):
        first, second = _shuffled(lot, [BASE, HEAD])
        for side in (first, second, second, first):
            taken[side].append(sides[side].sample(name, number))
    logarithms = [
        math.log(head / base) for base, head in zip(taken[BASE], taken[HEAD], strict=True)
    ]
    return RoundResult(
        base=statistics.median(taken[BASE]),
        head=statistics.median(taken[HEAD]),
        log_ratio=statistics.median(logarithms),
    )


def _shuffled(lot: random.Random, items: Iterable[_Item]) -> list[_Item]:
    drawn = list(items)
    lot.shuffle(drawn)
    return drawn


def _processor(lot: random.Random) -> str:
    """Draw the processor for both sides; '' if a process cannot be bound to one."""
    if not hasattr(os, "sched_getaffinity"):
        return ""
    return str(lot.choice(sorted(os.sched_getaffinity(0))))


def _environment(checkout: Checkout, lot: random.Random) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_PRIVATE)}
    return {
        **checkout.environment(kept),
        **_ONE_THREAD,
        "KERAS_HOME": str(checkout.metadata),  # where no keras.json is
        # The length of the environment moves the stack, and that alone has changed timings by
        # several percent (Mytkowicz et al., Producing Wrong Data, ASPLOS 2009): draw it.
        "BENCH_PADDING": "-" * lot.randrange(4096),
    }
