"""Random numbers that are the same on every backend, by one seed."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Sequential, layers
from convdispatch.errors import InvalidType
from convdispatch.formulas.random import Draws, training_key
from convdispatch.kit import philox, portable_draws
from convdispatch.registry import registry

MASK = 0xFFFFFFFF
# Random123's kat_vectors for philox4x32-10: four words of the counter, two of the key, the answer.
VECTORS = [
    ("00000000 " * 4, "00000000 " * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff " * 4, "ffffffff " * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        "243f6a88 85a308d3 13198a2e 03707344",
        "a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


def words_of(text: str) -> list[int]:
    """Return the numbers of hexadecimal words."""
    return [int(word, 16) for word in text.split()]


def block(counter: list[int], key: list[int]) -> list[int]:
    """Return Philox-4x32-10's four words, by Python's integers as the paper defines them."""
    a, b, c, d = counter
    first, second = key
    for _ in range(10):
        one, other = a * 0xD2511F53, c * 0xCD9E8D57
        a, b = (other >> 32) ^ b ^ first, other & MASK
        c, d = (one >> 32) ^ d ^ second, one & MASK
        first, second = (first + 0x9E3779B9) & MASK, (second + 0xBB67AE85) & MASK
    return [a, b, c, d]


def drawn_words(key: list[int], count: int) -> np.ndarray[Any, Any]:
    """Return so many words that are drawn with a key of three numbers."""
    first, second, third = (number & MASK for number in key)
    blocks = [block([i, 0, 0, third], [first, second]) for i in range(-(-count // 4))]
    return np.array(blocks, np.uint64).reshape(-1)[:count]


def key_of(backend: Any, numbers: list[int]) -> Any:
    """Return a native key for portable draws."""
    return backend.asarray(np.array([numbers]), "int32")


@pytest.mark.parametrize(("counter", "key", "answer"), VECTORS)
def test_the_paper_s_vectors(backend_name: str, counter: str, key: str, answer: str) -> None:
    """Four words of the reference implementation, on every backend's integers."""
    backend = registry.load(backend_name)

    def native(words: str) -> list[Any]:
        numbers = np.array([words_of(words)], np.uint32).view(np.int32).reshape(-1, 1)
        return [backend.asarray(number, "int32") for number in numbers]

    found = [int(backend.to_numpy(one)[0]) & MASK for one in philox(native(counter), native(key))]
    assert found == words_of(answer) == block(words_of(counter), words_of(key))


KEY = [5, -7, 11]


@pytest.mark.parametrize("shape", [(7,), (3, 5), (0,), (2, 3, 700), (5000,)], ids=str)
def test_uniform_numbers_are_words(backend_name: str, shape: tuple[int, ...]) -> None:
    """In float32 the upper 24 bits of each word; a mask compares them with the probability."""
    backend = registry.load(backend_name)
    draws, key = Draws(backend), key_of(backend, KEY)
    want = ((drawn_words(KEY, int(np.prod(shape))) >> 8) / 2**24).reshape(shape)
    np.testing.assert_array_equal(backend.to_numpy(draws["uniform"](key, shape, "float32")), want)
    kept = backend.to_numpy(draws["bernoulli"](key, shape, "float32", 0.3))
    np.testing.assert_array_equal(kept, want < np.float32(0.3))
    for dtype, bits in (("float16", 11), ("bfloat16", 8)):
        half = backend.to_numpy(draws["uniform"](key, shape, dtype)).astype(float)
        np.testing.assert_array_equal(half, np.floor(want * 2**bits) / 2**bits)


def test_normal_numbers_are_quantiles(backend_name: str) -> None:
    """A word's upper bit is the sign, the others the probability; against Python's own inverse."""
    backend = registry.load(backend_name)
    words = drawn_words(KEY, 4000)
    sizes = [-NormalDist().inv_cdf(((int(word) & 0x7FFFFFFF) + 0.5) / 2**32) for word in words]
    want = np.where(words < 2**31, sizes, -np.array(sizes))
    found = backend.to_numpy(Draws(backend)["normal"](key_of(backend, KEY), (4000,), "float32"))
    np.testing.assert_allclose(found, want, rtol=2e-5, atol=2e-6)


