"""`Backend.random` over NumPy arrays, for backends whose tensors are in the machine's memory.

NumPy's Philox takes a key of 128 bits and mixes them. One half is our key. The other half is 0 for
draws and 1 + n for folding in the number n, so folding and drawing never use the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from convdispatch.kit._numpy_arrays import numpy_dtype
from convdispatch.kit._precision import computed_in

Array: TypeAlias = npt.NDArray[Any]

_SIGNIFICANT_BITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}


def below_one(dtype: str) -> float:
    """Return the largest number below 1; a uniform number is clipped to it before rounding.

    >>> below_one("bfloat16")
    0.99609375
    """
    return 1 - 2.0 ** -_SIGNIFICANT_BITS[dtype]


def fold(key: Any, number: Any) -> Array:
    """Return another key, as two int32.

    >>> fold(np.array([1, 2], "int32"), 3).dtype.name
    'int32'
    """
    return _philox(key, 1 + int(number)).random_raw(1).view(np.int32)


def uniform(key: Any, shape: Sequence[int], dtype: str) -> Array:
    """Return numbers in [0, 1).

    >>> bool((uniform(np.array([1, 2]), (1000,), "float16") < 1).all())
    True
    """
    numbers = _source(key).random(tuple(shape), _drawn_in(dtype))
    return _rounded(np.minimum(numbers, below_one(dtype)), dtype)


def normal(key: Any, shape: Sequence[int], dtype: str) -> Array:
    """Return numbers of mean 0 and variance 1."""
    return _rounded(_source(key).standard_normal(tuple(shape), _drawn_in(dtype)), dtype)


def bernoulli(key: Any, shape: Sequence[int], dtype: str, probability: Any) -> Array:
    """Return ones with that probability, and zeros otherwise."""
    return _rounded(_source(key).random(tuple(shape), np.float32) < probability, dtype)


def _source(key: Any) -> np.random.Generator:
    return np.random.Generator(_philox(key, 0))


def _philox(key: Any, other_half: int) -> np.random.Philox:
    first, second = (int(number) % 2**32 for number in key)
    return np.random.Philox(key=np.array([first + (second << 32), other_half], np.uint64))


def _drawn_in(dtype: str) -> Any:
    return np.float64 if dtype == "float64" else np.float32


def _rounded(numbers: Any, dtype: str) -> Array:
    return np.asarray(numbers, numpy_dtype(dtype))


draws: Mapping[str, Any] = MappingProxyType(
    {"fold": fold, "uniform": uniform, "normal": normal, "bernoulli": bernoulli}
)


def draws_from(
    *,
    fold: Callable[..., Any],
    uniform: Callable[..., Any],
    normal: Callable[..., Any],
    cast: Callable[[Any, str], Any],
    minimum: Callable[[Any, float], Any],
) -> dict[str, Callable[..., Any]]:
    """Return `Backend.random`, made from a framework's draws in float32 and float64.

    `uniform` and `normal` take (key, shape, dtype); `cast` and `minimum` are the backend's.
    """

    def rounded_uniform(key: Any, shape: Sequence[Any], dtype: str) -> Any:
        numbers = uniform(key, tuple(shape), computed_in(dtype))
        return cast(minimum(numbers, below_one(dtype)), dtype)

    def rounded_normal(key: Any, shape: Sequence[Any], dtype: str) -> Any:
        return cast(normal(key, tuple(shape), computed_in(dtype)), dtype)

    def bernoulli(key: Any, shape: Sequence[Any], dtype: str, probability: Any) -> Any:
        return cast(uniform(key, tuple(shape), "float32") < probability, dtype)

    return {
        "fold": fold,
        "uniform": rounded_uniform,
        "normal": rounded_normal,
        "bernoulli": bernoulli,
    }
