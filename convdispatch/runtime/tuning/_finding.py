"""The result of measuring an op."""

from __future__ import annotations

from dataclasses import dataclass

from convdispatch.runtime.tuning._cache import Winner


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result for one op."""

    key: str
    winner: Winner | None = None  # None where nothing was measured
    reason: str = ""  # why not
