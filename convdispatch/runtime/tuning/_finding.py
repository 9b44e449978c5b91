"""What measuring an op came to."""

from __future__ import annotations

from dataclasses import dataclass

from convdispatch.runtime.tuning._cache import Winner


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came out for one op."""

    key: str
    winner: Winner | None = None  # None where nothing was measured
    reason: str = ""  # why not
