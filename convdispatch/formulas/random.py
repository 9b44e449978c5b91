"""The stream of random numbers behind the initializers: NumPy's Philox and nothing else.

Numbers are drawn in float64, before any backend is involved, so that one seed gives every backend
the same bits. A draw is numbered: its key is derived from (global seed, number of the draw), so
that what one layer draws does not depend on the size of what another drew.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from convdispatch.formulas import lookup

Float64Array: TypeAlias = npt.NDArray[np.float64]

# The global seed and the numbers of the draws still to come; seeded by the system until a user
# calls `set_random_seed`. Replaced as one tuple and counted by one C call: safe between threads.
_stream: tuple[int, Iterator[int]] = (secrets.randbits(128), itertools.count())


def set_random_seed(seed: int) -> None:
    """Restart the stream of all initializers that have no seed of their own.

    >>> from convdispatch.initializers import RandomNormal
    >>> set_random_seed(1)
    >>> first = RandomNormal()((2,)).tolist()
    >>> set_random_seed(1)
    >>> first == RandomNormal()((2,)).tolist()
    True
    """
    global _stream
    _stream = (lookup.integer(seed, "seed", at_least=0), itertools.count())


def generator(seed: int | None = None) -> np.random.Generator:
    """Return the generator of one draw: that of `seed`, or else the next of the global stream."""
    if seed is not None:
        return _philox(np.random.SeedSequence(seed))
    global_seed, numbers = _stream
    return _philox(np.random.SeedSequence(global_seed, spawn_key=(next(numbers),)))


def checked_seed(seed: object) -> int | None:
    """Return the seed as an int or None; raise unless it is one that is not negative."""
    if seed is None:
        return None
    return lookup.integer(seed, "seed", at_least=0)


def truncated_normal(source: np.random.Generator, shape: tuple[int, ...]) -> Float64Array:
    """Draw from N(0, 1), again wherever a number is more than 2 from 0."""
    values = source.standard_normal(shape)
    while np.any(outside := np.abs(values) > 2):
        values[outside] = source.standard_normal(np.count_nonzero(outside))
    return values


def _philox(entropy: np.random.SeedSequence) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=entropy.generate_state(2, np.uint64)))
