"""A process that runs cases of one backend, as its parent sees it."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from convdispatch.conformance.results import Outcome
from convdispatch.conformance.run.assembling import decode
from convdispatch.support.child_process import ChildProcess

# The problems are tiny, and there is a worker for each processor: with threads of its own in each,
# a framework spent 190 seconds on what takes it 18.
_ONE_THREAD = {"OMP_NUM_THREADS": "1"}


def python(module: str, arguments: Sequence[str]) -> list[str]:
    """Return the command that runs a module in another process."""
    return [sys.executable, "-P", "-m", module, *arguments]


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process that loads a backend; the user's own values win.

    It sees the modules that this process sees, whatever folder it is started in.
    """
    seen = {"PYTHONPATH": os.pathsep.join(sys.path)}
    return {**_ONE_THREAD, **settings, **os.environ, **seen}


@dataclass(frozen=True, slots=True)
class CaseAnswer:
    """The outcome of one case."""

    outcome: Outcome
    script: str
    left_out: Mapping[str, str]  # plugins, and how they failed


class Worker(ChildProcess):
    """A process that runs cases of one backend: send it their ids."""

    def __init__(
        self,
        backend: str,
        *,
        seed: int,
        wants_scripts: bool,
        settings: Mapping[str, str],
        processes: int = 1,
    ) -> None:
        """Start it. `settings` are environment variables; the user's own values win.

        With several `processes` it leads a group of them, which runs each case together.
        """
        module = "convdispatch.conformance.run.worker"
        arguments = [backend, str(seed), str(int(wants_scripts))]
        if processes > 1:
            module = "convdispatch.conformance.run.leader"
            arguments.append(str(processes))
        super().__init__(python(module, arguments), environment(settings))

    def ask(self, case_ids: Sequence[str]) -> None:
        """Let it run these cases; `answer` gives what became of each, in their order."""
        self._token = secrets.token_hex(8)
        self.send([self._token, *case_ids])

    def answer(self, case_id: str, seconds: float) -> CaseAnswer:
        """Return the answer for the case; raise `Lost` where it is not what comes in that time.

        Only who read the question knows the token, and only the next case's answer is due: one that
        is written by a forked child, twice, or for another case is never taken for the right one.
        """
        message = self.receive(seconds)
        try:
            outcome = decode(message["outcome"])
            script, left_out = str(message["script"]), dict(message["left_out"])
        except (LookupError, TypeError, ValueError):
            raise self.lose(f"it wrote among its answers {str(message)[:200]!r}") from None
        if message.get("token") != self._token or outcome.case != case_id:
            raise self.lose(f"it was asked for this case and answered for {outcome.case!r}")
        return CaseAnswer(outcome, script, left_out)
