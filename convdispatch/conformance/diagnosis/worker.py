"""The process that explains failures of one backend: `python -m <this module> NAME SEED`.

It reads ids of cases that failed and answers with what the backend did instead, a line of JSON for
each step, so that what is known is not lost with the process. The other side is `explain`.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import asdict

from convdispatch.conformance.cases import finder
from convdispatch.conformance.diagnosis.explaining import explained
from convdispatch.conformance.diagnosis.explanation import Explanation
from convdispatch.conformance.run.answering import answer, conversation
from convdispatch.runtime.registry import registry


def main(name: str, seed: int) -> None:
    """Load the backend, then explain causes until the questions end."""
    questions, answers = conversation()
    try:
        backend = registry.load(name)
    except Exception as exc:  # noqa: BLE001 - a backend may raise anything; the parent goes on
        answer(answers, {"broken": str(exc)})
        return
    entry = registry.entries()[name]
    assert entry.info is not None
    find = finder(seed)

    def tell(step: Explanation) -> None:
        answer(answers, {"done": False, "explanation": asdict(step)})

    answer(answers, {"ready": True})
    while True:
        seconds, *ids = questions.get()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a fault may overflow; its numbers are what counts
            known = [case for case in map(find, ids) if case is not None]
            found = (
                explained(backend, entry.info, known, seed=seed, seconds=seconds, tell=tell)
                if known
                else Explanation()
            )
        answer(answers, {"done": True, "explanation": asdict(found)})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
