"""Run cases on backends, each in processes of its own: a crash or a hang is one failed case.

A thread a slot: it starts a worker, feeds it and reads its answers. `schedule` decides what each
slot does next, `worker_handle` knows processes, and the calling thread waits.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from convdispatch.conformance.case import Case
from convdispatch.conformance.report.records import BackendRecord
from convdispatch.conformance.report.scripts import explained
from convdispatch.conformance.results import (
    FAILED,
    INTERRUPTED,
    Outcome,
    stopped_after,
)
from convdispatch.conformance.run import execution
from convdispatch.conformance.run.assembling import (
    left_out_problem,
)
from convdispatch.conformance.run.schedule import Schedule, Work
from convdispatch.conformance.run.work_records import (
    begin,
    partial_record,
    whole_record,
    with_reasons,
)
from convdispatch.conformance.run.worker_handle import Worker
from convdispatch.ops import BackendInfo
from convdispatch.support.child_process import Lost
from convdispatch.support.interrupts import interrupts
from convdispatch.support.locks import Lock

_LOADING_LIMIT = 300  # seconds: a cold import of a large framework takes many
_PATIENCE = 1.0  # seconds for workers to end after an interruption; what hangs on is left behind
_FIRST_LIMIT = 20  # seconds at least for a worker's first case: much is set up on first use

# Called with the backend's name and what became of one of its cases, from one thread at a time.
Watcher: TypeAlias = Callable[[str, Outcome], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to run, which changes no answer but by `seed`."""

    seed: int
    jobs: int  # worker processes at a time
    time_limit: float  # seconds for one case
    wants_scripts: bool = True  # of failures; not needed if no report is written
    processes: int = 1  # that run each case together, as a group of the backend's engine
    max_failures: int | None = None  # of all backends together, after which nothing more is run


class Interrupted(KeyboardInterrupt):
    """The user stopped the run; `records` are what was done until then."""

    def __init__(self, records: list[BackendRecord]) -> None:
        super().__init__()
        self.records = records


def run(
    cases: Sequence[Case],
    infos: Iterable[BackendInfo],
    *,
    every_id: Sequence[str],
    settings: Settings,
    watch: Watcher,
    problems: Sequence[str] = (),
) -> list[BackendRecord]:
    """Run the cases on each backend and return a record of each.

    `every_id` names all cases there are, selected or not: what a known failure may be about.
    `problems` are what is wrong with the run before it begins, and make it fail. Raises
    `Interrupted` where the user interrupts it.
    """
    works = [begin(info, cases, every_id, problems) for info in infos]
    slot = _Slot(Schedule(works), settings, watch)
    threads = [threading.Thread(target=slot.run, daemon=True) for _ in range(settings.jobs)]
    ended: queue.SimpleQueue[bool] = queue.SimpleQueue()
    ending = threading.Thread(target=_tell_end, args=(threads, ended), daemon=True)
    try:
        with interrupts.answered_by(lambda: ended.put(False)):
            if ended.empty():  # else the request came before there was anything to stop
                for thread in (*threads, ending):
                    thread.start()
            is_whole = ended.get()
    except KeyboardInterrupt:  # if no other code handles the signals
        is_whole = False
    if not is_whole:
        slot.stop()
        if ending.is_alive():
            ending.join(_PATIENCE)
        raise Interrupted([partial_record(work, cases, INTERRUPTED) for work in works])
    if slot.error is not None:
        raise slot.error
    if slot.has_enough:
        why = stopped_after(slot.failures)
        records = [partial_record(work, cases, why) for work in works]
    else:
        records = [whole_record(work, cases) for work in works]
    try:
        with interrupts.answered_by(_stop):
            for number, work in enumerate(works):
                records[number] = with_reasons(
                    records[number],
                    work,
                    cases,
                    seed=settings.seed,
                    time_limit=settings.time_limit,
                )
    except KeyboardInterrupt:  # some failures are not explained
        raise Interrupted(records) from None
    return records


def _stop() -> None:
    raise KeyboardInterrupt


def _tell_end(threads: Sequence[threading.Thread], ended: queue.SimpleQueue[bool]) -> None:
    for thread in threads:
        thread.join()
    ended.put(True)


