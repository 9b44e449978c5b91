"""Ask a backend, in a process of its own, what it did instead of what its failing cases demand.

It may crash, hang or print once more: then what was known until then is kept, and the cause says
how the search ended.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from convdispatch.conformance.case import Case
from convdispatch.conformance.diagnosis.explanation import Explanation
from convdispatch.conformance.diagnosis.findings import Cause
from convdispatch.conformance.diagnosis.lightest import unshrunk
from convdispatch.conformance.report.decoding import Misfit, reader
from convdispatch.conformance.run.worker_handle import environment, python
from convdispatch.ops import BackendInfo
from convdispatch.support.child_process import ChildProcess, Lost

_MOST_CAUSES = 6  # that are explained; the others are named
_MOST_CASES = 300  # of one cause that are sent: a sample of them is enough
_MOST_PROCESSES = 3
_SECONDS = 3.0  # for one cause
_LOADING_LIMIT = 300.0  # a cold import of a large framework takes many


def explain(
    causes: tuple[Cause, ...],
    cases: Sequence[Case],
    info: BackendInfo,
    *,
    seed: int,
    time_limit: float,
    lost: Collection[str] = (),
) -> tuple[Cause, ...]:
    """Return the causes with hypotheses and minimal cases, as far as the backend yields them.

    `cases` are those that were run, `seed` is what their list was drawn from, and `time_limit` is
    that of one case, in seconds. The cases of these `lost` ids end or block any process, and are
    not asked again. An interruption ends the other process and is raised.
    """
    by_id = {case.id: case for case in cases}
    with _Asking(info, seed, time_limit) as asking:
        found = []
        for cause in causes[:_MOST_CAUSES]:
            known = [by_id[one] for one in cause.cases if one in by_id]
            answering = [case for case in known if case.id not in lost]
            if answering:
                found.append(asking.explained(cause, answering))
            else:
                found.append(
                    replace(cause, minimal=unshrunk(known, info, seed)) if known else cause
                )
    return (*found, *causes[_MOST_CAUSES:])


class _Asking:
    """A process that answers, started on demand and again after it was lost."""

    def __init__(self, info: BackendInfo, seed: int, time_limit: float) -> None:
        self._info = info
        self._seed = seed
        self._patience = min(time_limit, 4 * _SECONDS)  # beyond the time that it is given
        self._process: ChildProcess | None = None
        self._started = 0

    def __enter__(self) -> _Asking:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def explained(self, cause: Cause, cases: Sequence[Case]) -> Cause:
        """Return the cause with what the backend did instead."""
        known = Explanation()
        try:
            process = self._running()
            process.send([_SECONDS, *(case.id for case in _sample(cases))])
            end = time.monotonic() + _SECONDS + self._patience
            is_done = False
            while not is_done:
                message = process.receive(max(end - time.monotonic(), 0.001))
                known = _explanation(message)
                is_done = bool(message.get("done"))
        except Lost as lost:
            self._end()
            return self._given_up(cause, cases, known, lost.detail)
        return replace(cause, hypotheses=known.hypotheses, minimal=known.minimal)

    def _given_up(
        self, cause: Cause, cases: Sequence[Case], known: Explanation, detail: str
    ) -> Cause:
        """Return the cause with what was known when the process was lost."""
        note = f"the search for a smaller case ended early: {detail}"
        smallest = known.minimal or unshrunk(cases, self._info, self._seed)
        lines = (*smallest.lines, note)
        return replace(cause, hypotheses=known.hypotheses, minimal=replace(smallest, lines=lines))

    def _running(self) -> ChildProcess:
        """Return the process, ready; raise `Lost` where it cannot be made so."""
        if self._process is not None:
            return self._process
        if self._started >= _MOST_PROCESSES:
            raise Lost("", f"{self._started} processes were lost already")
        self._started += 1
        module = "convdispatch.conformance.diagnosis.worker"
        command = python(module, [self._info.name, str(self._seed)])
        self._process = ChildProcess(command, environment(self._info.test_environment))
        message = self._process.receive(_LOADING_LIMIT)
        if "ready" not in message:
            raise self._process.lose(str(message.get("broken", f"it answered {message}")))
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None


def _sample(cases: Sequence[Case]) -> list[Case]:
    """Return some of the cases, from all over the list, if there are many."""
    step = -(-len(cases) // _MOST_CASES)
    return list(cases[::step])


def _explanation(message: dict[str, Any]) -> Explanation:
    try:
        found: Explanation = reader(Explanation)(message["explanation"])
    except (LookupError, TypeError, Misfit) as exc:
        raise Lost("", f"it answered {str(message)[:200]!r}") from exc
    return found
