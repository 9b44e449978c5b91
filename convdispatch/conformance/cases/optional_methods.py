"""The methods that a backend may leave out: where it has one, its results are the right ones.

A backend without the method passes: the frontend does without it, and the results are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Check, Mismatch
from convdispatch.conformance.cases.plain_cases import plain_case
from convdispatch.conformance.cases.stepping import require_values
from convdispatch.numerics.problem import Array
from convdispatch.ops import Backend, Tensor

_X = np.arange(-12, 12).reshape(4, 3, 2) / 8


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases; `seed` draws nothing."""
    for slug, check, claim, needs in _CHECKS:
        yield plain_case("tensors", "contract", slug, check, claim, needs=needs)


def infers_any_shape(backend: Backend) -> None:
    """Call one function for inference with batches of other sizes, and again with the first."""
    prepare = _method(backend, "compile_inference")
    if prepare is None:
        return
    infer = prepare(lambda v, x: backend.functions["matmul"](x, v[0]) + v[1])
    kernel, bias = np.arange(6).reshape(2, 3) / 4, np.array([1.0, -2.0, 0.5])
    variables = [backend.variable(array, "float32") for array in (kernel, bias)]
    for size in (4, 1, 0, 7, 4):
        x = np.resize(_X, (size, 2))
        for given in _given(backend, infer, x):
            result = infer(variables, given)
            require_values(backend, [result], [x @ kernel + bias], "float32", f"of {size} samples")


def infers_and_learns(backend: Backend) -> None:
    """Differentiate after an inference, with respect to the variable that it has read."""
    prepare = _method(backend, "compile_inference")
    if prepare is None:
        return
    infer = prepare(lambda v, x: v[0] * x)
    variable = backend.variable(_X, "float32")
    x, total = backend.asarray(_X, "float32"), backend.functions["sum"]
    infer([variable], x)
    compute = backend.value_and_grad(lambda t: (total(t[0] * t[0] * x), None))
    _, gradients = compute([variable])
    require_values(backend, gradients, [2 * _X * _X], "float32", "the gradient after an inference")


def packs_in_order(backend: Backend) -> None:
    """Pack tensors of several shapes, unpack them, and unpack other numbers."""
    pack, unpack = _method(backend, "pack"), _method(backend, "unpack")
    if pack is None or unpack is None:
        return
    arrays = [_X, np.array(2.5), np.array([[1.0, -3.0]]), np.zeros((0, 2)), _X[0], -_X[0].T]
    tensors = [backend.asarray(array, "float32") for array in arrays]
    packed = pack(tensors)
    whole = np.concatenate([array.ravel() for array in arrays])
    require_values(backend, [packed], [whole], "float32", "what was packed")
    require_values(backend, list(unpack(packed, tensors)), arrays, "float32", "a part of it")
    twice = backend.asarray(2 * whole, "float32")
    parts = list(unpack(twice, tensors))
    require_values(backend, parts, [2 * array for array in arrays], "float32", "a part of others")


def scans(backend: Backend) -> None:
    """Loop over 4, 1 and 6 steps with two states and two inputs; compare with a loop here."""
    prepare = _method(backend, "compile_scan")
    if prepare is None:
        return
    run = prepare(_step)
    weight = np.array([[0.5, -0.25], [1.0, 0.75]])
    for length in (4, 1, 6, 4):
        x, scale = np.resize(_X, (length, 3, 2)), np.resize(_X[::-1], (length, 3, 1))
        native = [backend.asarray(array, "float32") for array in (weight, _X[0], x, scale)]
        (last, count), outputs = run(
            {"w": native[0]}, (native[1], backend.asarray(np.zeros(()), "float32")), native[2:]
        )
        held, wanted = _X[0], []
        for one, factor in zip(x, scale, strict=True):
            held = held * factor + one * weight[0]
            wanted.append(held - weight[1])
        require_values(
            backend,
            [last, count, outputs],
            [held, np.array(float(length)), np.stack(wanted)],
            "float32",
            f"a result of {length} steps",
        )


def scans_backwards(backend: Backend) -> None:
    """Differentiate through the loop: the slope of the sum of states that double is known."""
    prepare = _method(backend, "compile_scan")
    if prepare is None:
        return

    def step(weights: Any, state: Any, inputs: Any) -> tuple[Any, Any]:
        new = state[0] * weights + inputs[0]
        return (new,), new

    run, total = prepare(step), backend.functions["sum"]

    def fn(tensors: Sequence[Any]) -> tuple[Any, None]:
        weight, start, x = tensors
        (_,), outputs = run(weight, (start,), (x,))
        return total(outputs), None

    weight, start = np.array(2.0), np.array([1.0, -1.0])
    x = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]])
    tensors = [backend.asarray(array, "float32") for array in (weight, start, x)]
    _, gradients = backend.value_and_grad(fn)(tensors)
    states = [start]
    for row in x:
        states.append(2 * states[-1] + row)
    # Backwards: each state is an output, and twice of it is in the next one.
    upstream = [np.full(2, number) for number in (7.0, 3.0, 1.0)]
    slope = sum(float((up * s).sum()) for up, s in zip(upstream, states[:-1], strict=True))
    wanted = [np.array(slope), 2 * upstream[0], np.stack(upstream)]
    require_values(backend, gradients, wanted, "float32", "a gradient through the loop")


def advises(backend: Backend) -> None:
    """Ask for advice: sentences, none of which is empty."""
    advice = _method(backend, "advice")
    said = [] if advice is None else list(advice())
    if not all(isinstance(sentence, str) and sentence.strip() for sentence in said):
        raise Mismatch(f"the advice is {said!r}; each should be a sentence")


def _step(weights: Any, state: Any, inputs: Any) -> tuple[Any, Any]:
    (held, count), (x, scale) = state, inputs
    new = held * scale + x * weights["w"][0]
    return (new, count + 1), new - weights["w"][1]


def _method(backend: Backend, name: str) -> Callable[..., Any] | None:
    found: Callable[..., Any] | None = getattr(backend, name, None)
    return found


def _given(backend: Backend, infer: Any, x: Array) -> Iterator[Tensor]:
    """Yield the input as a tensor and, where the function takes one, as an array of each type."""
    yield backend.asarray(x, "float32")
    if getattr(infer, "takes_arrays", False):
        before = x.astype(np.float32)
        yield before
        if not np.array_equal(before, x.astype(np.float32)):
            raise Mismatch("the array that was given was written to")


_CHECKS: tuple[tuple[str, Check, str, tuple[str, ...]], ...] = (
    ("inference-shapes", infers_any_shape, "One function infers for batches of any size.", ()),
    (
        "inference-learns",
        infers_and_learns,
        "A variable is differentiated after an inference as before.",
        ("gradients",),
    ),
    ("pack-order", packs_in_order, "Packed tensors come in order and are unpacked in order.", ()),
    ("advice", advises, "Advice is a list of sentences.", ()),
    ("scan", scans, "A loop gives what its steps give, for any number of steps.", ()),
    ("scan-gradients", scans_backwards, "Gradients pass through a loop.", ("gradients",)),
)
