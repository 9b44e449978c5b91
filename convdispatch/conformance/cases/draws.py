"""Random numbers have the right distribution, and depend on nothing but the key.

The bounds are those of sampling: five standard deviations of an estimate, which chance exceeds once
in 1.7 million. The keys are fixed, so that a backend passes always or never.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from math import sqrt

import numpy as np

from convdispatch.conformance.case import Case, Mismatch
from convdispatch.conformance.cases.drawn import (
    distance,
    key_of,
    numbers_of,
    random_case,
    require_alike,
    require_near,
    require_uncorrelated,
)
from convdispatch.ops import FLOAT_DTYPES, HALF_DTYPES, INTEGER_DTYPES, Backend, Shape

_COUNT = 8000
_SHAPE = (_COUNT // 4, 4)
_KEYS = ((0, 0), (1, 2), (-1, -(2**31)), (2**31 - 1, 7))
_SHAPES: tuple[Shape, ...] = ((), (0, 3), (1,), (2, 3, 1, 4))
_KINDS = ("uniform", "normal", "bernoulli")
# Mean, variance and fourth central moment.
_MOMENTS = {"uniform": (1 / 2, 1 / 12, 1 / 80), "normal": (0.0, 1.0, 3.0)}
# By Kolmogorov: the distance of the distributions, times the root of the count, exceeds it once in
# 2 exp(-2 * 2.5**2), which is 1 in 134,000.
_KOLMOGOROV = 2.5


def cases(seed: int) -> Iterator[Case]:
    """Yield the spread of each draw, purity, and the independence of keys that `fold` makes."""
    for key in _KEYS:
        slug = f"key-{key[0]}-{key[1]}"
        for kind in _MOMENTS:
            claim = "Mean, variance and distribution are right, within five standard deviations."
            yield random_case(f"{kind}-{slug}", spread, claim, kind, key, "float32")
        for probability in (0.02, 0.5, 0.9):
            claim = "Ones come with their probability, within five standard deviations."
            yield random_case(f"bernoulli-{probability}-{slug}", ones, claim, key, probability)
    for kind in _MOMENTS:
        claim = "Mean, variance and distribution are right, within five standard deviations."
        yield random_case(
            f"{kind}-float64", spread, claim, kind, (3, 4), "float64", dtype="float64"
        )
        claim = "Float64 is drawn with all its bits."
        yield random_case(f"{kind}-all-bits", all_bits, claim, kind, dtype="float64")
        for dtype in HALF_DTYPES:
            claim = "Half precision is float32's draw, rounded; a uniform number stays below 1."
            yield random_case(f"{kind}-rounded-{dtype}", rounded, claim, kind, dtype, dtype=dtype)
    for kind in _KINDS:
        for shape in _SHAPES:
            slug = f"{kind}-shape-{'x'.join(map(str, shape)) or 'none'}"
            yield random_case(slug, shaped, "The draw has the shape asked for.", kind, shape)
        claim = "The same key gives the same bits, whatever was drawn before."
        yield random_case(f"{kind}-again", again, claim, kind)
        claim = "Other keys give other, uncorrelated numbers."
        yield random_case(f"{kind}-of-other-keys", other_keys, claim, kind)
        claim = "Two threads with one key get the same bits."
        yield random_case(f"{kind}-in-threads", in_threads, claim, kind)
    yield from _of_types()
    claim = "Probability 0 gives only zeros, probability 1 only ones."
    yield random_case("bernoulli-sure", sure, claim)


def spread(backend: Backend, kind: str, key: tuple[int, int], dtype: str) -> None:
    """Draw thousands of numbers; compare their moments and their distribution function."""
    found = numbers_of(backend, kind, key, _SHAPE, dtype)
    mean, variance, fourth = _MOMENTS[kind]
    require_near(float(found.mean()), mean, sqrt(variance / _COUNT), "the mean")
    deviation = sqrt((fourth - variance**2) / _COUNT)
    require_near(float(np.mean((found - mean) ** 2)), variance, deviation, "the variance")
    if kind == "uniform" and not (found.min() >= 0 and found.max() < 1):
        raise Mismatch(f"numbers from {found.min()} to {found.max()} were drawn, outside [0, 1)")
    apart = distance(found, kind) * sqrt(_COUNT)
    if apart > _KOLMOGOROV:
        raise Mismatch(
            f"the distribution is {apart:.3g} / sqrt(n) from the right one; "
            f"{_KOLMOGOROV} is allowed"
        )


def ones(backend: Backend, key: tuple[int, int], probability: float) -> None:
    """Count the ones among zeros and ones."""
    found = numbers_of(backend, "bernoulli", key, _SHAPE, "float32", probability)
    if not set(np.unique(found)) <= {0, 1}:
        raise Mismatch(f"{np.unique(found)[:5]} were drawn; expected zeros and ones")
    deviation = sqrt(probability * (1 - probability) / _COUNT)
    require_near(float(found.mean()), probability, deviation, "the share of ones")


def sure(backend: Backend) -> None:
    """Draw with the probabilities 0 and 1, as integers and as floats."""
    for probability in (0, 1, 0.0, 1.0):
        found = numbers_of(backend, "bernoulli", (3, 4), _SHAPE, "float32", probability)
        if set(np.unique(found)) != {probability}:
            raise Mismatch(f"with probability {probability}, {np.unique(found)[:5]} were drawn")


def all_bits(backend: Backend, kind: str) -> None:
    """Count the numbers that float32 has too: there should be next to none."""
    found = numbers_of(backend, kind, (8, 9), (1000,), "float64")
    short = int(np.sum(found == found.astype(np.float32)))
    if short > 10:
        raise Mismatch(f"{short} of 1000 numbers in float64 have no more than float32's bits")


def rounded(backend: Backend, kind: str, dtype: str) -> None:
    """Draw in float32 and in half precision with one key."""
    single = numbers_of(backend, kind, (1, 1), _SHAPE, "float32").astype(np.float32)
    half = backend.random[kind](key_of(backend, (1, 1)), _SHAPE, dtype)
    values = np.asarray(backend.to_numpy(half))
    differs = values.astype(np.float64) != single.astype(values.dtype).astype(np.float64)
    if np.any(single.astype(values.dtype)[differs].astype(np.float64) != 1):
        raise Mismatch(f"{differs.sum()} numbers in {dtype} are not float32's, rounded")
    if kind == "uniform" and values.astype(np.float64).max() >= 1:
        raise Mismatch(f"a uniform number in {dtype} is 1")


def shaped(backend: Backend, kind: str, shape: Shape) -> None:
    """Draw tensors without axes, without numbers, and of several axes."""
    rest = (0.5,) if kind == "bernoulli" else ()
    tensor = backend.random[kind](key_of(backend, (1, 2)), shape, "float32", *rest)
    if not backend.owns(tensor):
        raise Mismatch(f"`owns` denies what {kind!r} drew, a {type(tensor).__name__}")
    if backend.describe(tensor) != (shape, "float32"):
        raise Mismatch(f"{backend.describe(tensor)!r} was drawn; expected {(shape, 'float32')!r}")


def typed(backend: Backend, dtype: str) -> None:
    """Draw zeros and ones of that element type; the probability is a tensor."""
    key, half = key_of(backend, (5, 6)), backend.asarray(np.array(0.5), "float32")
    tensor = backend.random["bernoulli"](key, (8, 8), dtype, half)
    if backend.describe(tensor) != ((8, 8), dtype):
        raise Mismatch(f"{backend.describe(tensor)!r} was drawn; expected {((8, 8), dtype)!r}")
    floats = numbers_of(backend, "bernoulli", (5, 6), (8, 8), "float32", 0.5)
    require_alike(np.asarray(backend.to_numpy(tensor)).astype(np.float64), floats, f"in {dtype}")


def again(backend: Backend, kind: str) -> None:
    """Draw, draw with other keys and other shapes, and draw again."""
    rest = (0.5,) if kind == "bernoulli" else ()
    first = numbers_of(backend, kind, (1, 2), (50, 3), "float32", *rest)
    for count in range(1, 4):
        numbers_of(backend, "normal", (count, 2), (7, count), "float32")
        found = numbers_of(backend, kind, (1, 2), (50, 3), "float32", *rest)
        require_alike(found, first, f"draw {count + 1}")


def other_keys(backend: Backend, kind: str) -> None:
    """Correlate draws whose keys differ by one in one number, and neighbours in one draw."""
    rest = (0.5,) if kind == "bernoulli" else ()
    keys = ((0, 0), (0, 1), (1, 0), (1, 1))
    drawn = [numbers_of(backend, kind, key, (_COUNT // 2,), "float32", *rest) for key in keys]
    require_uncorrelated([*drawn, np.roll(drawn[0], 1), np.roll(drawn[0], 2)])


def in_threads(backend: Backend, kind: str) -> None:
    """Draw with one key in eight threads."""
    rest = (0.5,) if kind == "bernoulli" else ()
    with ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit(numbers_of, backend, kind, (4, 2), (500,), "float32", *rest)
            for _ in range(8)
        ]
    for job in jobs[1:]:
        require_alike(job.result(), jobs[0].result(), "the draw of another thread")


def _of_types() -> Iterator[Case]:
    claim = "Zeros and ones have the element type asked for, integers among them."
    for dtype in (*FLOAT_DTYPES, *INTEGER_DTYPES):
        used = dtype if dtype in FLOAT_DTYPES else "float32"
        yield random_case(f"bernoulli-of-{dtype}", typed, claim, dtype, dtype=used)
