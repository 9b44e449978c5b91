"""What a backend returns is the caller's own: it shares memory with nothing else that is held.

Whoever writes into a result, as far as the framework lets him, changes neither the inputs, nor the
weights, nor an earlier result, nor the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Check, Mismatch
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.drawn import key_of
from convdispatch.conformance.cases.every_op import one_of_each
from convdispatch.conformance.cases.function_rows import EVERY
from convdispatch.conformance.cases.plain_cases import plain_case
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.problem import Array, Problem
from convdispatch.ops import Backend, Tensor

# Functions that may return a view of their argument, as NumPy's do, and those of no tensor.
_VIEWS = ("flip", "linear", "reshape", "shape", "stop_gradient", "transpose")
_CALLS = 5
_X = np.array([[1.5, -2.0, 0.25], [4.0, -0.5, 3.0]])


def cases(seed: int) -> Iterator[Case]:
    """Yield every op, every function, and every method that returns tensors."""
    for ending, problem in one_of_each(seed):
        claim = "A result shares memory with no input and with no other result."
        yield problem_case("edge", f"apart-{ending}", of_an_op, claim, problem)
        claim = "A gradient shares memory with no tensor and with no other gradient."
        slug = f"apart-gradients-{ending}"
        yield problem_case("edge", slug, of_gradients, claim, problem, needs=["gradients"])
    for slug in EVERY:
        if not slug.startswith(_VIEWS):
            claim = "A function writes to no argument, and its result is no part of one."
            yield plain_case("functions", "edge", f"apart-{slug}", of_a_function, claim, slug)
    for slug, check, claim, needs in _METHODS:
        yield plain_case("tensors", "edge", f"apart-{slug}", check, claim, needs=needs)


def of_an_op(backend: Backend, problem: Problem) -> None:
    """Compute twice, write into the second result, then the first, then each input."""
    function, tensors = harness.plan(backend, problem), harness.tensors(backend, problem)
    names = ("the input", "the kernel", "the bias")
    held = dict(zip(names, tensors, strict=False))
    require_apart(backend, lambda: [function(*tensors)], held)


def of_gradients(backend: Backend, problem: Problem) -> None:
    """Differentiate twice; the sum of all results is the scalar."""
    function, tensors = harness.plan(backend, problem), harness.tensors(backend, problem)
    total = backend.functions["sum"]
    compute = backend.value_and_grad(lambda t: (total(function(*t)), None))
    held = {f"tensor {place}": tensor for place, tensor in enumerate(tensors)}
    require_apart(backend, lambda: list(compute(tensors)[1]), held)


def of_a_function(backend: Backend, slug: str) -> None:
    """Compute the row's expression twice."""
    row = EVERY[slug]
    tensors = [backend.asarray(np.array(array), "float32") for array in row.arrays]
    held = {f"argument {place}": tensor for place, tensor in enumerate(tensors)}
    with np.errstate(all="ignore"):
        require_apart(backend, lambda: [row.expression(backend.functions, *tensors)], held)


def of_draws(backend: Backend) -> None:
    """Draw twice with one key."""
    key = key_of(backend, (3, 4))
    for kind, arguments in (("uniform", ()), ("normal", ()), ("bernoulli", (0.5,))):
        draw = partial(backend.random[kind], key, (4,), "float32", *arguments)
        require_apart(backend, partial(_alone, draw), {"the key": key})
    require_apart(backend, lambda: [backend.random["fold"](key, 3)], {"the key": key})


def _alone(call: Callable[[], Tensor]) -> list[Tensor]:
    return [call()]


def of_sums(backend: Backend) -> None:
    """Differentiate x + y, whose two gradients are alike, and hand out x and a sum beside it."""
    tensors = [backend.asarray(_X, "float32"), backend.asarray(2 * _X, "float32")]
    total = backend.functions["sum"]

    def fn(given: Sequence[Any]) -> tuple[Any, Any]:
        both = given[0] + given[1]
        return total(both), both

    compute = backend.value_and_grad(fn)

    def results() -> list[Tensor]:
        (value, aux), gradients = compute(tensors)
        return [*gradients, value, aux]

    require_apart(backend, results, {"x": tensors[0], "y": tensors[1]})


def of_scores(backend: Backend) -> None:
    """Compute the crossentropy, if the table has it, and take cells by native indices."""
    scores = backend.asarray(_X, "float32")
    classes = backend.asarray(np.array([2, 0]), "int32")
    held = {"the scores": scores, "the classes": classes}
    take, score = backend.functions["take"], backend.functions.get("crossentropy")
    require_apart(backend, lambda: [take(scores, classes, 1)], held)
    if score is not None:
        again = {
            "the scores": backend.asarray(_X, "float32"),
            "the classes": backend.asarray(np.array([2, 0]), "int32"),
        }
        require_apart(backend, lambda: [score(*again.values())], again)


