"""What callbacks tell the user, on standard output, as in every Keras."""

from __future__ import annotations

import sys

from convdispatch.support.terminal import try_to_write


def say(text: str) -> None:
    """Print a line; if it cannot be printed, training continues nevertheless."""
    try_to_write(sys.stdout, f"{text}\n")
