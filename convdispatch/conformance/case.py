"""What a conformance case is: a claim about any backend, and the function that checks it.

A case is data. Its check is a function of a module and its arguments are values whose `repr` is
Python, so that a failing case can be written down as a script of a few lines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from convdispatch.numerics.distance import Measured as Measured
from convdispatch.numerics.distance import Mismatch as Mismatch
from convdispatch.ops import Backend

# The version of the specification that the cases below belong to: a case says with `since` in
# which one it appeared, so that a backend's author can tell a new demand from a new fault.
SPECIFICATION = "1.0"

# What a case is about. 'full' selects every case; each other name selects its own cases.
LEVELS = ("core", "full", "grad", "dtype", "edge", "errors", "contract")


# Called as check(backend, *arguments). Returns the error where it measures one, raises `Mismatch`
# where the claim does not hold; anything else that it raises is the backend's failure as well.
Check = Callable[..., Measured | None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """One claim. Plugins add theirs through the hook `convdispatch_conformance_cases`."""

    id: str  # stable: '<op>/<level>/<what is claimed>'
    level: str
    op: str  # as `ops.op_name` spells it, or 'functions', 'tensors', 'layers'
    claim: str  # one sentence
    check: Check
    arguments: tuple[object, ...] = ()
    features: tuple[str, ...] = ()  # declared unsupported by a backend, they skip the case
    since: str = "1.0"

    def uses(self, feature: str) -> bool:
        """Say whether the case uses a feature, which may be an op's with several details."""
        name, *details = feature.split(":")
        needed = [f"{name}:{detail}" for detail in details] or [name]
        return all(one in self.features for one in needed)

    def run(self, backend: Backend) -> Measured | None:
        """Check the claim; raise `Mismatch` where it does not hold."""
        return self.check(backend, *self.arguments)
