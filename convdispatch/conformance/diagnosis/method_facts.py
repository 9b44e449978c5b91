"""How a case calls a backend's methods: with which shapes and numbers, and what it reads again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from convdispatch.conformance.diagnosis.facts import PROPERTY, Facts

_OF_TENSORS = ("asarray", "assign", "cast", "describe", "owns", "to_numpy", "variable")
_ROUNDING = ("asarray", "assign", "cast", "variable")
READ_AGAIN = "inputs of a step that are read again"


def tell_arguments(facts: Facts, parts: dict[str, Any]) -> None:
    """Let the methods say what is special about their arguments."""
    given: list[Any] = []  # the inputs of steps that were done
    for name in _OF_TENSORS:
        parts[name] = _telling(facts, name, parts[name], given)

    def value_and_grad(fn: Callable[..., Any]) -> Callable[..., Any]:
        def compute(tensors: Any) -> Any:
            # NumPy has no gradients: what is read before they are compared is what counts.
            return fn(tensors), [np.zeros_like(one) for one in tensors]

        return compute

    def compile_step(step: Callable[..., Any]) -> Callable[..., Any]:
        def run(variables: Any, inputs: Any) -> Any:
            _tell_again(facts, inputs, given)
            done = step(variables, inputs)
            given.extend(_arrays(inputs))
            return done

        return run

    parts |= {"value_and_grad": value_and_grad, "compile_step": compile_step}


def _telling(
    facts: Facts, name: str, method: Callable[..., Any], given: list[Any]
) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        result = method(*arguments)
        if isinstance(arguments[0], np.ndarray | np.generic):
            facts.say(PROPERTY, (f"{name} of {word}" for word in _shape(np.shape(arguments[0]))))
        if name in _ROUNDING and _is_rounded(arguments[-1 if name == "assign" else 0], result):
            facts.say(PROPERTY, [f"{name} of numbers that are rounded"])
        if name == "to_numpy":
            _tell_again(facts, arguments[0], given)
        return result

    return call


def _shape(shape: tuple[int, ...]) -> Iterator[str]:
    if shape == ():
        yield "a tensor without axes"
    if 0 in shape:
        yield "an empty tensor"
    if 1 in shape:
        yield "an axis of one"


def _is_rounded(value: Any, result: Any) -> bool:
    wide = np.asarray(value)
    if wide.dtype.kind not in "fV" or result.dtype.kind not in "fV":
        return False
    with np.errstate(all="ignore"):
        before, after = (one.astype(np.float64) for one in (wide, result))
    both = np.isfinite(before) & np.isfinite(after)
    return bool((before != after)[both].any())


def _tell_again(facts: Facts, inputs: Any, given: list[Any]) -> None:
    if any(one is other for one in _arrays(inputs) for other in given):
        facts.say(PROPERTY, [READ_AGAIN])


def _arrays(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return [array for one in tree.values() for array in _arrays(one)]
    return [tree] if isinstance(tree, np.ndarray) else []
