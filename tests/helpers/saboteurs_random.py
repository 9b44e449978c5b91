"""Random numbers of a wrong distribution, or that depend on more than their key."""

from __future__ import annotations

import numpy as np
from sabotage import drawn, honest, stateful

from convdispatch import kit

DRAWS = ("random/*",)
_R = honest.random


@drawn("uniform", *DRAWS)
def uniform_on_a_coarse_grid(draw, key, shape, dtype):
    """Draw multiples of 1/16."""
    return (np.floor(draw(key, shape, dtype).astype("f8") * 16) / 16).astype(kit.numpy_dtype(dtype))


@drawn("uniform", *DRAWS)
def uniform_rounds_up_to_one(draw, key, shape, dtype):
    """Round half-precision draws up to the excluded end of the range."""
    return draw(key, shape, "float32").astype(kit.numpy_dtype(dtype))


@drawn("normal", *DRAWS)
def normal_of_a_larger_variance(draw, key, shape, dtype):
    """Draw numbers of variance 1.2."""
    return (draw(key, shape, dtype) * 1.2**0.5).astype(kit.numpy_dtype(dtype))


@drawn("normal", *DRAWS)
def normal_is_uniform(draw, key, shape, dtype):
    """Draw uniform numbers of mean 0 and variance 1."""
    numbers = (_R["uniform"](key, shape, "float64") - 0.5) * 12**0.5
    return numbers.astype(kit.numpy_dtype(dtype))


@drawn("bernoulli", *DRAWS)
def zeros_with_the_probability(draw, key, shape, dtype, probability):
    """Draw 0, not 1, with the given probability."""
    return draw(key, shape, dtype, 1 - probability)


@drawn("bernoulli", *DRAWS)
def ones_by_row(draw, key, shape, dtype, probability):
    """Draw one number for each whole row."""
    row = draw(key, (*shape[:-1], *[1] * bool(shape)), dtype, probability)
    return np.broadcast_to(row, shape)


@drawn("bernoulli", *DRAWS)
def ones_of_floats_alone(draw, key, shape, dtype, probability):
    """Draw float32 where integers were asked for."""
    return draw(key, shape, dtype if "float" in dtype else "float32", probability)


@drawn("bernoulli", *DRAWS)
def a_sure_thing_fails(draw, key, shape, dtype, probability):
    """Draw one 0 among a thousand numbers although the probability of 1 is 1."""
    found = np.array(draw(key, shape, dtype, probability))
    if found.size > 1000 and float(probability) == 1:
        found.reshape(-1)[999] = 0
    return found


@stateful(*DRAWS)
def draws_count_their_calls():
    """Draw other numbers at the second call with the same key."""
    calls = iter(range(10**9))

    def normal(key, shape, dtype):
        return _R["normal"](_R["fold"](key, next(calls)), shape, dtype)

    return {"random": {**_R, "normal": normal}}


@drawn("uniform", *DRAWS)
def draws_from_the_global_state(draw, key, shape, dtype):
    """Draw from NumPy's global state where the key is [1, 2]."""
    if np.asarray(key).tolist() != [1, 2]:
        return draw(key, shape, dtype)
    return np.minimum(np.random.random_sample(shape), 0.5).astype(kit.numpy_dtype(dtype))


@drawn("normal", *DRAWS)
def draws_seed_the_global_state(draw, key, shape, dtype):
    """Seed NumPy's global state at each draw."""
    np.random.seed(abs(int(np.asarray(key)[0])) % 2**32)
    return draw(key, shape, dtype)


@drawn("fold", *DRAWS)
def folds_are_added(fold, key, number):
    """Add the number to the key, so that the order of folding does not matter."""
    return (np.asarray(key, "i8") + 1 + int(number)).astype("i4")


@drawn("fold", *DRAWS)
def folded_zero_is_no_fold(fold, key, number):
    """Return the key unchanged when zero is folded in."""
    return key if int(number) == 0 else fold(key, number)


@drawn("fold", *DRAWS)
def folds_sixteen_numbers(fold, key, number):
    """Fold in only the lowest four bits of the number."""
    return fold(key, int(number) % 16)


@drawn("fold", *DRAWS)
def folds_are_not_spread(fold, key, number):
    """Return only non-negative keys from a fold."""
    return fold(key, number) & 0x7FFFFFFF


@drawn("fold", *DRAWS)
def folds_of_int64(fold, key, number):
    """Return a key of int64."""
    return fold(key, number).astype("i8")


@drawn("uniform", *DRAWS)
def half_of_the_key_unread(draw, key, shape, dtype):
    """Draw uniform numbers from the first half of the key alone."""
    return draw(np.array([np.asarray(key)[0], 0], "i4"), shape, dtype)


@drawn("normal", *DRAWS)
def float64_drawn_in_float32(draw, key, shape, dtype):
    """Draw float64 with the bits of float32."""
    return draw(key, shape, "float32" if dtype == "float64" else dtype).astype(
        kit.numpy_dtype(dtype)
    )


@drawn("normal", *DRAWS)
def half_drawn_by_another_key(draw, key, shape, dtype):
    """Draw half precision with another key than float32."""
    half = dtype in ("float16", "bfloat16")
    return draw(_R["fold"](key, 1) if half else key, shape, dtype)


@drawn("uniform", *DRAWS)
def a_scalar_is_drawn_as_a_row(draw, key, shape, dtype):
    """Return an array of one number when a scalar is drawn."""
    return draw(key, shape or (1,), dtype)


@drawn("uniform", *DRAWS)
def every_second_number_is_a_copy(draw, key, shape, dtype):
    """Use each number of a draw twice."""
    found = np.array(draw(key, shape, dtype))
    flat = found.reshape(-1)
    flat[1::2] = flat[: 2 * (flat.size // 2) : 2]
    return found
