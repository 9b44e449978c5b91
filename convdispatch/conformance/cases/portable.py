"""Random numbers that are the same on every backend: the frontend computes them over its integers.

The definition is that of Philox-4x32-10, in integers of 64 bits.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convdispatch.conformance.case import Case, Mismatch
from convdispatch.formulas.random import Draws
from convdispatch.numerics.problem import Array
from convdispatch.ops import Backend, Tensor

_KEYS = ((1, 2, 3), (-1, -(2**31), 2**31 - 1))
_SHAPES = ((5, 3), (2, 2500))  # one row of blocks, and two
_32_BITS = np.uint64(2**32 - 1)


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of portable draws."""
    for slug, check, claim in (
        ("words", words, "draws with a key of shape (1, 3) are the words of Philox-4x32-10"),
        ("folded", folded, "a number folded into such a key gives the words of another block"),
    ):
        yield Case(
            id=f"portable/contract/{slug}",
            level="contract",
            op="portable",
            claim=claim,
            check=check,
            features=("random", "float32"),
        )


def words(backend: Backend) -> None:
    """Draw masks and uniform numbers, and compare each with its word."""
    for key in _KEYS:
        for shape in _SHAPES:
            count = int(np.prod(shape))
            blocks = np.arange(-(-count // 4), dtype=np.uint64)
            drawn = _philox((blocks, 0, 0, key[2]), key[:2]).reshape(-1)[:count].reshape(shape)
            wanted = (drawn >> np.uint64(8)) / 2**24
            draws, native = Draws(backend), _key_of(backend, key)
            _require(backend, draws["uniform"](native, shape, "float32"), wanted, "numbers")
            mask = draws["bernoulli"](native, shape, "float32", 0.25)
            _require(backend, mask, (wanted < 0.25).astype(float), "masks")


def folded(backend: Backend) -> None:
    """Fold numbers into keys, as Python's and as native scalars."""
    for key in _KEYS:
        for number in (0, 7, 2**31 - 1):
            block = _philox((np.array([number], np.uint64), 1, 0, key[2]), key[:2])[0, :2]
            wanted = np.array([[*block.astype(np.uint32).view(np.int32), key[2]]])
            for given in (number, backend.asarray(np.array(number), "int32")):
                found = Draws(backend)["fold"](_key_of(backend, key), given)
                _require(backend, found, wanted, "keys")


def _key_of(backend: Backend, numbers: tuple[int, ...]) -> Tensor:
    return backend.asarray(np.array([numbers]), "int32")


def _require(backend: Backend, found: Tensor, wanted: Array, what: str) -> None:
    numbers = np.asarray(backend.to_numpy(found))
    if numbers.shape != wanted.shape or not np.array_equal(numbers, wanted):
        raise Mismatch(f"portable {what} are not those of Philox-4x32-10, of shape {wanted.shape}")


def _philox(counter: tuple[Array | int, ...], key: tuple[int, ...]) -> Array:
    """Return the four words of each block, whose numbers are the first of the counter."""
    blocks = np.asarray(counter[0], np.uint64)
    a, b, c, d = (np.full(blocks.shape, _bits(one), np.uint64) for one in (0, *counter[1:]))
    a = a + blocks
    first, second = (np.uint64(_bits(one)) for one in key)
    for _ in range(10):
        one, other = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
        a, b = (other >> np.uint64(32)) ^ b ^ first, other & _32_BITS
        c, d = (one >> np.uint64(32)) ^ d ^ second, one & _32_BITS
        first = np.uint64((int(first) + 0x9E3779B9) % 2**32)
        second = np.uint64((int(second) + 0xBB67AE85) % 2**32)
    return np.stack([a, b, c, d], axis=1)


def _bits(number: Array | int) -> int:
    return int(number) % 2**32
