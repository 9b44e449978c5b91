"""Every op, function and method reads each of its tensors by value, however it lies in memory.

A NumPy array of the tensor's own element type reaches a backend as it is, without the copy that a
conversion makes; what the table's functions return may lie in memory in another way again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.every_op import one_of_each
from convdispatch.conformance.cases.function_rows import ELEMENTWISE, EVERY, REFERENCE
from convdispatch.conformance.cases.layouts import LYING, native_ways, repeated
from convdispatch.conformance.cases.plain_cases import plain_case
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics import bounds
from convdispatch.numerics.adjoints import cotangent, gradients
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.problem import Array, Problem
from convdispatch.ops import Backend, Tensor

_NAMES = ("the input", "the kernel", "the bias")


def cases(seed: int) -> Iterator[Case]:
    """Yield every op with its gradients, every function, and every method that takes tensors."""
    for ending, problem in one_of_each(seed):
        claim = "An input or a weight is read by value, however it lies in memory."
        yield problem_case("edge", f"lying-{ending}", op_reads, claim, problem)
        claim = "Gradients are the exact ones, however a tensor lies in memory."
        slug = f"lying-gradients-{ending}"
        yield problem_case("edge", slug, is_differentiated, claim, problem, needs=["gradients"])
    for slug in EVERY:
        claim = "A function reads its arguments by value, however they lie in memory."
        yield plain_case("functions", "edge", f"lying-{slug}", function_reads, claim, slug)
    for method, needs in _METHODS.items():
        claim = "A tensor or an array is read by value, however it lies in memory."
        slug = f"lying-{method}"
        yield plain_case("tensors", "edge", slug, method_reads, claim, method, needs=needs)


def op_reads(backend: Backend, problem: Problem) -> Measured:
    """Let one tensor after the other lie in memory in each way, and repeat numbers by stride 0."""
    function = harness.plan(backend, problem)
    plain = [array.astype(problem.dtype) for array in problem.arrays]
    want, limit = problem.expected
    limit = harness.accuracy(backend, problem) * limit
    measured = []
    for place, name in zip(range(len(plain)), _NAMES, strict=False):
        for way, lying in LYING.items():
            got = _called(backend, function, _with(plain, place, lying(plain[place])), problem)
            what = f"the result of {name} {way}"
            measured.append(require_within(got, want, limit, problem.dtype, what))
        for way, native in native_ways(backend).items():
            tensors = [backend.asarray(array, problem.dtype) for array in plain]
            tensors[place] = native(backend, plain[place], problem.dtype)
            got = np.asarray(backend.to_numpy(function(*tensors)))
            what = f"the result of {name} {way}"
            measured.append(require_within(got, want, limit, problem.dtype, what))
        again = repeated(plain[place])
        alike = [
            _called(backend, function, _with(plain, place, one), problem)
            for one in (again, again.copy())
        ]
        what = f"the result of {name} repeated by strides of zero"
        exact = alike[1].astype(np.float64)
        # The same numbers in the same order of axes: both are right within their own bounds.
        near = 8 * np.max(limit, initial=0.0)
        measured.append(require_within(alike[0], exact, near, problem.dtype, what))
    return worst(measured)


def is_differentiated(backend: Backend, problem: Problem) -> Measured:
    """Differentiate with respect to tensors that lie in memory in each way."""
    function, total = harness.plan(backend, problem), backend.functions["sum"]
    weights, wanted = backend.asarray(cotangent(problem), problem.dtype), gradients(problem)
    compute = backend.value_and_grad(
        lambda t: (total(harness.product(function(*t), weights)), None)
    )
    factor, measured = harness.accuracy(backend, problem), []
    for way, lying in LYING.items():
        arrays = [lying(array.astype(problem.dtype)) for array in problem.arrays]
        tensors = [backend.asarray(array, problem.dtype) for array in arrays]
        for name, found, want in zip(_NAMES, compute(tensors)[1], wanted, strict=False):
            got = np.asarray(backend.to_numpy(found))
            what = f"the gradient of {name}, {way}"
            limits = factor * want.error
            measured.append(require_within(got, want.value, limits, problem.dtype, what))
    return worst(measured)


def function_reads(backend: Backend, slug: str) -> None:
    """Evaluate a row with arguments that lie in memory in each way; compare with plain ones."""
    row = EVERY[slug]
    arrays = [np.asarray(array, np.float32) for array in row.arrays]
    if slug in ELEMENTWISE and all(array.ndim == 1 for array in arrays):
        arrays = [np.stack([array, np.roll(array, 1)]) for array in arrays]
    with np.errstate(all="ignore"):
        want = _evaluated(backend, row.expression, arrays).astype(np.float64)
        for way, lying in LYING.items():
            got = _evaluated(backend, row.expression, [lying(array) for array in arrays])
            units = 2 * bounds.FUNCTION_ULPS * bounds.unit_roundoff("float32")
            absolute = row.expression(REFERENCE, *(np.abs(a).astype(np.float64) for a in arrays))
            size = np.nan_to_num(np.abs(np.asarray(absolute, np.float64)), posinf=0.0)
            limits = units * np.maximum(np.maximum(1, size), np.nan_to_num(np.abs(want)))
            dtype = got.dtype.name
            require_within(got, want, limits, dtype, f"{slug!r} of arrays {way}")


def method_reads(backend: Backend, method: str) -> None:
    """Give a method arrays, or tensors of arrays, that lie in memory in each way."""
    numbers = (np.arange(24).reshape(2, 3, 4) / 8).astype(np.float32)
    for way, lying in LYING.items():
        got = np.asarray(_READ[method](backend, lying(numbers)))
        require_within(got, numbers, 0, got.dtype.name, f"{method!r} of an array {way}")


def _with(arrays: Sequence[Array], place: int, array: Array) -> list[Array]:
    return [*arrays[:place], array, *arrays[place + 1 :]]


def _called(
    backend: Backend, function: Callable[..., Tensor], arrays: Sequence[Array], problem: Problem
) -> Array:
    tensors = [backend.asarray(array, problem.dtype) for array in arrays]
    return np.asarray(backend.to_numpy(function(*tensors)))


def _evaluated(backend: Backend, expression: Callable[..., Any], arrays: Sequence[Array]) -> Array:
    tensors = [backend.asarray(array, "float32") for array in arrays]
    return np.asarray(backend.to_numpy(expression(backend.functions, *tensors)))


def _assigned(backend: Backend, array: Array) -> Any:
    variable = backend.variable(np.zeros(array.shape), "float32")
    return backend.to_numpy(backend.assign(variable, array))


def _assigned_as_tensor(backend: Backend, array: Array) -> Any:
    variable = backend.variable(np.zeros(array.shape), "float32")
    return backend.to_numpy(backend.assign(variable, backend.asarray(array, "float32")))


def _cast(backend: Backend, array: Array) -> Any:
    return backend.to_numpy(backend.cast(backend.asarray(array, "float32"), "float16"))


def _compiled(backend: Backend, array: Array) -> Any:
    double = backend.compile(lambda x: harness.product(x, 1.0))
    return backend.to_numpy(double(backend.asarray(array, "float32")))


def _stepped(backend: Backend, array: Array) -> Any:
    run = backend.compile_step(lambda v, i: ([v[0] + i], i))
    given = [backend.variable(np.zeros(array.shape), "float32")]
    variables, _ = run(given, backend.asarray(array, "float32"))
    return backend.to_numpy(variables[0])


def _inferred(backend: Backend, array: Array) -> Any:
    """Give a tensor and, where the backend takes them, the array itself."""
    prepare = getattr(backend, "compile_inference", None)
    if prepare is None:
        return array
    infer = prepare(lambda v, x: v[0] + x)
    variables = [backend.variable(np.zeros(array.shape), "float32")]
    if getattr(infer, "takes_arrays", False):
        result = backend.to_numpy(infer(variables, array))
        require_within(np.asarray(result), array, 0, "float32", "the result of an array")
    return backend.to_numpy(infer(variables, backend.asarray(array, "float32")))


def _packed(backend: Backend, array: Array) -> Any:
    pack, unpack = getattr(backend, "pack", None), getattr(backend, "unpack", None)
    if pack is None or unpack is None:
        return array
    tensors = [backend.asarray(one, "float32") for one in (array[1], array, array[0])]
    packed = pack(tensors)
    want = np.concatenate([array[1].ravel(), array.ravel(), array[0].ravel()])
    require_within(np.asarray(backend.to_numpy(packed)), want, 0, "float32", "what was packed")
    return backend.to_numpy(unpack(packed, tensors)[1])


_READ: dict[str, Callable[[Backend, Array], Any]] = {
    "asarray": lambda backend, array: backend.to_numpy(backend.asarray(array, "float32")),
    "variable": lambda backend, array: backend.to_numpy(backend.variable(array, "float32")),
    "assign": _assigned,
    "assign-of-a-tensor": _assigned_as_tensor,
    "cast": _cast,
    "compile": _compiled,
    "compile-step": _stepped,
    "inference": _inferred,
    "pack": _packed,
}
_METHODS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_READ, ()),
    "cast": ("float16",),
    "compile": ("compile",),
    "compile-step": ("compile_step",),
}
