"""Where nodes lie across their rank: near their neighbours, never closer than allowed.

Each rank's places are the nearest ones, in the sense of least squares, to what its nodes wish that
also keep the order and the distances. Bends hardly count, so the boxes lie as if there were none;
then each chain of bends is made as straight as the boxes allow.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from convdispatch.pictures.order import Rows
from convdispatch.pictures.ranks import Ranked

_ROUNDS = 4
_BEND = 1e-6  # how much a bend counts beside a box
_BETWEEN_BOXES, _BESIDE_BEND = 30.0, 18.0


class Places:
    """The place of each node across its rank: of a box, its middle."""

    def __init__(self, graph: Ranked, rows: Rows, breadth: float) -> None:
        self._graph, self._rows, self._breadth = graph, rows, breadth
        self.of: dict[int, float] = {}
        for row in rows:
            whole = self._offsets(row)
            self.of |= {
                node: offset - whole[-1] / 2 for node, offset in zip(row, whole, strict=True)
            }

    def settle(self) -> dict[int, float]:
        """Return the places after all nodes have moved to where they wish."""
        above, below = _wishes(self._graph)
        for _ in range(_ROUNDS):
            for row in self._rows[1:]:
                self._move(row, above)
            for row in self._rows[-2::-1]:
                self._move(row, below)
        for row in self._rows[1:]:
            self._move(row, above)
        self._straighten()
        return self.of

    def _move(self, row: Sequence[int], near: Mapping[int, Sequence[int]]) -> None:
        offsets = self._offsets(row)
        wished = [
            (sum(self.of[one] for one in near[node]) / len(near[node]) if near[node] else None)
            for node in row
        ]
        targets = [
            (self.of[node] if wish is None else wish) - offset
            for node, wish, offset in zip(row, wished, offsets, strict=True)
        ]
        weights = [
            _BEND if self._graph.is_bend(node) or wish is None else 1.0
            for node, wish in zip(row, wished, strict=True)
        ]
        for node, value, offset in zip(row, rising(targets, weights), offsets, strict=True):
            self.of[node] = value + offset

    def _offsets(self, row: Sequence[int]) -> list[float]:
        """Return the least distances from the first node of a row."""
        offsets = [0.0]
        for left, right in itertools.pairwise(row):
            offsets.append(offsets[-1] + self._distance(left, right))
        return offsets

    def _distance(self, left: int, right: int) -> float:
        bends = self._graph.is_bend(left) + self._graph.is_bend(right)
        between = _BESIDE_BEND if bends else _BETWEEN_BOXES
        return between + self._breadth * (2 - bends) / 2

    def _straighten(self) -> None:
        """Give the bends of a chain one place, or several where boxes are in the way."""
        rank = {node: number for number, row in enumerate(self._rows) for node in row}
        place = {node: number for row in self._rows for number, node in enumerate(row)}
        # The outermost first: it makes room for those inside.
        for chain in sorted(self._graph.chains, key=lambda chain: -abs(self.of[chain[0]])):
            run: list[int] = []
            low, high = float("-inf"), float("inf")
            for bend in chain:
                row, number = self._rows[rank[bend]], place[bend]
                least, most = self._room(row, number)
                if run and (max(low, least) > min(high, most)):
                    self._align(run, low, high)
                    run, low, high = [], float("-inf"), float("inf")
                run.append(bend)
                low, high = max(low, least), min(high, most)
            self._align(run, low, high)

    def _room(self, row: Sequence[int], number: int) -> tuple[float, float]:
        """Return between which places a node may move without its neighbours."""
        least, most = float("-inf"), float("inf")
        if number:
            before = row[number - 1]
            least = self.of[before] + self._distance(before, row[number])
        if number + 1 < len(row):
            after = row[number + 1]
            most = self.of[after] - self._distance(row[number], after)
        return least, most

    def _align(self, run: Sequence[int], low: float, high: float) -> None:
        wish = sum(self.of[bend] for bend in run) / len(run)
        for bend in run:
            self.of[bend] = min(max(wish, low), max(high, low))


def _wishes(graph: Ranked) -> tuple[Mapping[int, list[int]], Mapping[int, list[int]]]:
    """Return for each node which nodes before it, and after it, it wants to be near.

    A box with boxes next to it looks at these, not at shortcuts past them, which would shift it. A
    branch that is only shorter than the others counts like them: nothing else reads its output.
    """
    above, below = defaultdict(list), defaultdict(list)
    readers: Counter[tuple[int, int]] = Counter()
    for step in graph.steps:
        above[step.target].append(step.source)
        below[step.source].append(step.target)
        readers[step.origin] += not graph.is_bend(step.target)
    shortcuts = {
        step.target
        for step in graph.steps
        if graph.is_bend(step.target) and readers[step.origin] > 1
    }
    for near in (above, below):
        for node, others in near.items():
            if graph.is_bend(node):
                preferred = [one for one in others if graph.is_bend(one)]
            else:
                preferred = [one for one in others if one not in shortcuts]
            near[node] = preferred or others
    return above, below


def rising(targets: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Return the rising values nearest to the targets, by weighted squares.

    >>> rising([1.0, 4.0, 2.0, 5.0], [1.0, 1.0, 1.0, 1.0])
    [1.0, 3.0, 3.0, 5.0]
    """
    pools: list[tuple[float, float, int]] = []  # value, weight, how many
    for target, weight in zip(targets, weights, strict=True):
        value, count = target, 1
        while pools and pools[-1][0] > value:  # neighbours that would fall share their mean
            before, its_weight, its_count = pools.pop()
            value = (before * its_weight + value * weight) / (its_weight + weight)
            weight, count = its_weight + weight, its_count + count
        pools.append((value, weight, count))
    return [value for value, _, count in pools for _ in range(count)]
