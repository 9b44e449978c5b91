"""A function of variables and one tensor, compiled for each shape of the tensor and forgotten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

# Programs that are kept, as many as a layer keeps plans; the first one makes room for another.
KEPT = 128

Function = Callable[[Sequence[jax.Array], Any], Any]


class Inference:
    """Runs a function by a jitted one for each shape.

    One `jax.jit` would keep the programs of all shapes that it has met, a megabyte and more each.
    JAX drops a program with the Python function that it was made of, so each has its own.
    """

    # A jitted function makes a tensor of an array in less time than `device_put` (25 microseconds).
    takes_arrays = True

    def __init__(self, fn: Function, dtype: Callable[[str], np.dtype[Any]]) -> None:
        self._fn = fn
        self._dtype = dtype
        self._compiled: dict[tuple[int, ...], Function] = {}

    def __call__(self, variables: Sequence[jax.Array], inputs: Any) -> Any:
        """Return the function's result for a tensor or an array."""
        shape = inputs.shape
        if type(inputs) is np.ndarray:
            # Copied: jax 0.10.2 reads an array's own memory, also after the call has returned.
            inputs = np.array(inputs, self._dtype(inputs.dtype.name), order="C")
        return (self._compiled.get(shape) or self._compiled_for(shape))(variables, inputs)

    def _compiled_for(self, shape: tuple[int, ...]) -> Function:
        fn = self._fn

        def forward(variables: Sequence[jax.Array], inputs: jax.Array) -> Any:
            return fn(variables, inputs)

        while len(self._compiled) >= KEPT:
            self._compiled.pop(next(iter(self._compiled)), None)
        compiled: Function = jax.jit(forward)
        self._compiled[shape] = compiled
        return compiled
