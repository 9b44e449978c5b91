"""The reviews and reports of Keras's data sets: which words stay, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convdispatch.errors import InvalidArgument


@dataclass(frozen=True, slots=True)
class Choice:
    """Which words of a text count: those from `skip_top` to `num_words`, after the first three."""

    num_words: int | None
    skip_top: int
    maxlen: int | None
    start_char: int | None
    oov_char: int | None
    index_from: int | None

    def numbered(self, texts: Sequence[Any]) -> list[list[int]]:
        """Return the texts with their first sign, and their words' numbers moved up."""
        up = self.index_from or 0
        if self.start_char is not None:
            return [[self.start_char, *(w + up for w in text)] for text in texts]
        return [[w + up for w in text] for text in texts]

    def short(self, texts: list[list[int]], y: Any) -> tuple[list[list[int]], Any]:
        """Return the texts that have fewer words than `maxlen`, and their classes."""
        if not self.maxlen:
            return texts, y
        kept = [place for place, text in enumerate(texts) if len(text) < self.maxlen]
        if not kept:
            raise InvalidArgument(
                f"`maxlen` must leave texts; received {self.maxlen}, and none is shorter."
            )
        return [texts[place] for place in kept], np.asarray(y)[kept]

    def common(self, texts: list[list[int]]) -> list[list[int]]:
        """Return the texts with only those words that are meant to stay."""
        # Without `num_words` Keras leaves out the rarest word of all.
        most = self.num_words or max((max(text, default=0) for text in texts), default=0)
        if self.oov_char is None:
            return [[w for w in text if self.skip_top <= w < most] for text in texts]
        return [[w if self.skip_top <= w < most else self.oov_char for w in text] for text in texts]


def imdb(training: tuple[Any, Any], tests: tuple[Any, Any], choice: Choice, seed: int) -> Any:
    """Return both pairs, shuffled as Keras 2.2.4 did."""
    np.random.seed(seed)
    (x_train, y_train), (x_test, y_test) = (_shuffled(x, y) for x, y in (training, tests))
    y = np.concatenate([y_train, y_test])
    texts = choice.numbered([*x_train, *x_test])
    texts, y = choice.short(texts, y)
    texts = choice.common(texts)
    return _split(texts, y, len(x_train))


def reuters(x: Any, y: Any, choice: Choice, seed: int, test_split: float) -> Any:
    """Return both pairs, shuffled as Keras 2.2.4 did."""
    np.random.seed(seed)
    x, y = _shuffled(x, y)
    texts, y = choice.short(choice.numbered(x), y)
    texts = choice.common(texts)
    return _split(texts, y, int(len(texts) * (1 - test_split)))


def _shuffled(x: Any, y: Any) -> tuple[Any, Any]:
    """Return both in another order, by NumPy's own generator: what a script draws next follows."""
    order = np.arange(len(x))
    np.random.shuffle(order)
    return np.asarray(x, object)[order], np.asarray(y)[order]


def _split(texts: list[list[int]], y: Any, place: int) -> Any:
    both = []
    for part in (slice(None, place), slice(place, None)):
        cells = np.empty(len(texts[part]), object)
        cells[:] = texts[part]
        both.append((cells, np.asarray(y)[part]))
    return tuple(both)
