"""The draws of the initializers: seeds, fans, bounds and variances."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from convdispatch import initializers
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.initializers import KERAS1, KERAS2, KERAS3, compute_fans, draw

TABLES = {"keras1": KERAS1, "keras2": KERAS2, "keras3": KERAS3}
RANDOM = [
    pytest.param(table, name, id=f"{keras}-{name}")
    for keras, table in TABLES.items()
    for name in table
    if name.lower().rstrip("s")
    not in ("zero", "one", "constant", "identity", "identityinitializer")
]
SEEDED = [name for name in KERAS3 if "seed" in initializers.get(name).get_config()]
SHAPE = (3, 3, 4, 8)


@pytest.mark.parametrize(
    ("name", "table", "shape", "dim_ordering", "limit"),
    [
        ("glorot_uniform", KERAS3, (3, 3, 16, 32), None, 0.117851),
        ("glorot_uniform", KERAS2, (3, 3, 16, 32), None, 0.117851),
        ("glorot_uniform", KERAS3, (3, 3, 16, 1), None, 0.198030),
        ("he_uniform", KERAS3, (3, 3, 32, 16), None, 0.144338),
        ("glorot_uniform", KERAS1, (3, 1, 32, 64), "th", 0.027063),
        ("glorot_uniform", KERAS2, (3, 32, 64), None, 0.144338),
        ("glorot_uniform", KERAS1, (3, 3, 3, 16, 32), "tf", 0.117851),
        ("glorot_uniform", KERAS3, (3, 3, 3, 16, 32), None, 0.068041),
        ("glorot_uniform", KERAS1, (32, 16, 3, 3, 3), "th", 0.068041),
    ],
    ids=[
        "Conv2D-keras3",
        "Conv2D-keras2",
        "depthwise counts as a kernel of one output",
        "transposed counts its outputs as inputs",
        "Keras 1 Convolution1D is read as th",
        "Conv1D-keras2",
        "Keras 1 Convolution3D tf leaves out an axis",
        "Conv3D-keras3",
        "Keras 1 Convolution3D th",
    ],
)
def test_uniform_limit_follows_the_fans(
    name: str,
    table: Mapping[str, Any],
    shape: tuple[int, ...],
    dim_ordering: str | None,
    limit: float,
) -> None:
    """The greatest of many draws is the stated limit, to the draws' own resolution."""
    initializers.set_random_seed(3)
    initializer = initializers.get(name, table)
    weights = [draw(initializer, shape, dim_ordering=dim_ordering) for _ in range(200)]
    greatest = np.abs(weights).max()
    assert limit * (1 - 40 / np.size(weights)) <= greatest <= limit + 5e-7


@pytest.mark.parametrize(
    ("shape", "fans"),
    [
        ((), (1, 1)),
        ((7,), (7, 7)),
        ((4, 6), (4, 6)),
        ((5, 4, 6), (20, 30)),
        ((3, 3, 16, 32), (144, 288)),
        ((3, 3, 3, 16, 32), (432, 864)),
    ],
    ids=str,
)
def test_fans_of_keras_3(shape: tuple[int, ...], fans: tuple[int, int]) -> None:
    """A kernel's fans are its receptive field times its last two axes."""
    assert compute_fans(shape) == fans


def test_fans_of_stated_axes() -> None:
    """Stated axes replace the reading of the shape as a kernel."""
    assert compute_fans((2, 3, 5, 7), input_axes=[0, 1], output_axes=[-1]) == (6, 7)
    with pytest.raises(InvalidShape, match=r"must be axes of the shape \(2, 3\), received \(4,\)"):
        compute_fans((2, 3), input_axes=[4], output_axes=[0])


def test_keras_1_refuses_an_unknown_ordering() -> None:
    """Keras 1's fans need 'th' or 'tf'."""
    with pytest.raises(InvalidArgument, match="`dim_ordering` must be 'th' or 'tf', received 'x'"):
        draw(KERAS1["glorot_uniform"](), SHAPE, dim_ordering="x")


