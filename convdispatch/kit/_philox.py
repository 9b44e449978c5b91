"""Random numbers that are the same on every backend: Philox-4x32-10, over native integers.

A block of four words depends on a counter and a key alone (Salmon and others, "Parallel random
numbers: as easy as 1, 2, 3", 2011). It is written here once, with the operators of int32 tensors:
`+`, `*`, `&` and `^` that wrap around. So it runs wherever the framework computes, is compiled with
what is around it, and calls nothing outside.

A key has the shape (1, 3) here: two numbers are Philox's, the third is the counter's last word.
The first word counts the blocks, the second tells drawing from folding. Such a key is told from a
framework's own by its two axes: a compiler may leave the size of an axis open.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from convdispatch.kit._precision import computed_in
from convdispatch.kit._primitives import Primitives, cast_of, functions_of

PORTABLE_KEY = (1, 3)  # its shape

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_BUMPS = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_ROW = 1024  # blocks
_DRAWING, _FOLDING = 0, 1

# Wichura's AS241: the inverse of the normal distribution, |q| <= 0.425 and then the tails.
_MIDDLE = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
    (5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
     5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0),
)  # fmt: skip
_TAIL = (
    (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
     1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055,
     4.6303378461565452959, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
     0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494,
     2.05319162663775882187, 1.0),
)  # fmt: skip


def philox(counter: Sequence[Any], key: Sequence[Any]) -> list[Any]:
    """Return the four words for four of a counter and two of a key: int32 tensors with an axis.

    >>> zero = np.zeros(1, "int32")
    >>> [f"{int(word[0]) % 2**32:08x}" for word in philox([zero] * 4, [zero] * 2)]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    state = (*counter, *key)
    for _ in range(_ROUNDS):
        state, _ = _round(None, state, ())
    return list(state[:4])


def _round(weights: object, state: Any, inputs: object) -> tuple[Any, Any]:
    """Return the state after a round and, as the step of a loop has to, some tensor of it."""
    a, b, c, d, first, second = state
    high, low = _product(a, _MULTIPLIERS[0])
    other_high, other_low = _product(c, _MULTIPLIERS[1])
    words = other_high ^ b ^ first, other_low, high ^ d ^ second, low
    bumped = first + _signed(_BUMPS[0]), second + _signed(_BUMPS[1])
    return (*words, *bumped), bumped[0]


def _product(x: Any, multiplier: int) -> tuple[Any, Any]:
    """Return the high and the low 32 bits of a product of unsigned numbers, as int32."""
    high, low = multiplier >> 16, multiplier & 0xFFFF
    x_low, x_high = x & 0xFFFF, _upper(x)
    carried = x_high * low + _upper(x_low * low)
    crossed = x_low * high + (carried & 0xFFFF)
    return x_high * high + _upper(carried) + _upper(crossed), x * _signed(multiplier)


def _upper(x: Any) -> Any:
    """Return the upper 16 of 32 bits, as a number that is not negative."""
    # Not every framework shifts: a quotient that is rounded down is the same.
    shifted = x >> 16 if hasattr(type(x), "__rshift__") else x // 0x10000
    return shifted & 0xFFFF


def _signed(number: int) -> int:
    return number - 2**32 if number >= 2**31 else number


def portable_draws(backend: Primitives) -> Mapping[str, Callable[..., Any]]:
    """Return `Backend.random` for keys of shape (1, 3), the same on every backend.

    Uniform numbers are bit for bit the same, normal ones to the rounding of their type.
    """
    source = _Source(backend)
    return MappingProxyType(
        {
            "fold": source.fold,
            "uniform": source.uniform,
            "normal": source.normal,
            "bernoulli": source.bernoulli,
        }
    )


