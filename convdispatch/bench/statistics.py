"""Statistics of paired measurements: only NumPy, no processes and no clocks.

The samples are differences d = log(head) - log(base), one per round. Rounds are independent, and
the order of the two sides within a round is random, so without a change d is as likely as -d: its
distribution is symmetric by construction, whatever the noise is. Wilcoxon's signed-rank test needs
nothing else, and its null distribution is exact. A change shifts the distribution by the logarithm
of the ratio, which the interval estimates.

Source: Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 3rd edition, 2014,
sections 3.1 (the test), 3.2 (the Hodges-Lehmann estimator), 3.3 (Tukey's confidence interval).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

_Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate, and the ends of its confidence interval."""

    estimate: float
    low: float
    high: float


@cache
def cumulative(count: int) -> _Numbers:
    """Return P(W <= w) for w = 0, 1, ... of the signed-rank statistic of so many differences.

    Each rank is in the sum or not, independently, with probability 1/2.

    >>> cumulative(2).tolist()
    [0.25, 0.5, 0.75, 1.0]
    """
    probability = np.zeros(count * (count + 1) // 2 + 1)
    probability[0] = 1.0
    for rank in range(1, count + 1):
        probability[rank:] += probability[:-rank].copy()
        probability /= 2
    return np.cumsum(probability)


def interval(differences: Sequence[float], tail_error: float) -> Interval:
    """Return the median of all pairs' means, and a confidence interval for it.

    Each end is on the wrong side of the truth with a probability of at most `tail_error`. With too
    few differences for that, the interval is infinite (see `rounds_needed`).

    >>> interval([1.0, 2.0, 4.0], 0.125)
    Interval(estimate=2.25, low=1.0, high=4.0)
    """
    values = np.asarray(differences, np.float64)
    rows, columns = np.triu_indices(len(values))
    means = np.sort((values[rows] + values[columns]) / 2)
    estimate = float(np.median(means))
    # The k-th mean from below is a bound that fails as often as W < k.
    k = int(np.searchsorted(cumulative(len(values)), tail_error * (1 + 1e-12), side="right"))
    if k == 0:
        return Interval(estimate=estimate, low=-math.inf, high=math.inf)
    return Interval(estimate=estimate, low=float(means[k - 1]), high=float(means[-k]))


def rounds_needed(tail_error: float) -> int:
    """Return the least number of differences with which an interval is finite.

    >>> rounds_needed(0.01)
    7
    """
    return math.ceil(-math.log2(tail_error) - 1e-9)