@pytest.mark.parametrize(("table", "name"), RANDOM)
def test_global_seed_repeats_every_bit(table: Mapping[str, Any], name: str) -> None:
    """After the same set_random_seed the draws are bitwise the same, and differ among them."""
    initializer = table[name]()
    initializers.set_random_seed(5)
    first, second = draw(initializer, SHAPE), draw(initializer, SHAPE)
    initializers.set_random_seed(5)
    assert draw(initializer, SHAPE).tobytes() == first.tobytes()
    assert draw(initializer, SHAPE).tobytes() == second.tobytes()
    assert first.tobytes() != second.tobytes()


@pytest.mark.parametrize("name", SEEDED)
def test_own_seed_gives_the_same_values_every_call(name: str) -> None:
    """An initializer with a seed ignores the stream, does not advance it, and repeats itself."""
    initializer = KERAS3[name](seed=9)
    initializers.set_random_seed(1)
    first = draw(initializer, SHAPE)
    assert draw(initializer, SHAPE).tobytes() == first.tobytes()
    assert draw(KERAS3[name](seed=10), SHAPE).tobytes() != first.tobytes()
    after = draw(KERAS3["uniform"](), SHAPE)
    initializers.set_random_seed(1)
    assert draw(KERAS3["uniform"](), SHAPE).tobytes() == after.tobytes()


def test_a_draw_does_not_depend_on_the_size_of_the_one_before() -> None:
    """The stream is numbered by draw: a larger first layer leaves the second one's weights."""
    initializers.set_random_seed(2)
    draw(KERAS3["uniform"](), (3,))
    second = draw(KERAS3["uniform"](), SHAPE)
    initializers.set_random_seed(2)
    draw(KERAS3["uniform"](), (1000,))
    assert draw(KERAS3["uniform"](), SHAPE).tobytes() == second.tobytes()


def test_an_own_seed_is_not_a_place_in_the_global_stream() -> None:
    """Seed n of an initializer and global seed n give different numbers."""
    initializers.set_random_seed(0)
    stream = draw(KERAS3["uniform"](), SHAPE)
    assert draw(KERAS3["uniform"](seed=0), SHAPE).tobytes() != stream.tobytes()


def test_stream_is_philox_keyed_by_seed_and_number() -> None:
    """Draw number n under the global seed s has the key of (s, n) and no other source."""
    initializers.set_random_seed(4)
    draw(KERAS3["uniform"](), (5,))
    second = draw(KERAS3["uniform"](), (3,))
    key = np.random.SeedSequence(4, spawn_key=(1,)).generate_state(2, np.uint64)
    expected = np.random.Generator(np.random.Philox(key=key)).uniform(-0.05, 0.05, 3)
    np.testing.assert_array_equal(second, expected)


@pytest.mark.parametrize("table", [KERAS2, KERAS3], ids=["keras2", "keras3"])
@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot_normal", 2 / (100 + 400)),
        ("glorot_uniform", 2 / (100 + 400)),
        ("he_normal", 2 / 100),
        ("he_uniform", 2 / 100),
        ("lecun_normal", 1 / 100),
        ("lecun_uniform", 1 / 100),
    ],
)
def test_variance_is_the_formulas(table: Mapping[str, Any], name: str, variance: float) -> None:
    """The variance of many draws is the formula's, within six standard errors."""
    weights = table[name](seed=1)((100, 400))
    assert weights.var() == pytest.approx(variance, rel=6 * math.sqrt(2 / weights.size))


@pytest.mark.parametrize("mean", [0.0, 3.0])
def test_truncated_normal_stays_within_two_deviations(mean: float) -> None:
    """No number is further than two deviations from the mean; an untruncated one would be."""
    weights = initializers.TruncatedNormal(mean, 0.5, seed=0)((200, 200))
    assert 0.99 < np.abs(weights - mean).max() <= 1
    assert np.abs(initializers.RandomNormal(mean, 0.5, seed=0)((200, 200)) - mean).max() > 1.5


