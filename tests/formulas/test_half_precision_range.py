"""Every elementwise activation of every half-precision number, against its definition in float64.

The definitions are written down here once more, for NumPy and without a thought for overflow:
float64 has enough of everything.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convdispatch import activations
from convdispatch.activations import KERAS1, KERAS2, KERAS3, Activation
from convdispatch.conformance import bounds
from convdispatch.numerics.distance import spacing
from convdispatch.ops import HALF_DTYPES, Backend

ml_dtypes = pytest.importorskip("ml_dtypes", reason="NumPy has bfloat16 by it")

Array = np.ndarray[Any, np.dtype[Any]]
Definition = Callable[[Array], Array]

TYPES = {"float16": np.dtype(np.float16), "bfloat16": np.dtype(ml_dtypes.bfloat16)}
# Below float32's smallest normal number, where bfloat16's is too, a processor may round to zero.
SMALLEST = 2.0**-126
# A formula takes at most so many roundings of float32; a function of the table is 8 of them.
ROUNDINGS = 4 * bounds.FUNCTION_ULPS

_erf = np.vectorize(math.erf, otypes=[float])


def _erfc_half(x: Array) -> Array:
    return np.vectorize(math.erfc, otypes=[float])(-x / math.sqrt(2)) / 2


def _sigmoid(x: Array) -> Array:
    return np.where(x < 0, np.exp(np.minimum(x, 0)), 1) / (1 + np.exp(-np.abs(x)))


def _softplus(x: Array) -> Array:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _elu(x: Array, alpha: float = 1.0) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _squareplus(x: Array, b: float = 4.0) -> Array:
    root = np.sqrt(x * x + b)
    return np.where(x < 0, b / (root - x), x + root) / 2


def _tanh_shrink(x: Array) -> Array:
    series = x**3 / 3 - 2 * x**5 / 15 + 17 * x**7 / 315 - 62 * x**9 / 2835
    return np.where(np.abs(x) < 0.03, series, x - np.tanh(x))


_SCALE, _ALPHA = 1.0507009873554804934, 1.6732632423543772848

DEFINITIONS: dict[str, Definition] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x < 0, 0.2 * x, x),
    "relu6": lambda x: np.clip(x, 0, 6),
    "elu": _elu,
    "selu": lambda x: _SCALE * _elu(x, _ALPHA),
    "celu": _elu,
    "gelu": lambda x: x * _erfc_half(x),
    "silu": lambda x: x * _sigmoid(x),
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "sigmoid": _sigmoid,
    "hard_sigmoid": lambda x: np.clip((x + 3) / 6, 0, 1),
    "log_sigmoid": lambda x: -_softplus(-x),
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "hard_silu": lambda x: x * np.clip((x + 3) / 6, 0, 1),
    "tanh": np.tanh,
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "tanh_shrink": _tanh_shrink,
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "threshold": lambda x: np.where(x > 0, x, 0),
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "squareplus": _squareplus,
    "sparse_plus": lambda x: np.where(x >= 1, x, (np.clip(x, -1, 1) + 1) ** 2 / 4),
    "exponential": np.exp,
}
_GELU_ANGLE = 2 * math.sqrt(2 / math.pi)
OTHERS: list[tuple[Activation, Definition]] = [
    (KERAS1["hard_sigmoid"], lambda x: np.clip(0.2 * x + 0.5, 0, 1)),
    (KERAS2["swish"], lambda x: x * _sigmoid(x)),
    (
        activations.gelu.with_parameters(approximate=True),
        lambda x: x * _sigmoid(_GELU_ANGLE * (x + 0.044715 * x**3)),
    ),
    (
        activations.relu.with_parameters(negative_slope=0.1, max_value=6.1, threshold=0.3),
        lambda x: np.where(x > 0.3, np.minimum(x, 6.1), 0.1 * (x - 0.3)),
    ),
    (KERAS1["relu"].with_parameters(alpha=0.3), lambda x: np.where(x < 0, 0.3 * x, x)),
    (activations.elu.with_parameters(alpha=0.3), lambda x: _elu(x, 0.3)),
    (activations.celu.with_parameters(alpha=0.3), lambda x: _elu(x / 0.3, 1) * 0.3),
    (activations.squareplus.with_parameters(b=0.3), lambda x: _squareplus(x, 0.3)),
    (
        activations.hard_shrink.with_parameters(threshold=0.3),
        lambda x: np.where(np.abs(x) > 0.3, x, 0),
    ),
    (
        activations.soft_shrink.with_parameters(threshold=0.3),
        lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.3, 0),
    ),
    (
        activations.threshold.with_parameters(threshold=0.3, default_value=0.7),
        lambda x: np.where(x > 0.3, x, 0.7),
    ),
]
FORMULAS = [(KERAS3[name], definition) for name, definition in DEFINITIONS.items()] + OTHERS
# Differences of numbers of the size of x, or of 1 where x is larger: nothing smaller is kept.
CANCELLING = ("tanh_shrink", "hard_sigmoid", "hard_silu", "soft_shrink", "sparse_sigmoid",
              "relu", "sparse_plus")  # fmt: skip


def numbers(dtype: str) -> Array:
    """Return all numbers of the type, but bfloat16's subnormal ones, which are float32's too."""
    every = np.arange(2**16, dtype=np.uint16).view(TYPES[dtype])
    with np.errstate(invalid="ignore"):  # of signalling NaN
        wide = np.abs(every.astype(np.float64))
    return every[np.isfinite(wide) & ((wide == 0) | (wide >= SMALLEST))]


def test_every_elementwise_activation_has_its_definition() -> None:
    """A new activation comes with a row."""
    by_axis = {"softmax", "log_softmax", "sparsemax", "glu"}
    assert set(DEFINITIONS) | by_axis | {"swish", "hard_swish"} == set(KERAS3)


@pytest.mark.parametrize("dtype", HALF_DTYPES)
@pytest.mark.parametrize(
    ("activation", "definition"), FORMULAS, ids=[f"{a.name}-{a.parameters}" for a, _ in FORMULAS]
)
def test_all_of_half_precision(
    backend: Backend, activation: Activation, definition: Definition, dtype: str
) -> None:
    """The result is the exact one rounded, or a neighbour if float32's rounding differs."""
    x = numbers(dtype)
    with np.errstate(all="ignore"):
        exact = definition(x.astype(np.float64))
        got = np.asarray(backend.to_numpy(activation(backend.asarray(x, dtype))))
        want = exact.astype(TYPES[dtype]).astype(np.float64)
    assert got.dtype == TYPES[dtype]
    values = got.astype(np.float64)
    scale = np.abs(exact)
    if activation.name in CANCELLING:
        scale = scale + np.minimum(np.abs(x.astype(np.float64)), 8)
    # A factor that vanishes is multiplied by x.
    vanished = SMALLEST * (1 + np.minimum(np.abs(x.astype(np.float64)), 128))
    allowed = spacing(exact, dtype) / 2 + ROUNDINGS * 2.0**-24 * scale + vanished
    with np.errstate(invalid="ignore"):
        wrong = np.where(np.isfinite(want), ~(np.abs(values - exact) <= allowed), values != want)
    shown = list(zip(x[wrong], values[wrong], exact[wrong], strict=True))[:5]
    assert not wrong.any(), f"{wrong.sum()} of {x.size} numbers, of which {shown}"
