"""The process that runs cases of one backend: `python -m convdispatch.conformance.run.worker`.

It reads ids of cases and answers with outcomes, a line of JSON each: see `answering`. The other
side is `worker_handle`.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import finder
from convdispatch.conformance.report.scripts import explained
from convdispatch.conformance.results import ERROR, FAILED, Outcome
from convdispatch.conformance.run.answering import answer, conversation
from convdispatch.conformance.run.assembling import encode
from convdispatch.conformance.run.execution import Declared, execute
from convdispatch.conformance.run.forks import Watch
from convdispatch.errors import BackendBroken
from convdispatch.runtime.registry import registry
from convdispatch.support import standard_output


def main(
    name: str, seed: int, wants_scripts: bool, *, find: Callable[[str], Case | None] | None = None
) -> None:
    """Load the backend, then run the requested cases until the requests end.

    find: returns the case of an id; among the suite's cases by default.
    """
    # The questions are lists of a token, which each answer repeats, and ids.
    wanted, answers = conversation()
    try:
        with standard_output.caught() as printed:
            watch = Watch()
            backend = registry.load(name)
            if watch.child_came_back():
                raise BackendBroken(f"the backend {name!r} forks while it is loaded")
    except Exception as exc:  # noqa: BLE001 - a backend may raise anything; the parent reports it
        answer(answers, {"broken": str(exc)})
        return
    entry = registry.entries()[name]
    assert entry.info is not None
    declared = Declared.of(entry.info)
    find = find or finder(seed)
    # The modules stay to the end: the collector need not look at them every time.
    gc.collect()
    gc.freeze()
    answer(answers, {"ready": True, "printed": printed()})
    while True:
        token, *case_ids = wanted.get()
        for case_id in case_ids:
            case = find(case_id)
            outcome = (
                execute(case, backend, declared, try_unsupported=True) if case else _gone(case_id)
            )
            # Here, where the results that a script shows have just been computed.
            text = explained(case, outcome, entry.info, seed) if case and wants_scripts else ""
            message = {"token": token, "outcome": encode(outcome), "script": text}
            answer(answers, message | {"left_out": registry.left_out()})


def _gone(case_id: str) -> Outcome:
    """Return the outcome of a case that is in the parent's list and not in this one."""
    detail = "another process does not find the case. Give the same cases in every process."
    return Outcome(case=case_id, status=FAILED, kind=ERROR, detail=detail)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), bool(int(sys.argv[3])))