class _Slot:
    """The work of the threads, which share all of it."""

    def __init__(self, schedule: Schedule, settings: Settings, watch: Watcher) -> None:
        self._schedule = schedule
        self._settings = settings
        self._watch = watch
        self._lock = Lock()
        self._workers: set[Worker] = set()
        self.error: BaseException | None = None
        self.failures = 0

    @property
    def has_enough(self) -> bool:
        """Whether as many cases have failed as were to be found."""
        most = self._settings.max_failures
        return most is not None and self.failures >= most

    def run(self) -> None:
        """Do work until none is left."""
        try:
            while (work := self._schedule.join()) is not None:
                self._occupy(work)
        except BaseException as exc:  # noqa: BLE001 - `run` raises it where the caller is
            self.error = exc
            self.stop()

    def stop(self) -> None:
        """End every worker, and start no more."""
        self._schedule.stop()
        with self._lock.held():
            for worker in self._workers:
                worker.strike()

    def _occupy(self, work: Work) -> None:
        """Start a worker for the backend and use it as long as it lives and has work."""
        started = time.perf_counter()
        worker = Worker(
            work.info.name,
            seed=self._settings.seed,
            wants_scripts=self._settings.wants_scripts,
            settings=work.info.test_environment,
            processes=self._settings.processes,
        )
        with self._lock.held():
            self._workers.add(worker)
        try:
            if self._schedule.is_over:  # `stop` may not have met it
                worker.strike()
            if self._is_ready(worker, work):
                self._schedule.ready(work, time.perf_counter() - started)
                self._feed(worker, work)
        finally:
            with self._lock.held():
                self._workers.discard(worker)
            worker.end()
            self._schedule.leave(work)

    def _is_ready(self, worker: Worker, work: Work) -> bool:
        try:
            answer = worker.receive(_LOADING_LIMIT)
        except Lost as lost:
            if not self._schedule.is_over:
                self._schedule.give_up(work, f"while it was loaded: {lost.detail}")
            return False
        if "broken" in answer or "ready" not in answer:
            self._schedule.give_up(work, str(answer.get("broken", f"it answered {answer}")))
            return False
        if answer.get("printed"):
            self._schedule.complain(
                work, f"it wrote to standard output while it was loaded: {answer['printed']!r}"
            )
        return True

    def _feed(self, worker: Worker, work: Work) -> None:
        """Let the worker run chunks until none is left, or it is lost."""
        limit = max(self._settings.time_limit, _FIRST_LIMIT)
        while chunk := self._schedule.take(work):
            if not self._has_done(worker, work, deque(chunk), limit):
                return
            limit = self._settings.time_limit

    def _has_done(self, worker: Worker, work: Work, chunk: deque[Case], limit: float) -> bool:
        """Let the worker run a chunk; return False where it was lost over one of the cases.

        `limit` is for the first of them.
        """
        worker.ask([case.id for case in chunk])
        while chunk:
            started = time.perf_counter()
            try:
                answer = worker.answer(chunk[0].id, limit)
            except Lost as lost:
                if not self._schedule.is_over:
                    self._lose(lost, work, chunk, time.perf_counter() - started)
                return False
            if self.has_enough:  # found by another slot meanwhile
                return False
            limit = self._settings.time_limit
            chunk.popleft()
            self._schedule.record(work, answer.outcome, answer.script)
            self._tell(work, [answer.outcome])
            for plugin, failure in answer.left_out.items():
                self._schedule.complain(work, left_out_problem(plugin, failure))
        return True

    def _lose(self, lost: Lost, work: Work, chunk: deque[Case], seconds: float) -> None:
        case = chunk.popleft()
        outcome = execution.lost(
            case, work.declared, kind=lost.kind, detail=lost.detail, seconds=seconds
        )
        settings = self._settings
        if settings.wants_scripts:
            work.scripts[case.id] = explained(case, outcome, work.info, settings.seed)
        self._tell(work, self._schedule.lose(work, chunk, outcome))

    def _tell(self, work: Work, outcomes: Iterable[Outcome]) -> None:
        with self._lock.held():
            for outcome in outcomes:
                self.failures += outcome.status == FAILED
                self._watch(work.info.name, outcome)
        if self.has_enough:
            self.stop()
