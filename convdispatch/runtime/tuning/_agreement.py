"""Check that two candidates compute the same; a faster wrong answer must not win.

Each candidate is compared on random numbers with the backend's own choice, at two batch sizes. The
tolerance is the size of rounding errors, which grow like the square root of the number of products
in a sum, with room for algorithms that round more than a plain sum and declare it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch.ops import (
    Backend,
    ConvTranspose,
    Op,
    Signature,
    Tensor,
    features,
    known_sizes,
)
from convdispatch.runtime.registry import registry
from convdispatch.support.foreign import call

Array = npt.NDArray[Any]

_UNIT_ROUNDOFF = {
    "float16": 2.0**-11,
    "bfloat16": 2.0**-8,
    "float32": 2.0**-24,
    "float64": 2.0**-53,
}
# In units of the rounding error of a sum of random products: wide enough for any order of summation
# and for FFT, and far below the error of a wrong tap, pad or channel.
_ROOM = 16
# Roundings of the result itself: the sum, the bias, the activation and the stored value.
_ROUNDINGS_OF_RESULT = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """Random arguments of an op, and the tolerance between two correct answers for them."""

    arrays: tuple[Array, ...]  # the input and the weights
    dtype: str
    error_of_sum: float  # of the sum of products
    error_of_result: float  # relative to the largest result

    def tensors(self, backend: Backend) -> list[Tensor]:
        """Return the arguments as new tensors, because a candidate may overwrite its own."""
        return [backend.asarray(np.array(array), self.dtype) for array in self.arrays]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of the backend's own choice for a sample, taken before any candidate is called."""

    kind: str
    values: Array


def sample(backend: Backend, op: Op, signature: Signature, batch: int) -> Sample:
    """Return an input of `batch` items, and weights that keep the results near 1."""
    generator = np.random.default_rng(0)
    x = generator.uniform(-1, 1, (batch, *known_sizes(signature.input_shape)))
    weights = [generator.uniform(-1, 1, shape) for shape in signature.weight_shapes]
    length, absolute = 4, 1.0  # bilinear interpolation; padding sums nothing
    if weights:
        kernel = weights[0]
        # The axes over which a result is a sum: all but that of its own channel.
        own = kernel.ndim - (2 if isinstance(op, ConvTranspose) else 1)
        length = kernel.size // kernel.shape[own] + 1
        kernel /= math.sqrt(length)
        summed = tuple(axis for axis in range(kernel.ndim) if axis != own)
        absolute = float(np.abs(kernel).sum(summed).max()) + 1
    unit = _UNIT_ROUNDOFF[signature.dtype]
    # Half precision is summed in single, and rounded at the end.
    unit_of_sum = min(unit, _UNIT_ROUNDOFF["float32"])
    factor = _declared_factor(backend, op, signature)
    return Sample(
        arrays=(x, *weights),
        dtype=signature.dtype,
        error_of_sum=_ROOM * factor * math.sqrt(length) * unit_of_sum * absolute,
        error_of_result=_ROUNDINGS_OF_RESULT * factor * unit,
    )


def answer(backend: Backend, reference: Callable[..., Tensor], drawn: Sample) -> Answer:
    """Return the reference's answer for the sample, in separate memory."""
    result = call(reference, *drawn.tensors(backend))
    return Answer(_kind(backend, result), np.array(backend.to_numpy(result)))


def disagreement(
    backend: Backend,
    candidate: Callable[..., Tensor],
    samples: Sequence[Sample],
    answers: Sequence[Answer],
) -> str | None:
    """Describe how the candidate's answers differ by more than rounding, or return None.

    Raises whatever the candidate raises.
    """
    for drawn, right in zip(samples, answers, strict=True):
        got = call(candidate, *drawn.tensors(backend))
        kind = _kind(backend, got)
        if kind != right.kind:
            return f"gives {kind} where the backend gives {right.kind}"
        found = _largest_difference(backend.to_numpy(got), right.values, drawn)
        if found is not None:
            return found
    return None


def _largest_difference(got: Array, right: Array, drawn: Sample) -> str | None:
    # One item at a time: in float64, whole batches of images could fill the memory.
    for got_item, right_item in zip(got, right, strict=True):
        exact = np.asarray(right_item, np.float64)
        difference = np.max(np.abs(np.asarray(got_item, np.float64) - exact), initial=0.0)
        largest = np.max(np.abs(exact), initial=0.0)
        allowed = drawn.error_of_sum + drawn.error_of_result * largest
        if not difference <= allowed:  # so that NaN is refused
            return (
                f"differs from the backend's own choice by {difference:.2g}, where rounding may "
                f"make {allowed:.2g}"
            )
    return None


def _kind(backend: Backend, tensor: Tensor) -> str:
    shape, dtype = backend.describe(tensor)
    return f"{dtype} of shape {shape}"


def _declared_factor(backend: Backend, op: Op, signature: Signature) -> float:
    entry = registry.described(backend.name)
    if entry is None or entry.info is None:
        return 1.0
    declared = entry.info.capabilities.accuracy
    used = features(op, signature)
    return max((declared[name].factor for name in used if name in declared), default=1.0)
