"""What methods and functions return is computed of the numbers that their tensors have now.

As in `stale`: variables are assigned to, other tensors, lists and arrays come.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Check, Mismatch
from convdispatch.conformance.cases.computing import compute as compute_op
from convdispatch.conformance.cases.plain_cases import plain_case
from convdispatch.conformance.cases.stale import in_another_order
from convdispatch.conformance.cases.stepping import require_values
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.problem import Array
from convdispatch.ops import Backend, Pad, Tensor

_SHAPE = (2, 3, 4)


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases; `seed` draws nothing."""
    for slug, check, claim, needs in _METHODS:
        yield plain_case("tensors", "edge", f"now-{slug}", check, claim, needs=needs)


def lists(backend: Backend) -> None:
    """Call a compiled function with another list, dictionary and tensor each time."""
    compiled = backend.compile(lambda some, named, x: some[0] * x + some[1] + named["more"])
    for factor in (1.0, 2.0, -3.0):
        arrays = [factor * _numbers(), factor + _numbers(), factor * 2 + _numbers()]
        native = [backend.asarray(array, "float32") for array in arrays]
        result = compiled(native[:2], {"more": native[2]}, native[0])
        want = arrays[0] ** 2 + arrays[1] + arrays[2]
        require_values(backend, [result], [want], "float32", "the result of another list")


def variables(backend: Backend) -> None:
    """Change variables, the list of them and the input of a function for inference."""
    prepare = getattr(backend, "compile_inference", None)
    if prepare is None:
        return
    infer = prepare(lambda v, x: v[0] * x + v[1])
    held = [backend.variable(_numbers(), "float32"), backend.variable(_numbers(), "float32")]
    x, numbers = backend.asarray(_numbers(), "float32"), [_numbers(), _numbers()]
    for place, factor in ((0, 2.0), (1, 3.0), (0, -1.0)):
        result = infer(held, x)
        want = numbers[0] * _numbers() + numbers[1]
        require_values(backend, [result], [want], "float32", "the result of these variables")
        numbers[place] = factor * _numbers()
        held[place] = backend.assign(held[place], numbers[place])
    result = infer(held, x)
    want = numbers[0] * _numbers() + numbers[1]
    require_values(backend, [result], [want], "float32", "the result of assigned variables")
    other = [backend.variable(-_numbers(), "float32"), backend.variable(_numbers(), "float32")]
    want = _numbers() - _numbers() ** 2
    require_values(backend, [infer(other, x)], [want], "float32", "the result of other variables")
    other[0] = held[0]
    want = numbers[0] * _numbers() + _numbers()
    require_values(backend, [infer(other, x)], [want], "float32", "the result of a changed list")


def steps(backend: Backend) -> None:
    """Assign to the inputs of a step between calls, and give it other inputs of the same shape."""
    run = backend.compile_step(lambda v, i: ([v[0] + i["x"]], i["x"] * 2))
    held: Sequence[Tensor] = [backend.variable(np.zeros(_SHAPE), "float32")]
    x, total = backend.variable(_numbers(), "float32"), np.zeros(_SHAPE)
    for factor in (1.0, -2.0, 3.0):
        x = backend.assign(x, factor * _numbers())
        for tensor in (x, backend.asarray(in_another_order(factor * _numbers()), "float32")):
            numbers = np.array(backend.to_numpy(tensor)).astype(np.float64)
            held, doubled = run(held, {"x": tensor})
            total = total + numbers
            require_values(backend, held, [total], "float32", "the variable")
            require_values(backend, [doubled], [2 * numbers], "float32", "the result")


def functions(backend: Backend) -> None:
    """Assign to a variable between calls of each function."""
    table, variable = backend.functions, backend.variable(_numbers(), "float32")
    for factor in (1.0, -2.0, 0.5):
        numbers = factor * _numbers()
        variable = backend.assign(variable, numbers)
        for name, want in (
            ("sum", numbers.sum()), ("max", numbers.max()), ("abs", np.abs(numbers)),
            ("relu", np.maximum(numbers, 0)), ("exp", np.exp(numbers)), ("tanh", np.tanh(numbers)),
        ):  # fmt: skip
            result = table[name](variable)
            require_values(backend, [result], [np.asarray(want)], "float32", f"{name!r}")
        wanted = numbers @ np.swapaxes(numbers, 1, 2)
        product = table["matmul"](variable, table["transpose"](variable, (0, 2, 1)))
        require_values(backend, [product], [wanted], "float32", "'matmul'")


