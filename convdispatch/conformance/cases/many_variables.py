"""A step of many variables, as many as a network of some layers has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.stepping import require_values, variables_of
from convdispatch.ops import Backend

COUNT = 40


def cases(seed: int) -> Iterator[Case]:
    """Yield the case; `seed` draws nothing."""
    yield Case(
        id="steps/contract/many-variables",
        level="contract",
        op="steps",
        claim="Every variable of a step gets its new value, however many there are.",
        check=each_changes,
        arguments=(),
        features=("compile_step", "float32"),
    )


def each_changes(backend: Backend) -> None:
    """Double each of 40 variables and add its number, in two steps: 4 * value + 3 * number."""
    first = [np.full((place % 3 + 1,), float(place % 5)) for place in range(COUNT)]

    def step(variables: Sequence[Any], inputs: Any) -> tuple[Sequence[Any], Any]:
        return [value + value + place for place, value in enumerate(variables)], inputs

    run = backend.compile_step(step)
    variables = variables_of(backend, "float32", *first)
    for _ in range(2):
        variables, _ = run(variables, backend.asarray(np.zeros(()), "float32"))
    wanted = [4 * value + 3 * place for place, value in enumerate(first)]
    require_values(backend, variables, wanted, "float32", "a variable after two steps")
