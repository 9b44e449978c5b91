"""The schedule: cases of several backends, passed in chunks to a few slots.

A slot is one worker process at a time. It goes to the backend with cases left and the fewest
workers, so that every processor is busy to the end although one backend is slower than the rest.
Every method may be called from any thread.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from convdispatch.conformance.case import Case
from convdispatch.conformance.results import UNSUPPORTED, Outcome
from convdispatch.conformance.run.execution import Declared
from convdispatch.ops import BackendInfo

_LARGEST_CHUNK = 32
_MANY = 100  # cases that are worth a process, as long as nothing is known of the backend
_MOST_LOST_IN_A_ROW = 100  # workers of one backend that completed no case


@dataclass(slots=True, eq=False)
class Work:
    """One backend's cases: those to do, and what became of the others."""

    info: BackendInfo
    declared: Declared
    pending: deque[Case]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)  # of failures, by the case's id
    problems: list[str] = field(default_factory=list)
    broken: str = ""  # why the backend cannot be loaded
    workers: int = 0
    started: float = 0.0
    ended: float = 0.0
    loading: float = 0.0  # seconds that a worker took to be ready, at most
    computing: float = 0.0  # seconds of all cases that were run
    lost_in_a_row: int = 0
    # Reasons of unsupported cases whose trial ended a process: such cases are not tried again.
    deadly: set[str] = field(default_factory=set)

    @property
    def wants_worker(self) -> bool:
        """Whether a worker more would have done some of the cases before it has started."""
        if not self.pending or not self.workers:
            return bool(self.pending)
        if not self.loading or not self.outcomes:
            return len(self.pending) > _MANY * self.workers
        average = self.computing / len(self.outcomes)
        return len(self.pending) * average / self.workers > 2 * self.loading

    @property
    def seconds(self) -> float:
        """From the first worker's start to the last answer."""
        return max(self.ended - self.started, 0.0)


class Schedule:
    """The work of a whole run."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._works = works
        self._changed = threading.Condition()
        self._is_over = False

    def join(self) -> Work | None:
        """Wait for a backend that wants a worker more and count it in; None when all is done."""
        with self._changed:
            while not self._is_over and any(work.pending for work in self._works):
                wanting = [work for work in self._works if work.wants_worker]
                if wanting:
                    chosen = min(wanting, key=lambda work: (work.workers, -len(work.pending)))
                    chosen.workers += 1
                    chosen.started = chosen.started or time.perf_counter()
                    return chosen
                self._changed.wait()
            return None

    def leave(self, work: Work) -> None:
        """Count a worker out."""
        with self._changed:
            work.workers -= 1
            work.ended = time.perf_counter()
            self._changed.notify_all()

    def ready(self, work: Work, seconds: float) -> None:
        """Note how long a worker took to load the backend."""
        with self._changed:
            work.loading = max(work.loading, seconds)
            self._changed.notify_all()

    def take(self, work: Work) -> list[Case]:
        """Return the next chunk, the smaller the fewer cases are left; empty when none is."""
        with self._changed:
            size = len(work.pending) // (4 * max(work.workers, 1))
            size = min(max(size, 1), _LARGEST_CHUNK, len(work.pending))
            return [work.pending.popleft() for _ in range(0 if self._is_over else size)]

    def record(self, work: Work, outcome: Outcome, script: str) -> None:
        """Keep what a worker answered."""
        with self._changed:
            work.outcomes[outcome.case] = outcome
            if script:
                work.scripts[outcome.case] = script
            work.computing += outcome.seconds
            work.lost_in_a_row = 0
            self._changed.notify_all()

    def lose(self, work: Work, cases: Sequence[Case], outcome: Outcome) -> list[Outcome]:
        """Keep what a lost worker's current case came to, and put the others back.

        Returns it, and the outcomes of the cases that are not going to be tried for that reason.
        """
        with self._changed:
            settled = [outcome]
            work.pending.extendleft(reversed(cases))
            work.lost_in_a_row += 1
            if outcome.status == UNSUPPORTED:
                work.deadly.add(outcome.detail)
                settled += _set_aside(work)
            work.outcomes |= {one.case: one for one in settled}
            work.computing += outcome.seconds
            if work.lost_in_a_row >= _MOST_LOST_IN_A_ROW:
                _give_up(work, f"{work.lost_in_a_row} processes in a row were lost")
            self._changed.notify_all()
            return settled

    def give_up(self, work: Work, reason: str) -> None:
        """Run no more cases of a backend that cannot be loaded."""
        with self._changed:
            work.broken = work.broken or reason
            _give_up(work, "the backend could not be loaded")
            self._changed.notify_all()

    def complain(self, work: Work, problem: str) -> None:
        """Note what is wrong with the backend and belongs to no case; the same only once."""
        with self._changed:
            if problem not in work.problems:
                work.problems.append(problem)

    @property
    def is_over(self) -> bool:
        """Whether `stop` has been called: workers are killed then, and lose nothing by it."""
        return self._is_over

    def stop(self) -> None:
        """Hand out nothing any more."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()


def _set_aside(work: Work) -> list[Outcome]:
    """Take the cases that are not to be tried out of the pending ones; return their outcomes."""
    reasons = [(case, work.declared.reason(case)) for case in work.pending]
    work.pending = deque(case for case, reason in reasons if reason not in work.deadly)
    return [
        Outcome(case=case.id, status=UNSUPPORTED, detail=reason)
        for case, reason in reasons
        if reason is not None and reason in work.deadly
    ]


def _give_up(work: Work, why: str) -> None:
    if work.pending:
        work.problems.append(f"{len(work.pending)} cases were not run: {why}")
        work.pending.clear()