def of_compiled(backend: Backend) -> None:
    """Call a compiled function twice."""
    tensor = backend.asarray(_X, "float32")
    compiled = backend.compile(lambda x: harness.product(x, 2.0))
    require_apart(backend, lambda: [compiled(tensor)], {"the input": tensor})


def of_inference(backend: Backend) -> None:
    """Call a function for inference twice, if the backend has that method."""
    prepare = getattr(backend, "compile_inference", None)
    if prepare is None:
        return
    variables = [backend.variable(_X, "float32")]
    tensor = backend.asarray(_X, "float32")
    infer = prepare(lambda v, x: v[0] * x)
    held = {"the variable": variables[0], "the input": tensor}
    require_apart(backend, lambda: [infer(variables, tensor)], held)


def of_packed(backend: Backend) -> None:
    """Pack one tensor, and several, if the backend has that method."""
    pack = getattr(backend, "pack", None)
    if pack is None:
        return
    tensors = [backend.asarray(_X, "float32"), backend.asarray(_X[0], "float32")]
    for some in (tensors[:1], tensors[1:], tensors):
        held = {f"tensor {place}": tensor for place, tensor in enumerate(some)}
        require_apart(backend, partial(_alone, partial(pack, some)), held)


def of_steps(backend: Backend) -> None:
    """Take a step that returns its input, old values and new ones; write into the result."""
    run = backend.compile_step(lambda v, i: ([v[0] + i], (v[0], v[0] + i, i)))
    variables: Sequence[Tensor] = [backend.variable(_X, "float32")]
    number = backend.asarray(np.array(1.0), "float32")
    for count in (1, 2, 3):
        variables, (old, new, _) = run(variables, number)
        write(backend, old)
        write(backend, new)
        _require_same(backend, variables[0], (_X + count).astype(np.float32), "a variable")


def require_apart(
    backend: Backend, compute: Callable[[], Sequence[Tensor]], held: dict[str, Tensor]
) -> None:
    """Compute the results several times and write into one after the other; the rest stays.

    As many times as a ring of buffers may be long.
    """
    before = {name: _values(backend, tensor) for name, tensor in held.items()}
    every = list(compute())
    wanted = [_values(backend, tensor) for tensor in every]
    for _ in range(_CALLS - 1):
        every += compute()
    numbers = wanted * _CALLS
    _require_all(backend, held, before, "the call changed")
    for tensor, want in zip(every, numbers, strict=True):
        _require_same(backend, tensor, want, "one of several results of the same call")
    for place in reversed(range(len(every))):
        write(backend, every[place])
        for other in range(place):
            what = "an earlier result, after a later one was written to,"
            _require_same(backend, every[other], numbers[other], what)
        _require_all(backend, held, before, "writing to a result changed")
    last = compute()
    for tensor, want in zip(last, wanted, strict=True):
        _require_same(backend, tensor, want, "the result, after earlier ones were written to,")
    for tensor in held.values():
        write(backend, tensor)
    for tensor, want in zip(last, wanted, strict=True):
        _require_same(backend, tensor, want, "the result, after the inputs were written to,")


def write(backend: Backend, tensor: Tensor) -> None:
    """Change the tensor's numbers, if its memory can be reached and written to."""
    memory = backend.to_numpy(tensor)
    if isinstance(memory, np.ndarray) and memory.flags.writeable:
        memory[...] = 77


def _require_all(
    backend: Backend, held: dict[str, Tensor], before: dict[str, Array], what: str
) -> None:
    for name, tensor in held.items():
        if _values(backend, tensor).tobytes() != before[name].tobytes():
            raise Mismatch(f"{what} {name}")


def _require_same(backend: Backend, tensor: Tensor, want: Array, what: str) -> None:
    got = _values(backend, tensor)
    if got.tobytes() != want.tobytes():
        raise Mismatch(f"{what} is {got.ravel()[:6].tolist()}; it was {want.ravel()[:6].tolist()}")


def _values(backend: Backend, tensor: Tensor) -> Array:
    return np.array(backend.to_numpy(tensor))


_APART = "What is returned shares memory with nothing that the caller holds."
_METHODS: tuple[tuple[str, Check, str, tuple[str, ...]], ...] = (
    ("draws", of_draws, _APART, ("random",)),
    ("gradients", of_sums, _APART, ("gradients",)),
    ("scores", of_scores, _APART, ("int32",)),
    ("compiled", of_compiled, _APART, ("compile",)),
    ("inference", of_inference, _APART, ()),
    ("packed", of_packed, _APART, ()),
    ("steps", of_steps, _APART, ("compile_step",)),
)
