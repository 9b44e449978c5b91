"""What callbacks that compare epochs have in common: a number by name, and what is better."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from convdispatch.doors.callback_words import Words
from convdispatch.errors import InvalidArgument
from convdispatch.support.warnings import warn


class Patience:
    """A callback that waits some epochs for a better one."""

    patience: int
    wait: int
    # Keras 1 looks before it counts an epoch, so it waits one more.
    looks_first: ClassVar[bool] = False

    def has_waited(self) -> bool:
        """Count an epoch that was not better; return whether there have been enough."""
        before, self.wait = self.wait, self.wait + 1
        return (before if self.looks_first else self.wait) >= self.patience


class Watched:
    """A number of the epochs' logs, and whether a smaller or a greater one is better."""

    def __init__(
        self, name: str, mode: str, owner: str, words: Words, min_delta: float = 0.0
    ) -> None:
        if mode not in ("auto", "min", "max"):
            raise InvalidArgument(
                f"`mode` of {owner} must be 'auto', 'min' or 'max'; received {mode!r}."
            )
        self.name, self._owner = name, owner
        grows = name.startswith("fmeasure") or any(one in name for one in words.growing)
        self.is_greater = mode == "max" or (mode == "auto" and grows)
        self._delta = abs(min_delta)
        self.worst = -math.inf if self.is_greater else math.inf

    def of(self, logs: Mapping[str, Any] | None) -> float | None:
        """Return the number, None with a warning if there is none."""
        given = logs or {}
        if self.name in given:
            found = np.asarray(given[self.name])
            if found.size != 1:
                raise InvalidArgument(
                    f"{self._owner} watches {self.name!r}, which has {found.size} numbers; it "
                    "needs one. Give the metric an `average` or a single threshold."
                )
            return float(found.reshape(()))
        warn(
            f"{self._owner} watches {self.name!r}, which was not reported; reported were "
            f"{', '.join(map(repr, given)) or 'none'}."
        )
        return None

    def is_better(self, value: float, best: float) -> bool:
        """Return whether the value is better than the best one, by more than the least change."""
        return value - self._delta > best if self.is_greater else value + self._delta < best
