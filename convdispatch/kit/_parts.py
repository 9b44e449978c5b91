"""How the rows of a batch are divided among devices."""

from __future__ import annotations

import itertools

from convdispatch.ops import Part


def parts_of(total: int, count: int) -> list[Part]:
    """Return the rows of each of so many devices: neighbours, the first ones with a row more.

    Where there are fewer rows than devices, each has all of them.

    >>> [(part.start, part.stop) for part in parts_of(5, 2)]
    [(0, 3), (3, 5)]
    """
    if total < count:
        return [Part(0, total, total)] * count
    size, more = divmod(total, count)
    starts = [place * size + min(place, more) for place in range(count + 1)]
    return [Part(start, stop, total) for start, stop in itertools.pairwise(starts)]
