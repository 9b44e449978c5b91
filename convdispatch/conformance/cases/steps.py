"""`compile_step`: a training step writes all variables in place, or none.

Expected values are computed here, in float64, by the formula of the step and not by its code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Check, Mismatch
from convdispatch.conformance.cases.stepping import (
    SLOT,
    WEIGHT,
    X,
    Y,
    by_hand,
    inputs_of,
    momentum,
    require_values,
    values_of,
    variables_of,
)
from convdispatch.ops import Backend, Tensor

_RATES = (0.1, 0.05, 0.02, 0.01, 0.005)


class _InTheStepError(Exception):
    """The exception that only the steps of these cases raise."""


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of steps with gradients and without; `seed` draws nothing."""
    for slug, check, claim in _TRAINING:
        for dtype in ("float32", "float64"):
            yield _case(f"{slug}-{dtype}", check, claim, dtype, needs=(dtype, "gradients"))
    for slug, check, claim in _PLAIN:
        yield _case(slug, check, claim, needs=("float32",))
    for fault in _FAULTS:
        claim = "A step that raises changes nothing, and the next one works."
        yield _case(f"raises-{fault}", leaves_all, claim, fault, needs=("float32", "float16"))
    claim = "A counter of integers is a variable of the step, too."
    for dtype in ("int32", "int64"):
        yield _case(f"counts-{dtype}", counts, claim, dtype, needs=("float32",))
    yield _case(
        "random", draws_anew, "Each step draws with its own key.", needs=("float32", "random")
    )


def several(backend: Backend, dtype: str) -> None:
    """Take five steps with another learning rate each; losses and old weights stay readable."""
    run, weight, slot = momentum(backend), WEIGHT, SLOT
    variables = variables_of(backend, dtype, weight, slot)
    results, wanted = [], []
    for rate in _RATES:
        variables, result = run(variables, inputs_of(backend, dtype, X, Y, rate))
        before, (weight, slot, loss) = weight, by_hand(weight, slot, X, Y, rate)
        results.append(result)
        wanted.append((loss, before))
        require_values(backend, variables, (weight, slot), dtype, "the variables")
    for (value, aux, (old,)), (loss, before) in zip(results, wanted, strict=True):
        if set(aux) != {"error", "none"} or aux["none"] is not None:
            raise Mismatch(f"the result's tree came back as {aux!r}")
        require_values(backend, (value, old), (np.array(loss), before), dtype, "an older result")


def other_batches(backend: Backend, dtype: str) -> None:
    """Take steps of 3, 1, 3, 2 and 3 samples."""
    run, weight, slot = momentum(backend), WEIGHT, SLOT
    variables = variables_of(backend, dtype, weight, slot)
    for size in (3, 1, 3, 2, 3):
        variables, _ = run(variables, inputs_of(backend, dtype, X[:size], Y[:size], 0.01))
        weight, slot, _ = by_hand(weight, slot, X[:size], Y[:size], 0.01)
        require_values(backend, variables, (weight, slot), dtype, f"a step of {size} samples")


def by_turns(backend: Backend, dtype: str) -> None:
    """Take steps with two lists of variables alternately."""
    run = momentum(backend)
    models: list[Any] = [variables_of(backend, dtype, sign * WEIGHT, SLOT) for sign in (1, -1)]
    wanted: list[Any] = [(sign * WEIGHT, SLOT) for sign in (1, -1)]
    for place in (0, 1) * 3:
        models[place], _ = run(models[place], inputs_of(backend, dtype, X, Y, 0.02))
        weight, slot = wanted[place]
        wanted[place] = by_hand(weight, slot, X, Y, 0.02)[:2]
    for model, want in zip(models, wanted, strict=True):
        require_values(backend, model, want, dtype, "one of two models")


def changes_places(backend: Backend) -> None:
    """Exchange two variables in each step and return their old values."""

    def step(variables: Sequence[Any], inputs: Any) -> tuple[Sequence[Any], Any]:
        first, second, third = variables
        return [second, first, third], {"old": [first, second], "third": (third, None)}

    run = backend.compile_step(step)
    three = (WEIGHT, SLOT, 3 * WEIGHT)
    variables, results = variables_of(backend, "float32", *three), []
    for _ in range(3):
        variables, result = run(variables, backend.asarray(np.array(0.0), "float32"))
        results.append(result)
    require_values(backend, variables, (SLOT, WEIGHT, 3 * WEIGHT), "float32", "the variables")
    for turn, result in enumerate(results):
        want = (WEIGHT, SLOT) if turn % 2 == 0 else (SLOT, WEIGHT)
        require_values(backend, result["old"], want, "float32", f"the old values of step {turn}")
        require_values(backend, result["third"][:1], (3 * WEIGHT,), "float32", "the third")


