"""In which rank each box of a diagram lies, and where long links pass through the ranks between.

A rank is a row of boxes without links between them. A link to a box further away bends in every
rank on its way. Links from one output share their bends, so a picture has at most as many bends as
outputs times ranks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from convdispatch.pictures.diagram import Link


class Step(NamedTuple):
    """A piece of links between nodes of neighbouring ranks, from that output of the first box."""

    source: int
    target: int
    origin: tuple[int, int]  # the box and its output where the links begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Nodes by rank: the boxes by their numbers, then the bends.

    rows: the nodes of each rank, in any order.
    steps: from each node to those of the next rank.
    chains: the bends of each output, in the order of their ranks.
    """

    boxes: int
    rows: tuple[tuple[int, ...], ...]
    steps: tuple[Step, ...]
    chains: tuple[tuple[int, ...], ...]

    def is_bend(self, node: int) -> bool:
        """Whether a node is a bend of links, not a box."""
        return node >= self.boxes


def ranked(boxes: int, links: Sequence[Link]) -> Ranked:
    """Return the nodes in ranks: each box as near to the start as what leads to it allows."""
    ranks = _ranks(boxes, links)
    rows: list[list[int]] = [[] for _ in range(max(ranks, default=-1) + 1)]
    for box, rank in enumerate(ranks):
        rows[rank].append(box)
    targets: dict[tuple[int, int], list[int]] = defaultdict(list)
    for link in links:
        targets[link.source, link.output].append(link.target)
    steps: list[Step] = []
    chains = []
    count = boxes
    for origin, ends in targets.items():
        chain = []
        before = origin[0]
        last = max(ranks[end] for end in ends)
        for rank in range(ranks[before] + 1, last + 1):
            steps += [Step(before, end, origin) for end in ends if ranks[end] == rank]
            if rank < last:
                rows[rank].append(count)
                steps.append(Step(before, count, origin))
                chain.append(count)
                before, count = count, count + 1
        chains.append(tuple(chain))
    return Ranked(
        boxes=boxes,
        rows=tuple(map(tuple, rows)),
        steps=tuple(steps),
        chains=tuple(filter(None, chains)),
    )


def _ranks(boxes: int, links: Sequence[Link]) -> list[int]:
    """Return each box's rank: the longest way from a start; a start lies just before its target."""
    ranks = [0] * boxes
    targets = defaultdict(list)
    has_source = set()
    for link in sorted(links, key=lambda link: link.source):  # boxes come after what leads to them
        targets[link.source].append(link.target)
        has_source.add(link.target)
        ranks[link.target] = max(ranks[link.target], ranks[link.source] + 1)
    for box in range(boxes):
        if box not in has_source and targets[box]:
            ranks[box] = min(ranks[target] for target in targets[box]) - 1
    return ranks
