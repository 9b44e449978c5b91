"""The progress of long work: a line on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence

from convdispatch.errors import InvalidArgument
from convdispatch.support.terminal import ProgressLine, is_terminal, try_to_write

# Seconds before the line appears by itself: shorter work is over before it can be read.
PATIENCE = 1.0


def progress(steps: Sequence[int], *, verbose: bool | int | str) -> Iterator[int]:
    """Yield the steps and show their progress on stderr.

    `verbose` is 'auto' (on a terminal, once it has taken a second), 0 (never) or 1 (always).
    """
    if verbose not in ("auto", 0, 1):
        raise InvalidArgument(f"`verbose` must be 'auto', 0 or 1; received {verbose!r}.")
    if is_terminal(sys.stderr) and verbose != 0:
        yield from _on_a_line(steps, patience=PATIENCE if verbose == "auto" else 0.0)
    elif verbose == 1:
        yield from _in_a_file(steps)
    else:
        yield from steps


def _on_a_line(steps: Sequence[int], *, patience: float) -> Iterator[int]:
    line, begun = ProgressLine(sys.stderr), time.monotonic()
    try:
        for done, step in enumerate(steps, 1):
            yield step
            if done < len(steps) and time.monotonic() - begun >= patience:
                line.show(f"predict {done}/{len(steps)}")
    finally:
        line.clear()


def _in_a_file(steps: Sequence[int]) -> Iterator[int]:
    for done, step in enumerate(steps, 1):
        yield step
        if done > 1 or len(steps) == 1:
            try_to_write(sys.stderr, f"\rpredict {done}/{len(steps)}")
    try_to_write(sys.stderr, "\n")