def in_place(backend: Backend) -> None:
    """Take a step, and read the returned variables, and the given ones if they are the same."""
    given = variables_of(backend, "float32", WEIGHT, SLOT)
    run = backend.compile_step(lambda v, i: ([v[0] + i, v[1] - i], v[0] * 2))
    returned, doubled = run(given, backend.asarray(np.array(2.0), "float32"))
    require_values(backend, returned, (WEIGHT + 2, SLOT - 2), "float32", "the variables")
    again, _ = run(returned, backend.asarray(np.array(-5.0), "float32"))
    require_values(backend, again, (WEIGHT - 3, SLOT + 3), "float32", "the variables")
    require_values(backend, [doubled], (2 * WEIGHT,), "float32", "the first result")
    for variable in again:
        if not backend.owns(variable):
            raise Mismatch(f"`owns` denies a variable that a step returned, {type(variable)}")


def without_variables(backend: Backend) -> None:
    """Call a step that has no variables, and one that has an empty tree of inputs."""
    run = backend.compile_step(lambda v, i: ([], (i["x"] * 2, [])))
    returned, (doubled, rest) = run([], {"x": backend.asarray(X, "float32")})
    if list(returned) or list(rest):
        raise Mismatch(f"a step without variables returned {returned!r} and {rest!r}")
    require_values(backend, [doubled], (2 * X,), "float32", "the result")
    stay = backend.compile_step(lambda v, i: ([v[0] + 1], None))
    returned, nothing = stay(variables_of(backend, "float32", WEIGHT), {})
    require_values(backend, returned, (WEIGHT + 1,), "float32", "the variables")
    if nothing is not None:
        raise Mismatch(f"a step whose result is None returned {nothing!r}")


def assigned_between(backend: Backend) -> None:
    """Assign another value between two steps; it takes effect."""
    run = backend.compile_step(lambda v, i: ([v[0] + i], None))
    one = backend.asarray(np.array(1.0), "float32")
    returned, _ = run(variables_of(backend, "float32", WEIGHT), one)
    changed = backend.assign(returned[0], 10 * WEIGHT)
    returned, _ = run([changed], one)
    require_values(backend, returned, (10 * WEIGHT + 1,), "float32", "the variables")


def keeps_what_is_given(backend: Backend) -> None:
    """Give a step a tensor as input, and read it afterwards: inputs are not donated."""
    run = backend.compile_step(lambda v, i: ([v[0] + i], i))
    x = backend.asarray(WEIGHT, "float32")
    variables = variables_of(backend, "float32", SLOT)
    for count in (1, 2, 3):
        variables, same = run(variables, x)
        require_values(backend, variables, (count * WEIGHT,), "float32", "the variables")
        require_values(backend, (x, same), (WEIGHT, WEIGHT), "float32", "the input")


def leaves_all(backend: Backend, fault: str) -> None:
    """Let the first call of a step raise, read the variables, and let the second succeed."""
    is_wrong = [True]

    def step(variables: Sequence[Any], inputs: Any) -> tuple[Sequence[Any], Any]:
        if is_wrong[0]:
            return _FAULTS[fault](backend, variables), None
        return [variable + inputs for variable in variables], None

    run = backend.compile_step(step)
    arrays = (WEIGHT, np.ones(1))
    variables = variables_of(backend, "float32", *arrays)
    one = backend.asarray(np.array(1.0), "float32")
    try:
        run(variables, one)
    except Exception as exc:
        if fault == "in-the-step" and not _is_caused_by(exc, _InTheStepError):
            raise
    else:
        raise Mismatch(f"a step that is wrong ({fault}) was done")
    require_values(backend, variables, arrays, "float32", "after a step that raised, a variable")
    is_wrong[0] = False
    variables, _ = run(variables, one)
    wanted = (WEIGHT + 1, np.full(1, 2.0))
    require_values(backend, variables, wanted, "float32", "the step after the wrong one")


