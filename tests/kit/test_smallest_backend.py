"""A backend that has functions and one convolution passes the suite: `kit` does the rest.

It computes with NumPy's arrays and has no gradients, compiler, draws or steps. What it is made of
is all that a backend needs, so a case that fails here is a fault of `kit`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from convdispatch import kit
from convdispatch.conformance.cases import build
from convdispatch.conformance.results import PASSED, UNSUPPORTED
from convdispatch.conformance.run.execution import Declared, execute
from convdispatch.conformance.run.known_failures import KnownFailures
from convdispatch.ops import BackendInfo, Capabilities, Conv, Op, Signature
from convdispatch.runtime.completion import complete

Array = np.ndarray[Any, np.dtype[Any]]


def as_it_is(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function: nothing traces it."""
    return function


class Smallest:
    """NumPy's arrays, convolved tap by tap."""

    name = "smallest"
    functions: Mapping[str, Callable[..., Any]] = kit.numpy_functions(
        lambda name, function: function
    )

    def lower(self, op: Op, signature: Signature) -> Callable[..., Any]:
        """Return a convolution in one group, or what `kit` makes of it."""
        if not (isinstance(op, Conv) and op.groups == 1):
            return kit.derived(op, signature, self)
        convolve = kit.finished(op, self.functions, convolution(op, signature))
        return kit.rounded_once(convolve, signature.dtype, self.cast)

    def owns(self, value: object) -> bool:
        """Say whether it is an array."""
        return isinstance(value, np.ndarray | np.generic)

    def describe(self, tensor: Array) -> tuple[tuple[int, ...], str]:
        """Return shape and element type."""
        return tensor.shape, tensor.dtype.name

    def asarray(self, value: Array, dtype: str) -> Array:
        """Return an array."""
        return np.asarray(value, kit.numpy_dtype(dtype).newbyteorder("="))

    def synchronize(self, tensor: Array) -> None:
        """Return at once: NumPy computes before it returns."""

    def cast(self, tensor: Array, dtype: str) -> Array:
        """Return an array of another element type."""
        return tensor.astype(kit.numpy_dtype(dtype))

    def to_numpy(self, tensor: Array) -> Array:
        """Return the array."""
        return kit.native(np.asarray(tensor))  # type: ignore[no-any-return]  # it takes boxes too


def convolution(op: Conv, signature: Signature) -> Callable[[Array, Array], Array]:
    """Return the sum of the taps' products, without bias and activation."""
    axes = kit.axes(op, signature)
    to_last, to_first = kit.permutations(len(axes))
    pads = [(0, 0), *((max(axis.low, 0), max(axis.high, 0)) for axis in axes), (0, 0)]
    starts = [max(-axis.low, 0) for axis in axes]

    def convolve(x: Array, kernel: Array) -> Array:
        padded = np.pad(x if op.channels_last else x.transpose(to_last), pads)
        sizes = (len(x), *(axis.count for axis in axes), kernel.shape[-1])
        y = np.zeros(sizes, x.dtype)
        for tap in itertools.product(*map(range, kernel.shape[:-2])):
            firsts = [
                start + j * axis.dilation for start, j, axis in zip(starts, tap, axes, strict=True)
            ]
            read = tuple(
                slice(first, first + (axis.count - 1) * axis.stride + 1, axis.stride)
                for first, axis in zip(firsts, axes, strict=True)
            )
            y += padded[(slice(None), *read)] @ kernel[tap]
        return y if op.channels_last else y.transpose(to_first)

    return convolve


RANKS = ("1d", "2d", "3d")
CONVOLUTIONS = {f"conv{rank}{suffix}" for rank in RANKS for suffix in ("", "_transpose")}
OPS = CONVOLUTIONS | {f"{stem}{rank}" for rank in RANKS for stem in ("pad", "upsample")}
NOT_HERE = "the smallest backend has no such thing"
DECLINED = {
    **dict.fromkeys(("gradients", "compile", "random", "compile_step", "wrap"), NOT_HERE),
    "unknown_sizes": "NumPy traces nothing",
    "nonfinite_weights": "infinity times the zeros between strided cells is NaN",
}
backend = Smallest()
INFO = BackendInfo(
    protocol=2,
    name=backend.name,
    framework="numpy",
    load=f"{__name__}:backend",
    install="it is here",
    capabilities=Capabilities(unsupported=DECLINED),
)


@pytest.mark.parametrize("level", ["core", "edge"])
def test_the_smallest_backend_passes(level: str) -> None:
    """Every case of an op, but for those that ask for what the backend declines."""
    pytest.importorskip("ml_dtypes", reason="NumPy's bfloat16 needs the package ml_dtypes")
    declared = Declared(DECLINED, KnownFailures("", {}))
    complete(backend, INFO)  # as the registry does
    chosen = [case for case in build() if case.level == level and case.op in OPS]
    outcomes = [execute(case, backend, declared) for case in chosen]
    assert [o for o in outcomes if o.status not in (PASSED, UNSUPPORTED)] == []
    assert len([o for o in outcomes if o.status == PASSED]) > 300
    assert {case.op for case in chosen} == (OPS if level == "edge" else CONVOLUTIONS)
