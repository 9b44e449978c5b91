"""Pairs of words for embeddings, and windows of series."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from convdispatch.errors import InvalidArgument
from convdispatch.training.codes import Sequence as Batches


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> Any:
    """Return how likely each word is kept, by its rank among the frequent ones, by Zipf's law."""
    rank = np.arange(size)
    rank[0] = 1
    inverse = rank * (np.log(rank) + 0.577) + 0.5 - 1.0 / (12.0 * rank)
    frequency = sampling_factor * inverse
    return np.minimum(1.0, frequency / np.sqrt(frequency))


def skipgrams(
    sequence: Sequence[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Return pairs of a word and a near one, with label 1, and of a word and any one, with 0."""
    yes, no = ([0, 1], [1, 0]) if categorical else (1, 0)
    couples: list[list[int]] = []
    for place, word in enumerate(sequence):
        kept = sampling_table is None or sampling_table[word] >= random.random()
        if not word or not kept:
            continue
        first, last = max(0, place - window_size), min(len(sequence), place + window_size + 1)
        near = [sequence[other] for other in range(first, last) if other != place]
        couples += [[word, other] for other in near if other]
    labels: list[Any] = [yes] * len(couples)
    if negative_samples > 0:
        count = int(len(labels) * negative_samples)
        words = [couple[0] for couple in couples]
        random.shuffle(words)
        couples += [
            [words[n % len(words)], random.randint(1, vocabulary_size - 1)] for n in range(count)
        ]
        labels += [no] * count
    if shuffle:
        seed = random.randint(0, 10**6) if seed is None else seed
        for one in (couples, labels):
            random.seed(seed)
            random.shuffle(one)
    return couples, labels


class TimeseriesGenerator(Batches):
    """Batches of windows of a series: `length` steps each, with the target of the step after."""

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
    ) -> None:
        if len(data) != len(targets):
            raise InvalidArgument(
                f"`data` and `targets` must have as many steps; received {len(data)} and "
                f"{len(targets)}."
            )
        self.data, self.targets, self.length = data, targets, length
        self.sampling_rate, self.stride, self.batch_size = sampling_rate, stride, batch_size
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle, self.reverse = shuffle, reverse
        if self.start_index > self.end_index:
            raise InvalidArgument(
                f"`start_index + length` must be at most `end_index`, {self.end_index}; received "
                f"{self.start_index}."
            )

    def __len__(self) -> int:
        """Return how many batches there are."""
        each = self.batch_size * self.stride
        return (self.end_index - self.start_index + each) // each

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """Return batch `index`."""
        if self.shuffle:
            rows = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            first = self.start_index + self.batch_size * self.stride * index
            last = min(first + self.batch_size * self.stride, self.end_index + 1)
            rows = np.arange(first, last, self.stride)
        steps = [slice(row - self.length, row, self.sampling_rate) for row in rows]
        samples = np.array([self.data[one] for one in steps])
        targets = np.array([self.targets[row] for row in rows])
        return (samples[:, ::-1, ...], targets) if self.reverse else (samples, targets)
