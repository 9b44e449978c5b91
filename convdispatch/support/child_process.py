"""A process that answers in lines of JSON: start it, ask, wait, and report how it was lost.

The caller decides what the process does and what the lines mean. It is killed with its children.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from typing import Any

# How a process can be lost.
CRASH = "crash"  # it ended by itself
TIME_LIMIT = "time limit"  # no answer in time
ERROR = "error"  # an invalid answer

_LAST_LINES = 6  # of its standard error
_LONGEST_WORDS = 1500  # characters of them
_LONGEST_NOISE = 200  # characters of an invalid answer
_PATIENCE = 5  # seconds for a process to finish dying


class Lost(Exception):  # noqa: N818 - named after what happened
    """The process ended, or was killed because time was up."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


class ChildProcess:
    """A process that answers questions, one after the other."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        """Start it, in a session of its own: the terminal's Ctrl-C is for this process alone."""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environ,
            text=True,
            encoding="utf-8",
            errors="replace",  # other output may not be text
            start_new_session=True,  # so that its children can be killed with it
        )
        # An answer, an invalid answer, or None for the end.
        self._answers: queue.SimpleQueue[dict[str, Any] | str | None] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def send(self, question: Sequence[object]) -> None:
        """Write a list on its standard input, as a line of JSON."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # `receive` says how it ended
            self._process.stdin.write(json.dumps(list(question)) + "\n")
            self._process.stdin.flush()

    def receive(self, seconds: float) -> dict[str, Any]:
        """Return the next answer; raise `Lost` if none comes in time, or if it is invalid."""
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            self.kill()
            detail = f"no answer within {seconds:g} seconds; the process was killed"
            raise Lost(TIME_LIMIT, detail) from None
        if answer is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE)
            self.kill()
            raise Lost(CRASH, f"{_ending(self._process.returncode)}{self._last_words()}")
        if isinstance(answer, str):
            raise self.lose(f"it wrote among its answers {answer!r}, which is not one")
        return answer

    def lose(self, detail: str) -> Lost:
        """Kill the process, which misbehaves; return the exception to raise."""
        self.kill()
        return Lost(ERROR, f"{detail}; the process was killed{self._last_words()}")

    def strike(self) -> None:
        """Kill the process and its children without waiting for it to be gone."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def kill(self) -> None:
        """Kill the process and its children; `receive` reports it as lost."""
        self.strike()
        self._process.wait()

    def end(self) -> None:
        """End the process, whatever it is doing, and whatever it has started."""
        self.kill()
        self._listener.join(_PATIENCE)
        with contextlib.suppress(BrokenPipeError), self._errors:
            assert self._process.stdin is not None
            self._process.stdin.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        has_answered = False
        with self._process.stdout as lines:
            for line in lines:
                answer = _as_answer(line)
                # Output of a start-up hook of Python comes before all answers and is not one; a
                # killed process may leave half a line.
                if answer is not None:
                    has_answered = True
                    self._answers.put(answer)
                elif has_answered and line.endswith("\n"):
                    self._answers.put(line[:_LONGEST_NOISE].rstrip("\n"))
        self._answers.put(None)

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").splitlines()
        last = [line.strip() for line in lines if line.strip()][-_LAST_LINES:]
        return "; it said: " + "\n".join(last)[-_LONGEST_WORDS:] if last else ""


def _as_answer(line: str) -> dict[str, Any] | None:
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _ending(code: int) -> str:
    if code >= 0:
        return f"the process ended with status {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"the process was ended by {name}"
