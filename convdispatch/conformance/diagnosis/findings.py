"""What a diagnosis says, as data that a report holds."""

from __future__ import annotations

from dataclasses import dataclass

from convdispatch.conformance.geometry import Drawing


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """What was computed instead: it gives exactly the wrong numbers of some failing cases."""

    what: str  # such as 'a kernel flipped along the last axis'
    explains: int  # failing cases whose numbers it gives
    of: int  # failing cases whose numbers were compared with it


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimalCase:
    """The smallest shapes and roundest numbers that still fail."""

    case: str  # the id of the case that it was shrunk from
    claim: str
    cells: int  # of the largest array
    lines: tuple[str, ...]  # the values by hand, each tap written out
    drawing: Drawing | None
    script: str  # a Python program that fails alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What failing cases share and passing ones do not."""

    what: str  # such as 'conv2d with low pad != high pad'
    failing: int  # failing cases of which this is true
    all_failing: int
    passing: int  # passing cases of which this is true
    all_passing: int
    cases: tuple[str, ...]  # ids of the failing ones, each in the first cause that is true of it
    hypotheses: tuple[Hypothesis, ...] = ()
    minimal: MinimalCase | None = None