def test_folding_is_a_block_of_its_own(backend_name: str) -> None:
    """The second word of the counter tells it from drawing; the key's third number stays."""
    backend = registry.load(backend_name)
    for number in (0, 3, 2**31 - 1):
        first, second, *_ = block([number, 1, 0, 11], [5, -7 & MASK])
        for given in (number, backend.asarray(np.array(number), "int32")):
            key = backend.to_numpy(Draws(backend)["fold"](key_of(backend, KEY), given))
            assert [int(one) & MASK for one in key.reshape(3)] == [first, second, 11]
            assert key.shape == (1, 3)


def test_a_draw_is_a_pure_function_of_the_key(backend_name: str) -> None:
    """Twice, and within what the backend compiles, the same bits; NumPy's own state stays."""
    backend = registry.load(backend_name)
    before = str(np.random.get_state())
    draw = Draws(backend)["uniform"]

    def drawn(key: Any) -> Any:
        return draw(Draws(backend)["fold"](key, 2), (50, 3), "float32")

    key = key_of(backend, KEY)
    compile_inference = getattr(backend, "compile_inference", backend.compile)
    compiled = compile_inference(lambda variables, key: drawn(key))
    found = [backend.to_numpy(one) for one in (drawn(key), drawn(key), compiled([], key))]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    assert str(np.random.get_state()) == before


def test_a_key_of_two_numbers_draws_by_the_framework(backend_name: str) -> None:
    """As without this module."""
    backend = registry.load(backend_name)
    key = backend.asarray(np.array([1, 2]), "int32")
    for name, rest in (("uniform", ()), ("normal", ()), ("bernoulli", (0.5,))):
        own, through = (
            backend.to_numpy(table[name](key, (5,), "float32", *rest))
            for table in (backend.random, Draws(backend))
        )
        np.testing.assert_array_equal(own, through)


def test_sizes_that_are_not_known_while_tensorflow_traces() -> None:
    """The numbers are those of known sizes."""
    tf = pytest.importorskip("tensorflow")
    backend = registry.load("tensorflow")
    draws, key = portable_draws(backend), key_of(backend, KEY)

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.int32), tf.TensorSpec([None, 3])])
    def drawn(key: Any, x: Any) -> Any:
        return Draws(backend)["uniform"](key, (tf.shape(x)[0], 3), "float32")

    for batch in (0, 2, 3000):
        known = draws["uniform"](key, (batch, 3), "float32")
        np.testing.assert_array_equal(drawn(key, tf.zeros((batch, 3))), known)


def test_a_seed_asks_for_portable_keys() -> None:
    """Of two axes; without `portable` two numbers."""
    convdispatch.set_random_seed(3, portable=True)
    drawn = training_key()
    assert drawn.shape == (1, 3)
    convdispatch.set_random_seed(3)
    assert training_key().shape == (2,)
    with pytest.raises(InvalidType, match="`portable` must be True or False; received 'yes'"):
        convdispatch.set_random_seed(3, portable="yes")  # type: ignore[arg-type]


LOSSES: dict[str, list[float]] = {}


def test_one_seed_trains_alike_on_every_backend(backend_name: str) -> None:
    """Dropout, noise, recurrent dropout and steps: the losses of NumPy's to 1e-6."""
    pytest.importorskip("autograd")
    if "numpy" not in LOSSES:
        LOSSES["numpy"] = trained("numpy")
    losses = trained(backend_name) if backend_name != "numpy" else LOSSES["numpy"]
    assert losses == pytest.approx(LOSSES["numpy"], rel=1e-6)
    convdispatch.set_random_seed(2, portable=True)
    assert len(set(losses)) == 3


def trained(backend: str) -> list[float]:
    """Return the losses of three steps of a model with every kind of random layer."""
    convdispatch.set_random_seed(1, portable=True)
    random = np.random.default_rng(0)
    x = random.normal(size=(8, 4, 6)).astype("float32")
    y = random.normal(size=(8, 3)).astype("float32")
    model = Sequential(
        [
            layers.GaussianNoise(0.3, input_shape=(4, 6)),
            layers.SpatialDropout1D(0.3, seed=2**40),
            layers.LSTM(5, dropout=0.4, recurrent_dropout=0.4, return_sequences=True),
            layers.Flatten(),
            layers.GaussianDropout(0.2),
            layers.Dense(16, activation="selu"),
            layers.AlphaDropout(0.2),
            layers.Dropout(0.5),
            layers.Dense(3),
        ],
        backend=backend,
    )
    model.compile("sgd", "mse")
    return [model.train_on_batch(x, y) for _ in range(3)]
