"""A process that answers questions on its standard streams, as `support.child_process` asks them.

Both streams are moved away first, so that a backend finds neither.
"""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Mapping
from typing import IO, Any, TypeAlias

Questions: TypeAlias = "queue.SimpleQueue[list[Any]]"

_STDIN, _STDOUT = 0, 1


def conversation() -> tuple[Questions, IO[str]]:
    """Return the questions as they come in, and the stream for answers.

    Questions are read beside the work: when the parent is gone, this process ends at once, whatever
    the backend is doing.
    """
    incoming, answers = _private_streams()
    questions: Questions = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(incoming, questions), daemon=True).start()
    return questions, answers


def answer(answers: IO[str], message: Mapping[str, object]) -> None:
    """Write a line of JSON."""
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def _listen(incoming: IO[str], questions: Questions) -> None:
    for line in incoming:
        questions.put(json.loads(line))
    os._exit(0)


def _private_streams() -> tuple[IO[str], IO[str]]:
    """Move the two ends of the conversation away, and leave nothing to read and no pipe to write.

    Output outside of a case goes to standard error, where the parent reads it.
    """
    incoming, answers = os.dup(_STDIN), os.dup(_STDOUT)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _STDIN)
    os.dup2(2, _STDOUT)
    os.close(nothing)
    return open(incoming, encoding="utf-8"), open(answers, "w", encoding="utf-8")
