"""Scores of arrays and small helpers that Keras 1 had among its utilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdispatch.symbolic.state import count_params as count_of

_LEAST = 1e-15  # a probability's distance from 0 and 1


def accuracy(p: Any, y: Any) -> float:
    """Return the share of classes that are the right ones.

    >>> accuracy([0, 1, 1, 2], [0, 1, 2, 2])
    0.75
    """
    return float(np.mean(np.asarray(p) == np.asarray(y)))


def binary_logloss(p: Any, y: Any) -> float:
    """Return the mean cross-entropy of probabilities of one class."""
    found = np.clip(np.asarray(p, "float64"), _LEAST, 1 - _LEAST)
    wanted = np.asarray(y)
    return float(-np.sum(wanted * np.log(found) + (1 - wanted) * np.log(1 - found)) / len(wanted))


def multiclass_logloss(P: Any, Y: Any) -> float:  # noqa: N803 - Keras's names
    """Return the mean cross-entropy of rows of probabilities, for rows that code a class."""
    wanted = np.asarray(Y)
    chosen = np.asarray(P)[np.arange(len(wanted)), wanted.argmax(-1)]
    return float(-np.sum(np.log(chosen)) / len(wanted))


def make_tuple(*args: Any) -> tuple[Any, ...]:
    """Return the arguments as a tuple.

    >>> make_tuple(1, 2)
    (1, 2)
    """
    return args


def count_params(weights: Any) -> int:
    """Return how many numbers weights have, each counted once."""
    once = {id(one): one for one in weights}
    return int(sum(count_of(one) for one in once.values()))
