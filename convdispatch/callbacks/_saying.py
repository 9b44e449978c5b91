"""What callbacks tell the user, on standard output, as in every Keras."""

from __future__ import annotations

import math
import sys
from typing import Any, ClassVar

from convdispatch.doors.callback_words import KERAS3, Words
from convdispatch.support.terminal import try_to_write


def say(text: str) -> None:
    """Print a line; if it cannot be printed, training continues nevertheless."""
    try_to_write(sys.stdout, f"{text}\n")


class Saying:
    """A callback that prints the sentences of its Keras."""

    words: ClassVar[Words] = KERAS3

    def tell(self, sentence: str, epoch: int, **named: Any) -> None:
        """Print a sentence about an epoch, which is counted from 0 here; '' is none."""
        if sentence:
            number = self.words.epoch.format(epoch + self.words.first_epoch)
            say(sentence.format(epoch=number, **named))

    def best_said(self, best: float) -> str:
        """Return how the best number is written, where there is one."""
        return f"{best:.5f}" if math.isfinite(best) else self.words.no_best or str(best)
