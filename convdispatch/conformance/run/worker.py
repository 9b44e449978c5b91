"""The process that runs cases of one backend: `python -m convdispatch.conformance.run.worker`.

It reads ids of cases from what was its standard input and answers on what was its standard output,
a line of JSON each; both are moved away first, so that a backend finds neither. The other side is
`worker_handle`.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Mapping
from typing import IO

from convdispatch.conformance.cases import build
from convdispatch.conformance.report.scripts import explained
from convdispatch.conformance.results import ERROR, FAILED, Outcome
from convdispatch.conformance.run.assembling import encode
from convdispatch.conformance.run.execution import Declared, execute
from convdispatch.conformance.run.forks import Watch
from convdispatch.errors import BackendBroken
from convdispatch.runtime.registry import registry
from convdispatch.support import standard_output

_STDIN, _STDOUT = 0, 1


def main(name: str, seed: int, wants_scripts: bool) -> None:
    """Load the backend, then run the requested cases until the requests end."""
    questions, answers = _private_streams()
    # Lists of a token, which each answer repeats, and ids. Read beside the work: when the parent is
    # gone, this process ends at once, whatever the backend is doing.
    wanted: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(questions, wanted), daemon=True).start()
    try:
        with standard_output.caught() as printed:
            watch = Watch()
            backend = registry.load(name)
            if watch.child_came_back():
                raise BackendBroken(f"the backend {name!r} forks while it is loaded")
    except Exception as exc:  # noqa: BLE001 - a backend may raise anything; the parent reports it
        _answer(answers, {"broken": str(exc)})
        return
    entry = registry.entries()[name]
    assert entry.info is not None
    declared = Declared.of(entry.info)
    cases = {case.id: case for case in build(seed)}
    _answer(answers, {"ready": True, "printed": printed()})
    while True:
        token, *case_ids = wanted.get()
        for case_id in case_ids:
            case = cases.get(case_id)
            outcome = (
                execute(case, backend, declared, try_unsupported=True) if case else _gone(case_id)
            )
            # Here, where the results that a script shows have just been computed.
            text = explained(case, outcome, entry.info, seed) if case and wants_scripts else ""
            answer = {"token": token, "outcome": encode(outcome), "script": text}
            _answer(answers, answer | {"left_out": registry.left_out()})


def _listen(questions: IO[str], wanted: queue.SimpleQueue[list[str]]) -> None:
    for line in questions:
        wanted.put(json.loads(line))
    os._exit(0)


def _private_streams() -> tuple[IO[str], IO[str]]:
    """Move the two ends of the conversation away, and leave nothing to read and no pipe to write.

    Output outside of a case goes to standard error, where the parent reads it.
    """
    questions, answers = os.dup(_STDIN), os.dup(_STDOUT)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _STDIN)
    os.dup2(2, _STDOUT)
    os.close(nothing)
    return open(questions, encoding="utf-8"), open(answers, "w", encoding="utf-8")


def _answer(answers: IO[str], message: Mapping[str, object]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def _gone(case_id: str) -> Outcome:
    """Return the outcome of a case that is in the parent's list and not in this one."""
    detail = "another process does not find the case. Give the same cases in every process."
    return Outcome(case=case_id, status=FAILED, kind=ERROR, detail=detail)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), bool(int(sys.argv[3])))
