"""Cases and facts as a table: a row a case, a column a fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from convdispatch.conformance.diagnosis.facts import AMOUNT, SUBJECT, Facts
from convdispatch.conformance.diagnosis.rules import Mask

Amounts: TypeAlias = npt.NDArray[np.int_]
_MOST_LIMITS = 32  # of one amount


@dataclass(frozen=True, slots=True)
class Table:
    """Which facts, each of a kind, are true of which cases."""

    words: tuple[str, ...]
    kinds: tuple[int, ...]
    truth: Mask

    def narrowest(self, kind: int, wanted: Mask, among: Mask) -> list[int]:
        """Return the place of the narrowest fact of a kind that all wanted cases have.

        None if there is no such fact, or if it is no subject and tells nothing among these cases.
        """
        shared = [
            place
            for place, own in enumerate(self.kinds)
            if own == kind and self.truth[wanted, place].all()
            if kind == SUBJECT or not self.truth[among, place].all()
        ]

        def width(place: int) -> tuple[int, int]:
            column = self.truth[:, place]
            return int(column[among].sum()), int(column.sum())

        return sorted(shared, key=width)[:1]


def table(facts: Sequence[Facts], failing: Mask) -> Table:
    """Return the table of all facts that are true of a failing case.

    Of facts that are true of the same cases, the one of the more general kind stays.
    """
    columns: dict[str, tuple[int, Mask]] = {}
    for row, one in enumerate(facts):
        for word, kind in one.words.items():
            if word not in columns:
                columns[word] = (kind, np.zeros(len(facts), dtype=bool))
            columns[word][1][row] = True
    columns |= _amounts(facts, failing)
    kept: dict[bytes, tuple[int, str, Mask]] = {}
    for word, (kind, mask) in columns.items():
        if not (mask & failing).any():
            continue
        key = mask.tobytes()
        # Of subjects the narrowest, which comes last: nothing shows that it is wider.
        if key not in kept or kind < kept[key][0] or kind == kept[key][0] == SUBJECT:
            kept[key] = (kind, word, mask)
    rows = sorted(kept.values(), key=lambda one: one[0])
    return Table(
        tuple(word for _, word, _ in rows),
        tuple(kind for kind, _, _ in rows),
        np.array([mask for _, _, mask in rows], dtype=bool).reshape(-1, len(facts)).T,
    )


def _amounts(facts: Sequence[Facts], failing: Mask) -> dict[str, tuple[int, Mask]]:
    """Return 'more than N ...' for numbers N between which failing cases begin."""
    columns: dict[str, Amounts] = {}
    for row, one in enumerate(facts):
        for name, amount in one.amounts.items():
            if name not in columns:
                columns[name] = np.full(len(facts), -1)
            columns[name][row] = amount
    found = {}
    for name, numbers in sorted(columns.items()):
        values = np.unique(numbers[numbers >= 0])
        limits = values[values > 0][:-1]
        if len(limits) > _MOST_LIMITS:
            limits = _most_telling(limits, numbers, failing)
        for limit in limits:
            found[f"more than {limit} {name}"] = (AMOUNT, numbers > limit)
    return found


def _most_telling(limits: Amounts, numbers: Amounts, failing: Mask) -> Amounts:
    """Return the limits above which the share of failing cases differs most from that below."""
    above = numbers[None, :] > limits[:, None]
    bad, all_above = (above & failing).sum(axis=1), above.sum(axis=1)
    # The larger, the farther the number of failing cases is from what their share would give.
    apart = np.abs(bad - failing.mean() * all_above) / np.sqrt(all_above)
    return limits[np.sort(np.argsort(-apart, kind="stable")[:_MOST_LIMITS])]
