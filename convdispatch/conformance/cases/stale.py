"""A call computes of the numbers that its tensors have now, whatever it was called with before.

Numbers change in four ways: a variable is assigned to, another tensor comes, another array lies
where one lay before, or another operation has the same hash. The new numbers are like the old ones:
the same shapes, the same first and last numbers, the same numbers in another order. What a
backend's methods return is asked by `stale_methods`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Measured, Mismatch
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import linear, pick, problem_of
from convdispatch.conformance.cases.conv_rows import ConvRow, conv_problem, transpose_problem
from convdispatch.conformance.cases.every_op import one_of_each
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.conformance.cases.whole_arrays import computed
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.problem import Array, Problem
from convdispatch.ops import Backend, Op, Pad, Pool, Tensor


def cases(seed: int) -> Iterator[Case]:
    """Yield every op in each way to call it, and ops whose hashes agree."""
    for ending, problem in one_of_each(seed):
        if "nothing" in ending or "same-size" in ending:
            continue
        for way in _ways(ending, problem):
            needed = ("compile",) if way == "compiled" else ()
            slug, claim = f"now-{way}-{ending}", "The result is that of the numbers at the call."
            yield problem_case("edge", slug, follows, claim, problem, way, needs=needed)
        claim = "The gradients are those of the numbers at the call."
        slug = f"now-gradients-{ending}"
        yield problem_case("edge", slug, gradients_follow, claim, problem, needs=["gradients"])
    for slug, one, other in _pairs(seed):
        claim = "Two ops are two ops, also where their hashes agree."
        yield problem_case("edge", slug, both, claim, one, other, used=[other])


def _ways(ending: str, problem: Problem) -> tuple[str, ...]:
    """Return how the op is called: by itself, for inference and, of one rank each, compiled.

    A compiler may take seconds.
    """
    rank = len(problem.input_shape) - 2
    is_first = ending.startswith(("plain", "zeros", "windows", "nearest", "square"))
    is_its_turn = rank == pick((1, 2, 3), f"rank of {type(problem.op).__name__} {ending[:5]}")
    compiled = ("compiled",) if is_first and (is_its_turn or rank == 0) else ()
    return ("eager", "inference", *compiled)


def follows(backend: Backend, problem: Problem, way: str) -> Measured:
    """Call one function with changed, with other and with moved numbers, of each tensor in turn."""
    function = _prepared(backend, harness.plan(backend, problem), way)
    dtype = problem.dtype

    def compare(tensors: Sequence[Tensor], arrays: Sequence[Array], what: str) -> Measured:
        got = np.asarray(backend.to_numpy(function(*tensors)))
        want, limits = _expected(backend, problem, arrays)
        return require_within(got, want, limits, dtype, f"the result of {what}")

    arrays = [_rounded(array, dtype) for array in problem.arrays]
    tensors = [backend.variable(array, dtype) for array in arrays]
    measured = [compare(tensors, arrays, "the first call")]
    for place in range(len(arrays)):
        for name, change in _CHANGES.items():
            arrays[place] = change(arrays[place])
            tensors[place] = backend.assign(tensors[place], arrays[place])
            measured.append(compare(tensors, arrays, f"tensor {place} assigned numbers {name}"))
            arrays[place] = change(arrays[place])
            tensors[place] = backend.variable(arrays[place], dtype)
            measured.append(compare(tensors, arrays, f"another tensor {place}, {name}"))
        # Nobody uses the tensor any more when its array is written to.
        memory = arrays[place].astype(dtype)
        for name, change in _CHANGES.items():
            arrays[place] = memory[...] = change(arrays[place])
            tensors[place] = backend.asarray(memory, dtype)
            measured.append(compare(tensors, arrays, f"tensor {place} of the same array, {name}"))
        tensors[place] = backend.variable(arrays[place], dtype)
    return worst(measured)


def gradients_follow(backend: Backend, problem: Problem) -> Measured:
    """Differentiate by one function for numbers that were assigned and for other tensors.

    The slope of the sum of squares of what a function returns, 2 y, is compared by its inner
    product with the input and the weights: those of a linear op, of each degree, are known.
    """
    function, total = harness.plan(backend, problem), backend.functions["sum"]

    def fn(given: Sequence[Tensor]) -> tuple[Any, Tensor]:
        y = function(*given)
        return total(harness.product(y, y)), y

    compute, dtype = backend.value_and_grad(fn), problem.dtype
    arrays = [_rounded(array, dtype) for array in problem.arrays]
    tensors = [backend.variable(array, dtype) for array in arrays]
    measured = []
    for place, array in enumerate(arrays):
        for change in _CHANGES.values():
            for renew in (True, False):
                arrays[place] = array = change(array)
                tensors[place] = (
                    backend.variable(array, dtype)
                    if renew
                    else backend.assign(tensors[place], array)
                )
                (value, y), found = compute(tensors)
                want, limits = _expected(backend, problem, arrays)
                got = np.asarray(backend.to_numpy(y))
                measured.append(require_within(got, want, limits, dtype, "the auxiliary result"))
                _require_squares(backend, value, found, arrays, want, dtype)
    return worst(measured)


def _require_squares(
    backend: Backend,
    value: Tensor,
    found: Sequence[Tensor],
    arrays: Sequence[Array],
    y: Array,
    dtype: str,
) -> None:
    """Check the sum of squares of y, and <gradient, x> of a y that is linear in x and b."""
    square = float((y**2).sum())
    near = 1e-4 * (1 + float((np.abs(y) ** 2).sum()))
    got = float(np.asarray(backend.to_numpy(value)))
    if not abs(got - square) <= near:
        raise Mismatch(f"the value is {got:.7g}; expected {square:.7g}")
    gradients = [np.asarray(backend.to_numpy(each)).astype(np.float64) for each in found]
    inner = [float((g * a).sum()) for g, a in zip(gradients, arrays, strict=True)]
    # y is linear in (input, bias) together, so that Euler's rule gives 2 y y for these.
    total = inner[0] + (inner[2] if len(inner) > 2 else 0.0)
    if not abs(total - 2 * square) <= 8 * near:
        raise Mismatch(f"<gradient, tensor> is {total:.7g}; expected {2 * square:.7g}")
    if len(inner) > 2 and not abs(inner[1] + inner[2] - 2 * square) <= 8 * near:
        total = inner[1] + inner[2]
        raise Mismatch(f"<gradient, weight> is {total:.7g}; expected {2 * square:.7g}")


def both(backend: Backend, problem: Problem, other: Problem) -> Measured:
    """Lower both ops, call both, in either order."""
    measured = []
    for pair in ((problem, other), (other, problem)):
        functions = [harness.plan(backend, one) for one in pair]
        for one, function in zip(pair, functions, strict=True):
            got = np.asarray(backend.to_numpy(function(*harness.tensors(backend, one))))
            want, limits = one.expected
            limits = harness.accuracy(backend, one) * limits
            measured.append(require_within(got, want, limits, one.dtype, f"the result of {one.op}"))
    return worst(measured)


def in_another_order(array: Array) -> Array:
    """Return the same numbers in another order: their sum and their extremes do not change."""
    return np.asarray(array.ravel()[::-1].reshape(array.shape))


def _in_the_middle(array: Array) -> Array:
    """Change a number in the middle alone."""
    changed = array.copy()
    changed.reshape(-1)[array.size // 2] += 0.75
    return changed


def _at_the_end(array: Array) -> Array:
    changed = array.copy()
    changed.reshape(-1)[-1] -= 1.5
    return changed


def _of_other_signs(array: Array) -> Array:
    return -array


_CHANGES: dict[str, Callable[[Array], Array]] = {
    "in another order": in_another_order,
    "with another one in the middle": _in_the_middle,
    "with another last one": _at_the_end,
    "of the other sign": _of_other_signs,
}


def _rounded(array: Array, dtype: str) -> Array:
    """Return multiples of 1/8: no change of `_CHANGES` is rounded."""
    return np.asarray(np.round(array * 8) / 8)


def _expected(
    backend: Backend, problem: Problem, arrays: Sequence[Array]
) -> tuple[Array, Array | float]:
    """Return the exact result for the arrays, and a limit: numbers are below 16, sums short."""
    want = computed(problem.op, *arrays)
    limit = harness.accuracy(backend, problem) * 1e-5 * (1 + float(np.abs(want).max(initial=0)))
    return want, limit


def _prepared(backend: Backend, function: Callable[..., Tensor], way: str) -> Callable[..., Tensor]:
    if way == "compiled":
        return backend.compile(function)
    prepare = getattr(backend, "compile_inference", None)
    if way == "eager" or prepare is None:
        return function
    infer = prepare(lambda weights, x: function(x, *weights))
    return lambda x, *weights: infer(list(weights), x)


def _pairs(seed: int) -> Iterator[tuple[str, Problem, Problem]]:
    """Yield ops that differ by -1 and -2, which Python gives the same hash."""
    for rank in (1, 2, 3):
        size, none = (6, 5, 7)[:rank], ((0, 0),) * (rank - 1)
        pads = [(((low, -low - 1), *none), ((-low - 3, low), *none)) for low in (-1, -2)]
        for first, pair in enumerate(zip(*pads, strict=True)):
            made: dict[str, list[Problem]] = {"conv": [], "transposed": [], "pad": [], "pool": []}
            for each in pair:
                row = ConvRow("", size, (2,) * rank, pads=each)
                made["conv"].append(linear(conv_problem(row, seed=seed)))
                made["transposed"].append(linear(transpose_problem(row, seed=seed)))
                pad: Op = Pad(pads=each, channels_last=True)
                made["pad"].append(problem_of(pad, size=size, seed=seed))
                pool = Pool(
                    kind="max",
                    size=(2,) * rank,
                    strides=(1,) * rank,
                    pads=each,
                    counts_pads=False,
                    channels_last=True,
                )
                made["pool"].append(problem_of(pool, size=size, seed=seed))
            for one, other in made.values():
                yield f"hashes-agree-{'low' if first == 0 else 'high'}", one, other
