"""What the process that asks a backend answers."""

from __future__ import annotations

from dataclasses import dataclass

from convdispatch.conformance.diagnosis.findings import Hypothesis, MinimalCase


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What is said of a cause, as far as it is known until now."""

    hypotheses: tuple[Hypothesis, ...] = ()
    minimal: MinimalCase | None = None