def closures(backend: Backend) -> None:
    """Prepare functions of the same code that hold other numbers."""
    for factor in (2.0, 3.0, -1.0):
        _of_a_closure(backend, factor)


def _of_a_closure(backend: Backend, factor: float) -> None:
    total, x = backend.functions["sum"], backend.asarray(_numbers(), "float32")

    def scaled(tensor: Any) -> Any:
        return tensor * factor

    def step(variables: Sequence[Any], inputs: Any) -> tuple[Sequence[Any], Any]:
        return [scaled(variables[0])], scaled(inputs)

    held, result = backend.compile_step(step)([backend.variable(_numbers(), "float32")], x)
    results = [backend.compile(scaled)(x), *held, result]
    infer = getattr(backend, "compile_inference", None)
    if infer is not None:
        results.append(infer(lambda v, t: scaled(t))([], x))
    for each in results:
        wanted = factor * _numbers()
        require_values(backend, [each], [wanted], "float32", "the result of a new function")
    _, slopes = backend.value_and_grad(lambda t: (total(scaled(t[0])), None))([x])
    require_values(backend, slopes, [np.full(_SHAPE, factor)], "float32", "a new one's gradient")


def fresh_ops(backend: Backend) -> None:
    """Lower ops that are made, used and forgotten: the next may have the same place in memory."""
    x = np.arange(1.0, 7.0).reshape(1, 3, 2)
    for place in range(12):
        low, high = place % 4, place // 4
        op = Pad(pads=((low, high),), channels_last=True)
        got = compute_op(backend, op, "float32", x)
        want = np.pad(x, ((0, 0), (low, high), (0, 0)))
        require_within(got, want, 0, "float32", f"the result of pads {low} and {high}")
        del op


def keys(backend: Backend) -> None:
    """Draw with keys that are made of one array, one after the other."""
    memory, drawn = np.zeros(2, np.int32), []
    for number in (1, 2, 1):
        memory[...] = number, 7
        key = backend.asarray(memory, "int32")
        result = backend.random["normal"](key, (8,), "float32")
        drawn.append(np.array(backend.to_numpy(result)).tolist())
        del key
    if drawn[0] == drawn[1] or drawn[0] != drawn[2]:
        raise Mismatch(f"the keys 1, 2 and 1, of one array, drew {drawn}")


def scans(backend: Backend) -> None:
    """Call a loop with other weights, another state and other inputs of the same shapes."""
    prepare = getattr(backend, "compile_scan", None)
    if prepare is None:
        return

    def step(weights: Any, state: Any, inputs: Any) -> tuple[Any, Any]:
        (held,), (x,) = state, inputs
        new = held * weights[0] + x
        return (new,), new * 2

    run = prepare(step)
    for factor in (1.0, 2.0, -1.0):
        weight, start = (backend.asarray(factor * _numbers()[0], "float32") for _ in range(2))
        inputs = backend.asarray(factor * _numbers(), "float32")
        (last,), outputs = run((weight,), (start,), (inputs,))
        held, wanted = factor * _numbers()[0], []
        for row in factor * _numbers():
            held = held * factor * _numbers()[0] + row
            wanted.append(2 * held)
        require_values(backend, [last], [held], "float32", "the last state")
        require_values(backend, [outputs], [np.stack(wanted)], "float32", "the outputs")


def _numbers() -> Array:
    return np.asarray((np.arange(24).reshape(_SHAPE) - 12) / 16)


_NOW = "What is returned is computed of the numbers at the call."
_METHODS: tuple[tuple[str, Check, str, tuple[str, ...]], ...] = (
    ("compiled-lists", lists, _NOW, ("compile",)),
    ("inference", variables, _NOW, ()),
    ("steps", steps, _NOW, ("compile_step",)),
    ("functions", functions, _NOW, ()),
    ("closures", closures, _NOW, ("compile", "compile_step", "gradients")),
    ("fresh-ops", fresh_ops, _NOW, ("pad1d",)),
    ("keys", keys, _NOW, ("random",)),
    ("scans", scans, _NOW, ()),
)
