"""One run split over several machines: each takes the cases of one shard.

A case's shard depends on its id and on the number of shards alone, so every machine knows it, and
a case that is added moves no other.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from convdispatch.errors import InvalidArgument

_MOST = 1000


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """Shard `number` of `total`, counted from 1."""

    total: int
    number: int

    def __str__(self) -> str:
        """Write it as `parse` reads it."""
        return f"{self.number}/{self.total}"

    def takes(self, case_id: str) -> bool:
        """Say whether the case belongs to this shard."""
        return zlib.crc32(case_id.encode("utf-8", "surrogatepass")) % self.total == self.number - 1


def parse(text: str) -> Shard:
    """Return the shard; raise `InvalidArgument` unless it is 'NUMBER/TOTAL', from 1/1 on.

    >>> parse("2/5")
    Shard(total=5, number=2)
    """
    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
    number, total = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= number <= total <= _MOST:
        raise InvalidArgument(
            f"{text!r} is no shard. Write NUMBER/TOTAL, NUMBER from 1 to TOTAL and TOTAL at most "
            f"{_MOST}, such as 2/5 for the second of five."
        )
    return Shard(total, number)
