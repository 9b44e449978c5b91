"""The smallest conjunctions of facts that separate failing cases from passing ones.

A covering search: find the conjunction that tells most about which cases fail, set the cases that
it explains aside, and begin again. Each search goes from conjunctions of one fact to longer ones,
and keeps the best few on its way (a beam).

What a conjunction tells is counted in bits, as if somebody had to be told which cases fail. Without
it, each case costs the entropy of the share of failing ones. With it, the cases of which it is true
and the others have shares of their own; naming each fact costs bits too, so that a longer
conjunction must be worth it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from convdispatch.conformance.diagnosis.facts import PROPERTY

Mask: TypeAlias = npt.NDArray[np.bool_]
Counts: TypeAlias = npt.NDArray[np.float64]
Bits: TypeAlias = npt.NDArray[np.uint64]

_LONGEST = 4  # facts of a conjunction
_BEAM = 24
_MOST_RULES = 8
# Bits that a fact costs beside the choice among all, by its kind; see `facts`.
_COSTS = (0.0, 0.5, 1.0, 2.0, 3.0, 10.0)
# So few failing cases are worth few bits: facts cost less then, and less still where that separates
# them from all others.
_FEW, _CHEAPER, _CHEAP = 30, 0.3, 0.1
# So many times as many passing cases are worth no fact more, nor so many for each failing one.
_MORE, _SOME, _MOST_SPARED = 1.25, 0.2, 7
_LEAST_GAIN = 1.0  # bits: a rule that tells less is chance


@dataclass(frozen=True, slots=True)
class Rule:
    """A conjunction, by the places of its facts, and the cases of which it is true."""

    facts: tuple[int, ...]
    covers: Mask


def search(
    truth: Mask,
    kinds: Sequence[int],
    failing: Mask,
    *,
    weights: Counts | None = None,
) -> list[Rule]:
    """Return rules that explain the failing cases, the one that tells most first.

    `truth` has a row a case and a column a fact. `weights` say how much each passing case counts.
    """
    counted = np.ones(len(failing)) if weights is None else weights
    left = failing.copy()
    found: list[Rule] = []
    costs = np.log2(max(truth.shape[1], 2)) + np.array([_COSTS[kind] for kind in kinds])
    while left.any() and len(found) < _MOST_RULES:
        # Failing cases that an earlier rule explains count neither way.
        active = left | ~failing
        rule = _best(truth[active], costs, left[active], counted[active])
        if not rule:  # a few failing cases: whatever tells them apart from all others
            rule = _best(truth[active], _CHEAP * costs, left[active], counted[active])
        if not rule:
            break
        rule = pruned(rule, truth[active], kinds, left[active])
        covers: Mask = np.all(truth[:, rule], axis=1)
        if not (covers & left).any():
            break
        found.append(Rule(rule, covers))
        left &= ~covers
    return found


def pruned(
    rule: tuple[int, ...], truth: Mask, kinds: Sequence[int], failing: Mask
) -> tuple[int, ...]:
    """Return the conjunction without properties that keep few passing cases out.

    They are true of most cases that have the others, so that a few cases decide about them.
    """
    kept = list(rule)
    for fact in sorted(rule, key=lambda one: (-kinds[one], one)):
        others = [one for one in kept if one != fact]
        if kinds[fact] < PROPERTY or not others:
            continue
        wider, own = (np.all(truth[:, facts], axis=1) for facts in (others, kept))
        passing, more = (own & ~failing).sum(), (wider & ~failing).sum()
        if more <= _MORE * passing or more < _some((own & failing).sum()):
            kept = others
    return tuple(kept)


def _some(failing: int) -> float:
    """Return how many passing cases beside so many failing ones are worth a fact more."""
    return min(_SOME * failing, _MOST_SPARED)


def _best(truth: Mask, costs: Counts, failing: Mask, weights: Counts) -> tuple[int, ...]:
    """Return the conjunction that tells most, made longer where that separates exactly."""
    weighed = _Weighed(truth, failing, weights)
    rule = weighed.search(costs * (_CHEAPER if failing.sum() <= _FEW else 1.0))
    bad = weighed.failing(rule) if rule else 0
    if rule and (bad > _FEW or weighed.passing(rule) < _some(bad)):
        return rule
    # A few failing cases are worth no bits, and yet something tells them apart from all others.
    longer = weighed.search(_CHEAP * costs, least=max(bad, 1))
    is_exact = bool(longer) and not weighed.passing(longer)
    return longer if is_exact or not rule else rule


class _Weighed:
    """The cases among which a conjunction is searched, a bit each."""

    def __init__(self, truth: Mask, failing: Mask, weights: Counts) -> None:
        full = ~failing & (weights >= 1)
        little = ~failing & ~full
        self._bad, self._full, self._little = (
            _packed(truth[rows]) for rows in (failing, full, little)
        )
        self._weight = float(weights[little].mean()) if little.any() else 0.0
        self._totals = (
            float(failing.sum()),
            float(full.sum()) + self._weight * float(little.sum()),
        )

    def failing(self, rule: tuple[int, ...]) -> int:
        """Return how many failing cases it is true of."""
        return int(_count(_all(self._bad, [rule]))[0])

    def passing(self, rule: tuple[int, ...]) -> int:
        """Return of how many passing cases it is true."""
        return int(sum(_count(_all(bits, [rule]))[0] for bits in (self._full, self._little)))

    def search(self, costs: Counts, *, least: int = 1) -> tuple[int, ...]:
        """Return the conjunction, of at least so many failing cases, that leaves least to tell."""
        bad, good = self._totals
        nothing = float(_bits(np.array([bad]), np.array([good]))[0])
        best: tuple[float, tuple[int, ...]] = (nothing - _LEAST_GAIN, ())
        beam: list[tuple[int, ...]] = [()]
        seen: set[tuple[int, ...]] = set()
        for _ in range(_LONGEST):
            longer: list[tuple[int, ...]] = []
            for told, rule in _ascending(self._left(beam, costs, least), beam):
                if rule not in seen:
                    seen.add(rule)
                    longer.append(rule)
                    best = min(best, (told, rule))
                if len(longer) == _BEAM:
                    break
            if not longer:
                break
            beam = longer
        return best[1]

    def _left(self, beam: Sequence[tuple[int, ...]], costs: Counts, least: int) -> Counts:
        """Return the bits left by each conjunction of the beam with each fact more."""
        bad, full, little = (
            np.stack([_count(row & bits) for row in _all(bits, beam)])
            for bits in (self._bad, self._full, self._little)
        )
        good = full + self._weight * little
        price = np.array([costs[list(rule)].sum() for rule in beam])[:, None] + costs[None, :]
        bits = price + _told(bad, good, self._totals)
        bits[(bad < least) | ~_is_worse(bad, good, self._totals)] = np.inf
        for row, rule in enumerate(beam):
            bits[row, list(rule)] = np.inf
        return np.asarray(bits)


def _packed(truth: Mask) -> Bits:
    """Return the columns as rows of bits."""
    columns = np.ascontiguousarray(truth.T)
    octets = np.packbits(columns, axis=1)
    padded = np.zeros((len(columns), -(-octets.shape[1] // 8) * 8), np.uint8)
    padded[:, : octets.shape[1]] = octets
    return padded.view(np.uint64)


def _all(bits: Bits, rules: Sequence[tuple[int, ...]]) -> Bits:
    """Return the cases of which all facts of each rule are true."""
    every = np.full(bits.shape[1], ~np.uint64(0))
    return np.stack([np.bitwise_and.reduce([every, *bits[list(rule)]]) for rule in rules])


def _count(bits: Bits) -> Counts:
    counts: Counts = np.bitwise_count(bits).sum(axis=-1, dtype=np.float64)
    return counts


def _ascending(
    bits: Counts, beam: list[tuple[int, ...]]
) -> Iterator[tuple[float, tuple[int, ...]]]:
    """Yield longer conjunctions, the best first."""
    for flat in np.argsort(bits, axis=None, kind="stable"):
        row, fact = divmod(int(flat), bits.shape[1])
        if not np.isfinite(bits[row, fact]):
            return
        yield float(bits[row, fact]), tuple(sorted((*beam[row], fact)))


def _is_worse(bad: Counts, good: Counts, totals: tuple[float, float]) -> npt.NDArray[np.bool_]:
    """Say where cases with a conjunction fail more often than those without it."""
    rest_bad, rest_good = totals[0] - bad, totals[1] - good
    return np.asarray((bad > 0) & (bad * (rest_bad + rest_good) >= rest_bad * (bad + good)))


def _told(true_bad: Counts, true_good: Counts, totals: tuple[float, float]) -> Counts:
    """Return the bits that are left to tell which cases fail, given each conjunction."""
    inside = _bits(true_bad, true_good)
    outside = _bits(totals[0] - true_bad, totals[1] - true_good)
    return np.asarray(inside + outside)


def _bits(bad: Counts, good: Counts) -> Counts:
    """Return the bits that it takes to tell which of so many cases fail."""
    total = bad + good
    with np.errstate(divide="ignore", invalid="ignore"):
        told = -bad * np.log2(bad / total) - good * np.log2(good / total)
    return np.where((bad > 0) & (good > 0), told, 0.0)
