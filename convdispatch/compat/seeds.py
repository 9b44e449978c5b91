"""`numpy.random.seed` of a script also seeds the weights: old Kerases drew their seeds there."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np


def follow_numpy() -> None:
    """Let a script's seed of NumPy's own generator restart our stream, in this process."""
    own = np.random.seed

    @functools.wraps(own)
    def seed(seed: Any = None) -> None:
        own(seed)
        if isinstance(seed, int | np.integer):
            from convdispatch.formulas.random import set_random_seed  # when a script asks for it

            set_random_seed(int(seed))

    np.random.seed = seed