def counts(backend: Backend, dtype: str) -> None:
    """Add one to an integer in three steps, beside a variable of floats."""
    run = backend.compile_step(lambda v, i: ([v[0] + 1, v[1] * i], v[0]))
    variables: Sequence[Tensor] = [
        backend.variable(np.array(2**30), dtype),
        *variables_of(backend, "float32", WEIGHT),
    ]
    seen = []
    for _ in range(3):
        variables, before = run(variables, backend.asarray(np.array(2.0), "float32"))
        seen.append(int(np.asarray(backend.to_numpy(before))))
    if backend.describe(variables[0]) != ((), dtype):
        raise Mismatch(f"the counter became {backend.describe(variables[0])!r}")
    last = int(np.asarray(backend.to_numpy(variables[0])))
    if (seen, last) != ([2**30, 2**30 + 1, 2**30 + 2], 2**30 + 3):
        raise Mismatch(f"the counter was {seen} and is {last}; it began at 2**30")
    require_values(backend, variables[1:], (8 * WEIGHT,), "float32", "the other variable")


def draws_anew(backend: Backend) -> None:
    """Add a number drawn with each step's key, and compare with the same draw outside a step."""
    draw = backend.random["uniform"]

    def step(variables: Sequence[Any], key: Any) -> tuple[Sequence[Any], Any]:
        number: Any = draw(key, (3,), "float32")
        return [variables[0] + number], number

    run = backend.compile_step(step)
    variables, total = variables_of(backend, "float32", np.zeros(3)), np.zeros(3)
    seen = []
    for number in (1, 2, 1):
        key = backend.asarray(np.array([number, 7]), "int32")
        variables, drawn = run(variables, key)
        (found,), (want,) = (
            values_of(backend, [drawn]),
            values_of(backend, [draw(key, (3,), "float32")]),
        )
        require_values(backend, [drawn], (want,), "float32", "what a step drew")
        total = total + found
        seen.append(found.tolist())
    require_values(backend, variables, (total,), "float32", "the sum of what was drawn")
    if seen[0] == seen[1] or seen[0] != seen[2]:
        raise Mismatch(f"steps with the keys 1, 2 and 1 drew {seen}")


def _is_caused_by(exc: BaseException | None, kind: type[BaseException]) -> bool:
    while exc is not None and not isinstance(exc, kind):
        exc = exc.__cause__ or exc.__context__
    return exc is not None


def _raises(backend: Backend, variables: Sequence[Any]) -> Sequence[Any]:
    raise _InTheStepError


def _too_few(backend: Backend, variables: Sequence[Any]) -> Sequence[Any]:
    return [variables[0] + 1]


def _too_many(backend: Backend, variables: Sequence[Any]) -> Sequence[Any]:
    return [*variables, variables[0]]


def _too_large(backend: Backend, variables: Sequence[Any]) -> Sequence[Any]:
    return [variables[0] + 1, variables[0] + variables[1]]


def _of_another_type(backend: Backend, variables: Sequence[Any]) -> Sequence[Any]:
    return [variables[0] + 1, backend.cast(variables[1], "float16")]


_FAULTS: dict[str, Callable[[Backend, Sequence[Any]], Sequence[Any]]] = {
    "in-the-step": _raises,
    "too-few": _too_few,
    "too-many": _too_many,
    "too-large": _too_large,
    "of-another-type": _of_another_type,
}
_TRAINING: tuple[tuple[str, Check, str], ...] = (
    (
        "several",
        several,
        "Each of several steps follows the formula, and earlier results do not change.",
    ),
    ("other-batches", other_batches, "A step serves every batch size."),
    ("by-turns", by_turns, "One step serves several models, each with its own variables."),
)
_PLAIN: tuple[tuple[str, Check, str], ...] = (
    ("changes-places", changes_places, "New values are computed from the values before the step."),
    ("in-place", in_place, "The variables that a step returns have the new values."),
    ("without-variables", without_variables, "Trees may be empty."),
    ("assigned-between", assigned_between, "An assignment between two steps takes effect."),
    ("keeps-inputs", keeps_what_is_given, "The inputs of a step can be read after it."),
)


def _case(slug: str, check: Check, claim: str, *arguments: str, needs: tuple[str, ...]) -> Case:
    return Case(
        id=f"steps/contract/{slug}",
        level="contract",
        op="steps",
        claim=claim,
        check=check,
        arguments=arguments,
        features=("compile_step", *needs),
    )
