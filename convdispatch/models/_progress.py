"""A progress bar for work that takes long, drawn by rich where it is installed."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence

from convdispatch.errors import InvalidArgument

# Seconds before a bar appears by itself: shorter work is over before a bar can be read.
PATIENCE = 1.0


def progress(steps: Sequence[int], *, verbose: bool | int | str) -> Iterator[int]:
    """Yield the steps, showing on stderr how far they have got.

    `verbose` is 'auto' (on a terminal, once it has taken a second), 0 (never) or 1 (always).
    """
    if verbose not in ("auto", 0, 1):
        raise InvalidArgument(f"`verbose` must be 'auto', 0 or 1; received {verbose!r}.")
    if verbose == 0 or (verbose == "auto" and not sys.stderr.isatty()):
        yield from steps
        return
    begun = time.monotonic()
    patience = 0.0 if verbose == 1 else PATIENCE
    remaining = iter(steps)
    done = 0
    for step in remaining:
        yield step
        done += 1
        if time.monotonic() - begun >= patience:
            break
    else:  # over before a bar could be read
        return
    yield from _with_bar(remaining, done=done, total=len(steps))


def _with_bar(remaining: Iterator[int], *, done: int, total: int) -> Iterator[int]:
    try:
        from rich.console import Console
        from rich.progress import Progress
    except ImportError:
        yield from _with_counter(remaining, done=done, total=total)
        return
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("predict", total=total, completed=done)
        for step in remaining:
            yield step
            bar.advance(task)


def _with_counter(remaining: Iterator[int], *, done: int, total: int) -> Iterator[int]:
    for count, step in enumerate(remaining, done + 1):
        yield step
        sys.stderr.write(f"\rpredict {count}/{total}")
    sys.stderr.write("\n")
