"""Every way to compute an op that a backend names is right: any of them may win a measurement."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import pytest
from precision import in_float64

from convdispatch import selection
from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import build
from convdispatch.conformance.results import FAILED
from convdispatch.conformance.run.execution import Declared, execute
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Backend, Conv, Op, Signature
from convdispatch.registry import registry

# The ways that are nobody's first choice, the ops that have them, of how many cases one is run, and
# how often the way has to be met in them.
OTHER_WAYS = [
    ("numpy", "taps", "conv", 1, 1000),
    ("jax", "row", "conv2d/", 5, 10),
    ("jax", "columns", "conv2d/", 5, 10),
    ("jax", "columns_by_image", "conv2d/", 5, 10),
    ("jax", "framework", "conv2d/", 5, 10),
    ("jax", "product", "conv2d/", 1, 10),
]


class ByOneWay:
    """A backend that takes one of its candidates for a convolution wherever it has it."""

    def __init__(self, backend: Backend, way: str) -> None:
        self._backend: Any = backend
        self._way = way
        self.taken = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def lower(self, op: Op, signature: Signature) -> Callable[..., Any]:
        """Lower by that candidate."""
        found = self._backend.candidates(op, signature)
        if self._way not in found:
            return next(iter(found.values()))
        self.taken += isinstance(op, Conv)
        return found[self._way]


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Give the whole suite."""
    return build()


@pytest.mark.parametrize(("name", "way", "ops", "step", "times"), OTHER_WAYS)
def test_another_way_passes_the_suite(
    name: str, way: str, ops: str, step: int, times: int, cases: list[Case]
) -> None:
    """Values, gradients, element types, edges: what the conformance suite asks of the first."""
    if name not in selection.available_backends():
        pytest.skip(f"the backend {name!r} is not installed")
    info = registry.entries()[name].info
    assert info is not None
    backend = ByOneWay(registry.load(name), way)
    chosen = [case for case in cases if case.id.startswith(ops) and _hash(case) % step == 0]
    chosen = [case for case in chosen if _may_take(case, backend, way)]
    with in_float64(name):
        outcomes = [execute(case, backend, Declared.of(info)) for case in chosen]
    assert [outcome for outcome in outcomes if outcome.status == FAILED] == []
    assert backend.taken > times


def _may_take(case: Case, backend: Any, way: str) -> bool:
    """Return whether the case is about an op that has this way: others would learn nothing."""
    about = case.arguments[0] if case.arguments else None
    if not isinstance(about, Problem) or not isinstance(about.op, Conv):
        return False
    return way in backend.candidates(about.op, about.signature)


def _hash(case: Case) -> int:
    """Return a number for the case that is the same in every process."""
    return zlib.crc32(case.id.encode())