def test_untruncated_variance_scaling_is_not_cut() -> None:
    """'untruncated_normal' goes beyond two deviations; 'normal' means the truncated one."""
    whole = initializers.VarianceScaling(1.0, "fan_in", "untruncated_normal", seed=0)((100, 400))
    cut = initializers.VarianceScaling(1.0, "fan_in", "normal", seed=0)((100, 400))
    assert np.abs(whole).max() > 0.3
    assert np.abs(cut).max() <= 0.2 / 0.87962566103423978


@pytest.mark.parametrize("shape", [(4, 6), (6, 4), (3, 3, 2, 8)], ids=str)
def test_orthogonal_is_orthogonal(shape: tuple[int, ...]) -> None:
    """The shorter side of the flattened weight is orthonormal, times the gain."""
    flat = initializers.Orthogonal(gain=2.0, seed=0)(shape).reshape(-1, shape[-1])
    short = flat if flat.shape[0] <= flat.shape[1] else flat.T
    np.testing.assert_allclose(short @ short.T, 4 * np.eye(len(short)), atol=1e-12)


def test_identity_of_each_keras_on_an_oblong_matrix() -> None:
    """Keras 3 fills up with zeros, Keras 2 repeats, Keras 1 refuses."""
    np.testing.assert_array_equal(draw(KERAS3["identity"](), (2, 4)), np.eye(2, 4))
    np.testing.assert_array_equal(draw(KERAS2["identity"](), (2, 4)), np.tile(np.eye(2), (1, 2)))
    with pytest.raises(InvalidShape, match=r"square matrices only, received the shape \(2, 4\)"):
        draw(KERAS1["identity"](), (2, 4))
    with pytest.raises(InvalidShape, match=r"a multiple of the other, received the shape \(3, 4\)"):
        draw(KERAS2["identity"](), (3, 4))


@pytest.mark.parametrize(
    ("table", "name"),
    [(KERAS3, "identity"), (KERAS1, "identity"), (KERAS3, "orthogonal"), (KERAS1, "orthogonal")],
    ids=["identity3", "identity1", "orthogonal3", "orthogonal1"],
)
def test_matrix_initializers_refuse_a_vector(table: Mapping[str, Any], name: str) -> None:
    """An initializer that needs a matrix raises a clear error for a bias."""
    with pytest.raises(InvalidShape, match=r"received the shape \(3,\)|received \(3,\)"):
        draw(table[name](), (3,))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_call_casts(dtype: str) -> None:
    """A call returns the element type asked for, rounded from the same float64 numbers."""
    weights = initializers.GlorotUniform(seed=0)(SHAPE, dtype)
    assert weights.dtype == dtype
    np.testing.assert_array_equal(
        weights, draw(initializers.GlorotUniform(seed=0), SHAPE).astype(dtype)
    )


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True], ids=repr)
def test_global_seed_must_be_a_natural_number(seed: Any) -> None:
    """An illegal seed is refused before anything is drawn."""
    with pytest.raises((InvalidArgument, InvalidType), match="`seed` must be an integer"):
        initializers.set_random_seed(seed)


@pytest.mark.parametrize("name", ["zeros", "glorot_uniform", "orthogonal", "truncated_normal"])
@pytest.mark.parametrize(
    "size", [2**31, np.int64(2**62), 2**70, 10**5000], ids=["31", "62", "70", "5000"]
)
def test_no_initializer_makes_what_no_array_can_be(name: str, size: Any) -> None:
    """It is said at once, and not tried."""
    with pytest.raises(InvalidShape, match=r"`shape` \(.*\) is too large: an array may have"):
        initializers.get(name)((size, 2))
