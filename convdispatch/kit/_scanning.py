"""A loop over the first axis of tensors, step by step, in Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from convdispatch.ops import Scan, ScanStep


def looped(step: ScanStep, functions: Mapping[str, Callable[..., Any]]) -> Scan:
    """Return what `Backend.compile_scan(step)` returns, as a loop in Python over native tensors.

    Autodiff goes through it, and a compiler unrolls it.
    """
    take, reshape, shape = functions["take"], functions["reshape"], functions["shape"]

    def at(tensor: Any, place: int) -> Any:
        return reshape(take(tensor, np.array([place]), 0), shape(tensor)[1:])

    def run(weights: Any, state: Any, inputs: Any) -> tuple[Any, Any]:
        outputs = []
        for place in range(inputs[0].shape[0]):
            state, output = step(weights, state, tuple(at(one, place) for one in inputs))
            outputs.append(output)
        return state, functions["stack"](outputs, 0)

    return run
