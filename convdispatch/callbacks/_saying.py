"""What callbacks tell the user, on standard output, as in every Keras."""

from __future__ import annotations

import sys

from convdispatch.support.terminal import try_to_write


def say(text: str) -> None:
    """Print a line; if nobody can read it, training goes on all the same."""
    try_to_write(sys.stdout, f"{text}\n")