class _Source:
    """The draws over one backend's tensors: pure functions of a key."""

    def __init__(self, backend: Primitives) -> None:
        self._backend = backend
        compile_scan = getattr(backend, "compile_scan", None)
        self._rounds = None if compile_scan is None else compile_scan(_round)

    def fold(self, key: Any, number: Any) -> Any:
        """Return another key, with the same third number."""
        words, third = self._parts(key)
        counter = [self._one(number), self._one(_FOLDING), self._one(0), third]
        a, b, *_ = self._philox(counter, words)
        return self._f["reshape"](self._f["concatenate"]([a, b, third], 0), PORTABLE_KEY)

    def uniform(self, key: Any, shape: Sequence[Any], dtype: str) -> Any:
        """Return numbers in [0, 1): of 24 bits, in float64 of 53, in half precision of its own."""
        computed = computed_in(dtype)
        if computed == "float64":
            pairs = self._words(key, (*shape, 2))
            parts = [self._taken(pairs, place) for place in (0, 1)]
            high, low = (
                self._cast(self._fraction(one, bits), computed)
                for one, bits in zip(parts, (27, 26), strict=True)
            )
            return (high * 2.0**26 + low) * 2.0**-53
        bits = 24 if dtype == computed else {"float16": 11, "bfloat16": 8}[dtype]
        drawn = self._cast(self._fraction(self._words(key, shape), bits), computed) * 2.0**-bits
        return drawn if dtype == computed else self._cast(drawn, dtype)

    def bernoulli(self, key: Any, shape: Sequence[Any], dtype: str, probability: Any) -> Any:
        """Return ones with that probability, and zeros otherwise."""
        return self._cast(self.uniform(key, shape, "float32") < probability, dtype)

    def normal(self, key: Any, shape: Sequence[Any], dtype: str) -> Any:
        """Return numbers of mean 0 and variance 1: a sign, and a quantile below 1/2."""
        words, computed = self._words(key, shape), computed_in(dtype)
        below_half = (self._cast(words & 0x7FFFFFFF, computed) + 0.5) * 2.0**-32
        size = -self._quantile(below_half)
        drawn = self._f["where"](words < 0, -size, size)
        return drawn if dtype == computed else self._cast(drawn, dtype)

    def _quantile(self, p: Any) -> Any:
        """Return where the normal distribution reaches p, at most 1/2."""
        q, where = p - 0.5, self._f["where"]
        middle = q * _ratio(_MIDDLE, 0.180625 - q * q)
        # No more than 4.8: p is at least 2**-33.
        tail = _ratio(_TAIL, self._f["sqrt"](-self._f["log"](p)) - 1.6)
        return where(q < -0.425, -tail, middle)

    def _words(self, key: Any, shape: Sequence[Any]) -> Any:
        """Return a word for each cell of that shape."""
        own, third = self._parts(key)
        count = math.prod(shape)
        zero, reshape = self._one(0), self._f["reshape"]
        blocks = self._philox([self._numbers(count), self._one(_DRAWING), zero, third], own)
        flat = reshape(self._f["stack"](blocks, 1), (-1,))
        if hasattr(type(flat), "__getitem__"):
            return reshape(flat[:count], tuple(shape))
        # Only where sizes may be unknown does a backend promise slices.
        return reshape(self._f["take"](flat, np.arange(count), 0), tuple(shape))

    def _philox(self, counter: Sequence[Any], key: Sequence[Any]) -> Sequence[Any]:
        """Return `philox(counter, key)`, by the framework's loop over the rounds if it has one.

        JAX 0.10.2 on a CPU takes 30 times as long, 50 ms for half a million words, without a loop:
        XLA fuses each word with all the rounds before it, and computes these anew.
        """
        if self._rounds is None:
            return philox(counter, key)
        first, *others = counter
        whole = (first, *(first * 0 + one for one in others))
        rounds = (self._int32(np.zeros((_ROUNDS, 1))),)
        state, _ = self._rounds({}, (*whole, *key), rounds)
        words: Sequence[Any] = state[:4]
        return words

    def _numbers(self, count: Any) -> Any:
        """Return the numbers of the blocks for so many words, perhaps of a few more."""
        if isinstance(count, int):
            blocks = -(-count // 4)
            if blocks <= _ROW:  # a constant: a program should hold no large ones
                return self._int32(np.arange(max(blocks, 1)))
            rows = self._int32(np.arange(-(-blocks // _ROW)) * _ROW)
        else:  # a size that is not known yet, below 2**36
            ones = self._f["pad"](
                self._cast(self._one(1), "float32"), ((0, count // (4 * _ROW)),), 1.0
            )
            rows = self._cast(self._f["cumsum"](ones, 0) - 1.0, "int32") * _ROW
        reshape = self._f["reshape"]
        columns = self._int32(np.arange(_ROW).reshape(1, _ROW))
        return reshape(reshape(rows, (-1, 1)) + columns, (-1,))

    def _parts(self, key: Any) -> tuple[list[Any], Any]:
        """Return the two words that are Philox's key, and the third."""
        flat, take = self._f["reshape"](key, (3,)), self._f["take"]
        a, b, third = (take(flat, np.array([place]), 0) for place in range(3))
        return [a, b], third

    def _fraction(self, words: Any, bits: int) -> Any:
        """Return the upper bits of words as numbers that are not negative."""
        divisor = 2 ** (32 - bits)
        shifts = hasattr(type(words), "__rshift__")
        shifted = words >> (32 - bits) if shifts else words // divisor
        return shifted & (2**bits - 1)

    def _taken(self, pairs: Any, place: int) -> Any:
        taken = self._f["take"](pairs, np.array([place]), -1)
        return self._f["reshape"](taken, self._f["shape"](taken)[:-1])

    def _one(self, number: Any) -> Any:
        if isinstance(number, int):
            return self._int32(np.array([number]))
        return self._f["reshape"](self._cast(number, "int32"), (1,))

    def _int32(self, numbers: Any) -> Any:
        return self._backend.asarray(numbers, "int32")

    def _cast(self, tensor: Any, dtype: str) -> Any:
        return cast_of(self._backend)(tensor, dtype)

    @property
    def _f(self) -> Mapping[str, Callable[..., Any]]:
        return functions_of(self._backend)


def _ratio(polynomials: Any, x: Any) -> Any:
    """Return the quotient of two polynomials, whose coefficients begin with the highest."""
    above, below = (_polynomial(one, x) for one in polynomials)
    return above / below


def _polynomial(coefficients: Sequence[float], x: Any) -> Any:
    total: Any = coefficients[0]
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total
