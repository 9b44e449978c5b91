"""An op and its gradients where a group of processes computes them, each a part of the batch.

These cases are asked of the processes that `convdispatch conformance --nproc N` starts, by the
backend's own engine: outputs are gathered, and gradients of weights are added up over the parts.
The steps of every layer, which `training_layers` checks, are then steps of the group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Measured, Mismatch
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.conv_rows import ConvRow, conv_problem
from convdispatch.conformance.cases.every_op import one_of_each
from convdispatch.conformance.cases.gradients import require_gradients
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.errors import InvalidArgument
from convdispatch.numerics.adjoints import cotangent, gradients_in_parts
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.problem import Array, Problem, Product, with_batch
from convdispatch.ops import Backend, Part
from convdispatch.training.groups import Together, together

# Which of the other cases make steps of whole models, which a group divides by itself.
STEPS = "training/full/layer-"
_EVEN, _UNEVEN = 4, 5  # samples of a batch
_GROUPED = ConvRow(
    "", (5, 4), (2, 3), groups=2, channels=(4, 6), strides=(2, 1), bias=True, activation="tanh"
)


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for every kind of op, and those with weights for an uneven batch, too."""
    for slug, problem in (*one_of_each(seed), ("grouped", conv_problem(_GROUPED, seed=seed))):
        yield _case(slug, with_batch(problem, _EVEN))
        if isinstance(problem.op, Product):
            yield _case(slug, replace(with_batch(problem, _UNEVEN), dtype="float64"))


def for_groups(seed: int, every: Iterable[Case]) -> list[Case]:
    """Return these cases, and those of `every` that train."""
    return [*cases(seed), *(one for one in every if one.id.startswith(STEPS))]


def computes_in_parts(backend: Backend, problem: Problem) -> Measured:
    """Compare the gathered outputs, and each gradient of the whole batch, with the exact ones."""
    group = together(backend, [])
    if group is None:
        raise InvalidArgument(
            f"this process computes alone on {backend.name!r}. Start the case by `convdispatch "
            "conformance --nproc 2`, which makes a group of processes."
        )
    part = group.part(len(problem.arrays[0]))
    is_divided = not part.is_whole or (group.size == 1 and group.group.parts > 1)
    seeds = cotangent(problem)
    found, slopes = _computed(backend, group, part, problem, seeds)
    wanted, limits = problem.expected
    factor = harness.accuracy(backend, problem)
    outputs = require_within(found, wanted, factor * limits, problem.dtype, "the gathered result")
    exact = gradients_in_parts(problem, group.group.parts if is_divided else 1)
    return worst([outputs, require_gradients(slopes, exact, problem, factor)])


def _computed(
    backend: Backend, group: Together, part: Part, problem: Problem, seeds: Array
) -> tuple[Array, list[Array]]:
    """Return the outputs of the whole batch, and the gradients of its input and of the weights."""
    engine, function = group.group, harness.plan(backend, problem)
    total = backend.functions["sum"]

    def step(variables: Sequence[Any], batch: Any, others: Any, own: Part | None) -> Any:
        x, weight = batch["x"], batch["y"]
        is_part = engine.is_divided and own is not None and not own.is_whole
        parts = engine.parts if is_part else 1  # the engine takes the mean over them

        def of_weights(tensors: Sequence[Any]) -> tuple[Any, Any]:
            outputs: Any = function(x, *tensors)
            return harness.product(total(harness.product(outputs, weight)), parts), outputs

        def of_input(tensors: Sequence[Any]) -> tuple[Any, None]:
            return total(harness.product(function(tensors[0], *variables), weight)), None

        slopes: Sequence[Any] = []
        if variables:
            (_, outputs), slopes = engine.value_and_grad(of_weights)(variables)
        else:
            outputs = function(x)
        _, (of_x,) = backend.value_and_grad(of_input)([x])
        rows = [outputs, of_x]
        if is_part and own is not None:
            rows = [engine.gather(one, own) for one in rows]
        return list(variables), [*rows, *slopes]

    x, *weights = problem.arrays
    rows = slice(part.start, part.stop)
    held = engine.begin([backend.variable(array, problem.dtype) for array in weights])
    batch = {
        name: backend.asarray(own[rows], problem.dtype) for name, own in (("x", x), ("y", seeds))
    }
    _, found = engine.compile_step(step)(held, batch, {}, part)
    outputs, *slopes = [np.asarray(backend.to_numpy(one)) for one in found]
    if len(slopes) != len(problem.arrays):
        raise Mismatch(f"{len(slopes)} gradients came back for {len(problem.arrays)} tensors")
    return outputs, slopes


def _case(slug: str, problem: Problem) -> Case:
    samples = problem.input_shape[0]
    return problem_case(
        "grad",
        f"in-parts-{slug}-of-{samples}-{problem.dtype}",
        computes_in_parts,
        "Outputs and gradients of a batch that a group computes in parts are those of the whole.",
        problem,
        needs=("gradients", "compile_step"),
    )
