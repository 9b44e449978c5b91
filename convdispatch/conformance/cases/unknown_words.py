"""What a backend does not know it refuses, and what a framework traces is a tensor of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Mismatch
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import every_feature
from convdispatch.conformance.cases.every_op import one_of_each
from convdispatch.conformance.cases.plain_cases import plain_case
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Backend, Tensor, op_name

# Element types that a framework may lack, and no element types at all.
_TYPES = ("int8", "uint16", "int16", "uint32", "uint64", "complex64", "float8_e4m3fn", "nonsense")
_METHODS = ("asarray", "variable")
_WORDS = ("activation",)


def cases(seed: int) -> Iterator[Case]:
    """Yield an unknown word for each op that has one, and each element type."""
    for ending, problem in one_of_each(seed):
        for field in _WORDS:
            if hasattr(problem.op, field) and ending.startswith("plain"):
                name = op_name(problem.op)
                yield Case(
                    id=f"{name}/errors/unknown-{field}",
                    level="errors",
                    op=name,
                    claim=f"An op with an unknown {field} is refused, not computed without it.",
                    check=refused,
                    arguments=(problem, field),
                    features=every_feature(problem),
                )
    for dtype in _TYPES:
        yield plain_case(
            "tensors",
            "contract",
            f"of-type-{dtype.replace('_', '-')}",
            of_type,
            "A tensor of an unknown element type is refused, or has that type.",
            dtype,
        )
    claim = "A traced tensor is the backend's own, of a known shape and element type."
    for way, needs in _TRACED.items():
        yield plain_case("tensors", "contract", f"owns-in-{way}", traced, claim, way, needs=needs)


def refused(backend: Backend, problem: Problem, field: str) -> None:
    """Lower the op with another word in this field, and compute it."""
    words: dict[str, Any] = {field: "unheard-of"}
    changed = replace(problem.op, **words)
    try:
        function = harness.lower(backend, changed, problem.signature)
        function(*harness.tensors(backend, problem))
    except Exception:  # noqa: BLE001 - in whatever words
        return
    raise Mismatch(f"an op whose {field} is 'unheard-of' was computed")


def of_type(backend: Backend, dtype: str) -> None:
    """Make a tensor and a variable of that type."""
    for method in _METHODS:
        try:
            tensor = getattr(backend, method)(np.ones(2), dtype)
        except Exception:  # noqa: BLE001 - refused, in whatever words
            continue
        found = backend.describe(tensor)
        if found != ((2,), dtype):
            raise Mismatch(f"`{method}` of element type {dtype!r} gives {found!r}")


def traced(backend: Backend, way: str) -> None:
    """Ask `owns` and `describe` about what is traced, in float32 and in a batch."""
    seen: list[tuple[bool, Any]] = []

    def look(tensor: Tensor) -> None:
        seen.append((backend.owns(tensor), backend.describe(tensor)))

    _USES[way](backend, look)
    for owns, described in seen:
        if not owns:
            raise Mismatch(f"`owns` denies a tensor of {way}, {described!r}")
        shape, dtype = described
        if dtype != "float32" or any(size not in (2, 3, None) for size in shape):
            raise Mismatch(f"`describe` gives {described!r} in {way}; expected float32, (2, 3)")
    if not seen:
        raise Mismatch(f"the function was never called by {way}")


Look = Callable[[Tensor], None]


def _compiled(backend: Backend, look: Look) -> None:
    def function(x: Any) -> Any:
        look(x)
        look(x * 2)
        return x * 2

    backend.compile(function)(_x(backend))


def _differentiated(backend: Backend, look: Look) -> None:
    total = backend.functions["sum"]

    def function(tensors: Sequence[Any]) -> tuple[Any, Any]:
        for tensor in (*tensors, tensors[0] * tensors[1], backend.functions["exp"](tensors[0])):
            look(tensor)
        return total(tensors[0] * tensors[1]), tensors[0]

    backend.value_and_grad(function)([_x(backend), backend.variable(np.ones((2, 3)), "float32")])


def _stepped(backend: Backend, look: Look) -> None:
    def step(variables: Sequence[Any], inputs: Any) -> tuple[Sequence[Any], Any]:
        look(variables[0])
        look(inputs)
        look(variables[0] + inputs)
        return [variables[0] + inputs], inputs * 2

    backend.compile_step(step)([backend.variable(np.ones((2, 3)), "float32")], _x(backend))


def _x(backend: Backend) -> Tensor:
    return backend.asarray(np.ones((2, 3)), "float32")


_USES: dict[str, Callable[[Backend, Look], None]] = {
    "compile": _compiled,
    "gradients": _differentiated,
    "steps": _stepped,
}
_TRACED: dict[str, tuple[str, ...]] = {
    "compile": ("compile",),
    "gradients": ("gradients",),
    "steps": ("compile_step",),
}
