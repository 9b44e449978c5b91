"""Keys of random numbers: numbers folded into them, and nothing else, change what is drawn."""

from __future__ import annotations

import random
from collections.abc import Iterator
from math import sqrt
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Check, Mismatch
from convdispatch.conformance.cases.drawn import (
    key_of,
    random_case,
    require_alike,
    require_near,
    require_uncorrelated,
)
from convdispatch.ops import Backend

_COUNT = 4000


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of `fold`, and of compiled draws."""
    for slug, check, claim, needed in _CHECKS:
        yield random_case(slug, check, claim, needs=needed)


def folded(backend: Backend) -> None:
    """Fold many numbers into a key and into folded keys: all are distinct pairs of int32."""
    key, fold = key_of(backend, (11, 12)), backend.random["fold"]
    keys = [key, *(fold(key, number) for number in (*range(60), 2**31 - 1))]
    keys += [fold(fold(key, 1), 2), fold(fold(key, 2), 1), fold(fold(key, 0), 0)]
    for one in keys:
        if backend.describe(one) != ((2,), "int32"):
            raise Mismatch(f"`fold` gave {backend.describe(one)!r}; expected two int32")
    values = [tuple(np.asarray(backend.to_numpy(one)).tolist()) for one in keys]
    if len(set(values)) < len(values):
        raise Mismatch(f"{len(values) - len(set(values))} of {len(values)} keys came twice")


def independent(backend: Backend) -> None:
    """Correlate the draws of keys that `fold` made of neighbouring numbers, and of the key."""
    key, fold = key_of(backend, (11, 12)), backend.random["fold"]
    keys = [key, *(fold(key, number) for number in range(8))]
    drawn = [backend.random["normal"](one, (_COUNT,), "float32") for one in keys]
    require_uncorrelated([np.asarray(backend.to_numpy(one), np.float64) for one in drawn])


def all_over(backend: Backend) -> None:
    """Count how often each bit of keys that `fold` made is set: in half of them."""
    key, fold = key_of(backend, (0, 0)), backend.random["fold"]
    halves = np.array([backend.to_numpy(fold(key, number)) for number in range(100)])
    bits = (halves.astype(np.int64).reshape(-1, 1) >> np.arange(32)) & 1
    for bit, share in enumerate(bits.mean(0)):
        require_near(share, 0.5, sqrt(0.25 / halves.size), f"the share of set bits {bit}")


def by_a_tensor(backend: Backend) -> None:
    """Fold a Python number and the same one as a native scalar."""
    key, fold = key_of(backend, (1, -2)), backend.random["fold"]
    for number in (0, 5, 2**31 - 1):
        native = backend.asarray(np.array(number), "int32")
        pair = [np.asarray(backend.to_numpy(fold(key, each))) for each in (number, native)]
        require_alike(pair[1], pair[0], f"the key with {number} as a tensor")


def left_alone(backend: Backend) -> None:
    """Compare NumPy's and Python's own random states before and after, and seed them between."""

    def state() -> tuple[object, ...]:
        return str(np.random.get_state()), random.getstate()

    kept_numpy, kept_python = np.random.get_state(), random.getstate()
    try:
        before = state()
        drawn = [_every_draw(backend)]
        if state() != before:
            raise Mismatch("a draw changed the global random state of NumPy or of Python")
        np.random.seed(77)
        random.seed(77)
        drawn.append(_every_draw(backend))
    finally:
        np.random.set_state(kept_numpy)
        random.setstate(kept_python)
    require_alike(drawn[1], drawn[0], "the draw after the global state was seeded")


def compiled(backend: Backend) -> None:
    """Compile a function of the key and of a number that is folded in, and call it for both."""
    function = _draw_all(backend)
    jitted = backend.compile(function)
    _require_the_same(backend, function, jitted)


def in_a_step(backend: Backend) -> None:
    """Draw in a compiled step, whose inputs are the key and the number."""
    function = _draw_all(backend)
    run = backend.compile_step(lambda variables, inputs: (variables, function(*inputs)))
    variables = [backend.variable(np.ones(1), "float32")]

    def stepped(key: Any, number: Any) -> Any:
        nonlocal variables
        kept, result = run(variables, (key, number))
        variables = list(kept)
        return result

    _require_the_same(backend, function, stepped)


def _draw_all(backend: Backend) -> Any:
    def draw(key: Any, number: Any) -> Any:
        table = backend.random
        key = table["fold"](key, number)
        normal = table["normal"](key, (20, 3), "float32")
        chosen = table["bernoulli"](key, (20, 3), "float32", 0.25)
        drawn = [table["uniform"](key, (20, 3), "float32"), normal, chosen]
        return backend.functions["concatenate"](drawn, 1)

    return draw


def _require_the_same(backend: Backend, eager: Any, other: Any) -> None:
    key = key_of(backend, (1, -2))
    for number in (0, 5, 2**31 - 1):
        native = backend.asarray(np.array(number), "int32")
        pair = [np.array(backend.to_numpy(draw(key, native))) for draw in (eager, other)]
        require_alike(pair[1], pair[0], f"the draw with {number} folded in")


def _every_draw(backend: Backend) -> Any:
    native = backend.asarray(np.array(3), "int32")
    return np.array(backend.to_numpy(_draw_all(backend)(key_of(backend, (1, 2)), native)))


_CHECKS: tuple[tuple[str, Check, str, tuple[str, ...]], ...] = (
    ("fold-distinct", folded, "Other numbers and other orders of folding give other keys.", ()),
    ("fold-independent", independent, "Draws with folded keys are uncorrelated.", ()),
    ("fold-all-over", all_over, "Folded keys are spread over all numbers.", ()),
    ("fold-by-tensor", by_a_tensor, "The number may be a Python number or a tensor.", ()),
    ("global-state", left_alone, "The global random state is neither read nor changed.", ()),
    (
        "compiled",
        compiled,
        "A compiled function draws the same bits with the same key.",
        ("compile",),
    ),
    (
        "step",
        in_a_step,
        "A compiled step draws the same bits with the same key.",
        ("compile_step",),
    ),
)
