"""What the environment says to the processes of a group: numbers of a launcher, and a time-out."""

from __future__ import annotations

import os

from convdispatch.errors import ConfigError

_TIMEOUT = "CONVDISPATCH_GROUP_TIMEOUT"


def launched_number(name: str, least: int = 0, most: int | None = None) -> int:
    """Return the number of an environment variable that a launcher sets.

    >>> import os
    >>> os.environ["NUMBER_OF_EXAMPLE"] = "3"
    >>> launched_number("NUMBER_OF_EXAMPLE", most=4)
    3
    >>> del os.environ["NUMBER_OF_EXAMPLE"]
    """
    text = os.environ.get(name, "")
    number = int(text) if text.strip().isdecimal() else -1
    if number < least or (most is not None and number > most):
        allowed = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ConfigError(
            f"the environment variable {name} must be a whole number, {allowed}; received "
            f"{text!r}. A launcher sets it, such as `convdispatch run --nproc 2`."
        )
    return number


def group_timeout() -> int | None:
    """Return after how many seconds a process that hangs ends the others, None if nobody says.

    >>> group_timeout() is None
    True
    """
    text = os.environ.get(_TIMEOUT, "")
    if not text:
        return None
    if not text.strip().isdecimal() or not int(text):
        raise ConfigError(
            f"the environment variable {_TIMEOUT} must be a whole number of seconds, at least 1; "
            f"received {text!r}."
        )
    return int(text)
