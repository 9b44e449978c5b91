"""`Backend.random`: what a key gives, how it is spread, and what it does not touch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from convdispatch.ops import FLOAT_DTYPES, Backend

COUNT = 20_000
SHAPE = (COUNT // 4, 4)
KEYS = [(0, 0), (1, 2), (-1, -(2**31)), (2**31 - 1, 7)]
EVERY_KEY = pytest.mark.parametrize("numbers", KEYS, ids=str)
# By Kolmogorov: the largest distance between the two distribution functions exceeds it, times the
# root of the count, once in 2 exp(-2 * 2.5**2), which is 1 in 134,000.
KOLMOGOROV = 2.5


def key_of(backend: Backend, numbers: tuple[int, int]) -> Any:
    """Return a key."""
    return backend.asarray(np.array(numbers), "int32")


def drawn(backend: Backend, kind: str, numbers: Any, *arguments: Any) -> Any:
    """Return what is drawn with a key, as an array in float64."""
    tensor = backend.random[kind](key_of(backend, numbers), *arguments)
    return backend.to_numpy(tensor).astype(np.float64)


def distance(numbers: Any, distribution: Any) -> float:
    """Return the largest distance of the numbers' own distribution function from another."""
    expected = distribution(np.sort(numbers.ravel()))
    steps = np.arange(numbers.size + 1) / numbers.size
    return float(max(np.max(expected - steps[:-1]), np.max(steps[1:] - expected)))


def assert_moments(numbers: Any, mean: float, variance: float, fourth: float) -> None:
    """Assert that mean and variance are within five standard deviations of their estimates.

    `fourth` is the fourth central moment: the estimate of the variance has the variance
    (fourth - variance**2) / count.
    """
    size = numbers.size
    assert abs(numbers.mean() - mean) < 5 * math.sqrt(variance / size)
    found = np.mean((numbers - mean) ** 2)
    assert abs(found - variance) < 5 * math.sqrt((fourth - variance**2) / size)


@EVERY_KEY
def test_uniform_numbers_are_uniform(backend: Backend, numbers: tuple[int, int]) -> None:
    """Mean 1/2, variance 1/12, fourth moment 1/80."""
    found = drawn(backend, "uniform", numbers, SHAPE, "float32")
    assert found.shape == SHAPE
    assert (found.min() >= 0, found.max() < 1) == (True, True)
    assert_moments(found, 1 / 2, 1 / 12, 1 / 80)
    assert distance(found, lambda x: x) * math.sqrt(COUNT) < KOLMOGOROV


@EVERY_KEY
def test_normal_numbers_are_normal(backend: Backend, numbers: tuple[int, int]) -> None:
    """Mean 0, variance 1, fourth moment 3."""
    found = drawn(backend, "normal", numbers, SHAPE, "float32")
    assert found.shape == SHAPE
    assert_moments(found, 0, 1, 3)
    cumulated = np.vectorize(lambda x: (1 + math.erf(x / math.sqrt(2))) / 2)
    assert distance(found, cumulated) * math.sqrt(COUNT) < KOLMOGOROV


@EVERY_KEY
@pytest.mark.parametrize("probability", [0.02, 0.5, 0.9])
def test_ones_come_with_their_probability(
    backend: Backend, numbers: tuple[int, int], probability: float
) -> None:
    """The count of ones has the variance n p (1 - p)."""
    found = drawn(backend, "bernoulli", numbers, SHAPE, "float32", probability)
    assert set(np.unique(found)) == {0, 1}
    deviation = math.sqrt(COUNT * probability * (1 - probability))
    assert abs(found.sum() - COUNT * probability) < 5 * deviation


@pytest.mark.parametrize(("probability", "always"), [(0, 0), (1, 1), (0.0, 0), (1.0, 1)])
def test_a_sure_thing_is_sure(backend: Backend, probability: float, always: int) -> None:
    """Never a one with probability 0, always one with probability 1."""
    found = drawn(backend, "bernoulli", (3, 4), SHAPE, "float32", probability)
    assert set(np.unique(found)) == {always}


