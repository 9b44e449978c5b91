"""Where links leave and reach a box: side by side, in the order of where they go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from convdispatch.pictures.ranks import Ranked

_APART = 28.0  # at most
_CORNER = 16.0  # at each end of a side, at most


class Ports:
    """The places across the page at which each step begins and ends."""

    def __init__(
        self, graph: Ranked, places: Mapping[int, float], breadths: Sequence[float]
    ) -> None:
        self.exits = [places[step.source] for step in graph.steps]
        self.entries = [places[step.target] for step in graph.steps]
        leaving: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        reaching = defaultdict(list)
        for number, step in enumerate(graph.steps):
            if not graph.is_bend(step.source):
                leaving[step.source][step.origin[1]].append(number)
            if not graph.is_bend(step.target):
                reaching[step.target].append(number)
        for box, outputs in leaving.items():
            mean = {
                output: sum(self.entries[one] for one in steps) / len(steps)
                for output, steps in outputs.items()
            }
            for place, output in enumerate(sorted(outputs, key=lambda one: (mean[one], one))):
                for number in outputs[output]:
                    self.exits[number] = places[box] + _shift(place, len(outputs), breadths[box])
        for box, steps in reaching.items():
            for place, number in enumerate(sorted(steps, key=lambda one: self.exits[one])):
                self.entries[number] = places[box] + _shift(place, len(steps), breadths[box])


def _shift(place: int, count: int, breadth: float) -> float:
    """Return how far one of so many ports is from the middle of a box of that breadth."""
    if count == 1:
        return 0.0
    corner = min(_CORNER, breadth / 4)
    apart = min(_APART, (breadth - 2 * corner) / (count - 1))
    return (place - (count - 1) / 2) * apart
