"""The order of the nodes within each rank: the one with the fewest crossings that a search finds.

Each node goes to the mean place of its neighbours, rank after rank, down and up again.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Mapping, Sequence

from convdispatch.pictures.ranks import Ranked

_ROUNDS = 6
_MANY = 4000  # nodes: a better order of more would take longer than anybody waits

Rows = list[list[int]]


def ordered(graph: Ranked) -> Rows:
    """Return the rows with their nodes in order."""
    above, below = _neighbours(graph)
    rows = [list(row) for row in graph.rows]
    best, fewest = rows, _crossings(rows, below)
    rounds = _ROUNDS if sum(map(len, rows)) <= _MANY else 1
    for _ in range(rounds):
        if not fewest:
            break
        for neighbours, way in ((above, 1), (below, -1)):
            rows = _swept(rows, neighbours, way)
            count = _crossings(rows, below)
            if count < fewest:
                best, fewest = rows, count
    return best


def _neighbours(graph: Ranked) -> tuple[Mapping[int, list[int]], Mapping[int, list[int]]]:
    """Return for each node the nodes of the rank before it, and those of the rank after it."""
    above, below = defaultdict(list), defaultdict(list)
    for step in graph.steps:
        above[step.target].append(step.source)
        below[step.source].append(step.target)
    return above, below


def _swept(rows: Rows, neighbours: Mapping[int, list[int]], way: int) -> Rows:
    """Return the rows, each sorted by the places of its neighbours in the row sorted before it."""
    swept = [list(row) for row in rows][::way]
    for before, row in itertools.pairwise(swept):
        place = {node: number for number, node in enumerate(before)}
        wish = {
            node: sum(place[one] for one in neighbours[node]) / len(neighbours[node])
            if neighbours[node]
            else float(number)  # a node without neighbours stays
            for number, node in enumerate(row)
        }
        row.sort(key=wish.__getitem__)
    return swept[::way]


def _crossings(rows: Rows, below: Mapping[int, list[int]]) -> int:
    """Return how many pairs of steps cross."""
    return sum(_crossings_of(a, b, below) for a, b in itertools.pairwise(rows))


def _crossings_of(
    upper: Sequence[int], lower: Sequence[int], below: Mapping[int, list[int]]
) -> int:
    place = {node: number for number, node in enumerate(lower)}
    ends: list[int] = []  # of the steps so far, sorted
    count = 0
    for node in upper:
        own = [place[one] for one in below[node]]
        count += sum(len(ends) - bisect_right(ends, end) for end in own)
        for end in own:
            insort(ends, end)
    return count