@pytest.mark.parametrize("dtype", [*FLOAT_DTYPES, "bool", "int32", "uint8"])
def test_ones_and_zeros_have_the_type_asked_for(
    backend: Backend, double_precision: None, dtype: str
) -> None:
    """Of floats and of integers; the probability may be a tensor."""
    key, half = key_of(backend, (5, 6)), backend.asarray(np.array(0.5), "float32")
    tensor = backend.random["bernoulli"](key, (8, 8), dtype, half)
    assert backend.describe(tensor) == ((8, 8), dtype)
    floats = backend.random["bernoulli"](key, (8, 8), "float32", 0.5)
    assert np.array_equal(backend.to_numpy(tensor).astype("float32"), backend.to_numpy(floats))


@pytest.mark.parametrize("kind", ["uniform", "normal"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_rounded_float32(backend: Backend, kind: str, dtype: str) -> None:
    """Every number is the rounded one, but a uniform one that would become 1."""
    single = backend.random[kind](key_of(backend, (1, 1)), SHAPE, "float32")
    half = backend.to_numpy(backend.random[kind](key_of(backend, (1, 1)), SHAPE, dtype))
    rounded = backend.to_numpy(single).astype(half.dtype)
    differs = half != rounded
    assert np.all(rounded[differs] == 1)
    if kind == "uniform":
        assert half.astype("float64").max() < 1
        assert differs.any()  # 1 in 4,096 of 20,000 numbers, or 1 in 512


def test_float64_has_all_its_bits(backend: Backend, double_precision: None) -> None:
    """Not those of float32 with zeros behind."""
    for kind in ("uniform", "normal"):
        found = drawn(backend, kind, (8, 9), (1000,), "float64")
        assert np.mean(found == found.astype("float32")) < 0.01


@pytest.mark.parametrize("kind", ["uniform", "normal", "bernoulli"])
@pytest.mark.parametrize("shape", [(), (0, 3), (1,), (2, 3, 1, 4)], ids=str)
def test_any_shape_is_drawn(backend: Backend, kind: str, shape: tuple[int, ...]) -> None:
    """Of no axis, of no number."""
    rest = (0.5,) if kind == "bernoulli" else ()
    assert drawn(backend, kind, (1, 2), shape, "float32", *rest).shape == shape


@pytest.mark.parametrize("kind", ["uniform", "normal", "bernoulli"])
def test_a_key_gives_the_same_bits_eagerly_compiled_and_traced(backend: Backend, kind: str) -> None:
    """The key is an argument of what is compiled, and so is the number folded into it."""
    rest = (0.5,) if kind == "bernoulli" else ()

    def draw(key: Any, number: Any) -> Any:
        key = backend.random["fold"](key, number)
        return backend.random[kind](key, (50, 3), "float32", *rest)

    def step(variables: Any, inputs: Any) -> Any:
        return variables, draw(*inputs)

    compiled = _compiled(backend, draw)
    run = backend.compile_step(step)
    for number in (0, 5, 2**31 - 1):
        native = backend.asarray(np.array(number), "int32")
        key = key_of(backend, (1, -2))
        once = backend.to_numpy(draw(key, number))
        others = [draw(key, number), draw(key, native), compiled(key, native)]
        others.append(run([backend.variable(np.ones(1), "float32")], (key, native))[1])
        for other in others:
            assert np.array_equal(once, backend.to_numpy(other))


def _compiled(backend: Backend, function: Any) -> Any:
    if backend.name == "torch":  # without the compiler of the code that is made, which takes long
        import torch

        return torch.compile(function, backend="aot_eager", fullgraph=True)
    return backend.compile(function)


def test_folds_are_independent(backend: Backend) -> None:
    """Of each other and of the key: all differ, and no two draws are correlated."""
    key, fold = key_of(backend, (11, 12)), backend.random["fold"]
    keys = [key, *(fold(key, number) for number in (*range(150), 2**31 - 1))]
    keys += [fold(fold(key, 1), 2), fold(fold(key, 2), 1), fold(fold(key, 0), 0)]
    numbers = [tuple(backend.to_numpy(one).tolist()) for one in keys]
    assert len(set(numbers)) == len(numbers)
    assert {backend.describe(one) for one in keys} == {((2,), "int32")}
    draws = [drawn(backend, "normal", one, (4000,), "float32") for one in numbers[:12]]
    found = np.corrcoef(draws) - np.eye(12)
    assert np.abs(found).max() < 5 / math.sqrt(4000)


def test_keys_of_folding_are_spread_over_all_numbers(backend: Backend) -> None:
    """Of 400 halves of keys each of the 32 bits is set in half, within five deviations."""
    key, fold = key_of(backend, (0, 0)), backend.random["fold"]
    halves = np.array([backend.to_numpy(fold(key, number)) for number in range(200)])
    bits = (halves.astype("int64").reshape(-1, 1) >> np.arange(32)) & 1
    assert np.abs(bits.sum(0) - 200).max() < 5 * math.sqrt(400 / 4)


def test_numbers_of_one_draw_do_not_follow_from_each_other(backend: Backend) -> None:
    """Neighbours in a draw, and places of draws with neighbouring keys, are uncorrelated."""
    first, second = (drawn(backend, "uniform", (0, n), (COUNT,), "float32") for n in (0, 1))
    for a, b in [(first[1:], first[:-1]), (first[2:], first[:-2]), (first, second)]:
        assert abs(np.corrcoef(a, b)[0, 1]) < 5 / math.sqrt(len(a))


def test_the_global_random_state_is_left_alone(backend: Backend) -> None:
    """It neither changes nor counts."""
    import importlib

    def state() -> list[Any]:
        states: list[Any] = [str(np.random.get_state())]
        if backend.name == "torch":
            states.append(importlib.import_module("torch").get_rng_state().tolist())
        if backend.name == "tensorflow":
            random = importlib.import_module("tensorflow").random
            states.append(random.get_global_generator().state.numpy().tolist())
        return states

    def draw() -> Any:
        key = backend.random["fold"](key_of(backend, (1, 2)), 3)
        return backend.to_numpy(backend.random["normal"](key, (5,), "float32"))

    before, first = state(), draw()
    assert state() == before
    if backend.name == "torch":
        importlib.import_module("torch").manual_seed(77)
    if backend.name == "tensorflow":
        importlib.import_module("tensorflow").random.set_seed(77)
    assert np.array_equal(draw(), first)


def test_unknown_sizes_may_be_drawn_while_a_framework_traces(backend: Backend) -> None:
    """As the framework's own scalars in the shape."""
    key, known = key_of(backend, (1, 2)), (6, 3)
    want = backend.to_numpy(backend.random["uniform"](key, known, "float32"))
    found: Any
    if backend.name == "tensorflow":
        import tensorflow as tf

        traced = tf.function(
            lambda k, x: backend.random["uniform"](k, (tf.shape(x)[0], 3), "float32")
        )
        specs = tf.TensorSpec((2,), tf.int32), tf.TensorSpec((None, 3))
        found = traced.get_concrete_function(*specs)(key, tf.ones(known))
    elif backend.name == "torch":
        import torch

        class Draws(torch.nn.Module):
            def forward(self, key: Any, x: Any) -> Any:
                return backend.random["uniform"](key, x.shape, "float32")

        sizes: Any = ({}, {0: torch.export.Dim("batch")})
        exported = torch.export.export(Draws(), (key, torch.ones(4, 3)), dynamic_shapes=sizes)
        found = exported.module()(key, torch.ones(known))
    elif backend.name == "jax":
        import jax
        from jax import export

        (batch,) = export.symbolic_shape("batch")
        shapes = (jax.ShapeDtypeStruct((2,), "int32"), jax.ShapeDtypeStruct((batch, 3), "float32"))
        draw = jax.jit(lambda k, x: backend.random["uniform"](k, x.shape, "float32"))
        found = export.export(draw)(*shapes).call(key, np.ones(known, "float32"))
    else:
        found = backend.random["uniform"](key, known, "float32")
    assert np.array_equal(backend.to_numpy(found), want)
