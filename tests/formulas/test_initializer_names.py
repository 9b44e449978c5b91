"""The initializers' names, and how a layer draws from any of them, a user's function included."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from convdispatch import initializers
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.initializers import KERAS1, KERAS2, KERAS3, draw

TABLES = {"keras1": KERAS1, "keras2": KERAS2, "keras3": KERAS3}
ENTRIES = [
    pytest.param(table, name, id=f"{keras}-{name}")
    for keras, table in TABLES.items()
    for name in table
]


@pytest.mark.parametrize(("table", "name"), ENTRIES)
def test_serialized_initializer_comes_back_equal(table: Mapping[str, Any], name: str) -> None:
    """get(serialize(i)) is i, through JSON, for every name of every table."""
    initializer = initializers.get(name, table)
    stored = json.loads(json.dumps(initializers.serialize(initializer)))
    assert initializers.get(stored, table) == initializer


@pytest.mark.parametrize(
    ("initializer", "stored"),
    [
        (KERAS1["glorot_uniform"](), "glorot_uniform"),
        (KERAS1["uniform"](scale=0.3), {"class_name": "uniform", "config": {"scale": 0.3}}),
        (
            KERAS2["he_normal"](seed=1),
            {
                "class_name": "VarianceScaling",
                "config": {"scale": 2.0, "mode": "fan_in", "distribution": "normal", "seed": 1},
            },
        ),
        (
            KERAS3["he_normal"](seed=1),
            {
                "class_name": "HeNormal",
                "config": {"seed": 1, "input_axes": None, "output_axes": None},
            },
        ),
    ],
    ids=["keras1 name", "keras1 parameter", "keras2", "keras3"],
)
def test_stored_form_is_that_of_its_keras(initializer: Any, stored: object) -> None:
    """Each dialect writes what its Keras wrote."""
    assert initializers.serialize(initializer) == stored


def test_configuration_of_keras_3_is_read() -> None:
    """The keys that Keras 3 adds to a configuration are understood."""
    config = {
        "module": "keras.initializers",
        "class_name": "RandomNormal",
        "config": {"mean": 0.0, "stddev": 0.1, "seed": None},
        "registered_name": None,
    }
    assert initializers.get(config) == initializers.RandomNormal(stddev=0.1)


def test_get_takes_classes_instances_none_and_functions() -> None:
    """A class is instantiated, an instance or function passed through, None stays None."""
    ones = initializers.Ones()
    assert initializers.get(initializers.Ones) == ones
    assert initializers.get(ones) is ones
    assert initializers.get(None) is None
    assert initializers.get(np.zeros) is np.zeros


@pytest.mark.parametrize(
    ("name", "table", "hint"),
    [
        ("glorot_uniform ", KERAS3, "glorot_uniform"),
        ("GlorotUnifrom", KERAS3, "GlorotUniform"),
        ("he normal", KERAS2, "he_normal"),
        ("zeros", KERAS1, "zero"),
    ],
    ids=["space", "typing error", "two words", "plural"],
)
def test_unknown_name_is_refused_with_a_close_match(
    name: str, table: Mapping[str, Any], hint: str
) -> None:
    """A name is taken exactly, and the closest one is proposed."""
    message = rf"unknown initializer {name!r}; allowed: .*Did you mean {hint!r}\?"
    with pytest.raises(InvalidArgument, match=message):
        initializers.get(name, table)


@pytest.mark.parametrize("identifier", [3, ["zeros"], True], ids=repr)
def test_other_types_are_refused(identifier: object) -> None:
    """Anything but a name, a dictionary, an initializer or a callable is a TypeError."""
    with pytest.raises(InvalidType, match="as an initializer; allowed: a name, a dictionary"):
        initializers.get(identifier)


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("VarianceScaling", {"scale": 0}, "`scale` must be positive, received 0"),
        ("VarianceScaling", {"mode": "fan"}, "`mode` must be one of 'fan_in', .*received 'fan'"),
        ("VarianceScaling", {"distribution": "x"}, "`distribution` must be one of 'uniform'"),
        ("RandomNormal", {"stddev": -1}, "`stddev` must be a finite number, at least 0"),
        ("RandomNormal", {"std": 1}, "unknown parameter 'std' .*Did you mean 'stddev'"),
        ("RandomNormal", {"seed": -1}, "`seed` must be an integer, at least 0, received -1"),
        ("RandomNormal", {"seed": 1.5}, r"`seed` must be an integer, received 1\.5"),
        ("RandomUniform", {"minval": 2}, r"`minval` must not exceed `maxval`, received 2\.0"),
        ("Constant", {"value": ["x"]}, "`value` must be a finite number or an array of them"),
        ("Zeros", {"value": 1}, "unknown parameter 'value' .*allowed: no parameters"),
    ],
    ids=lambda value: str(value) if not isinstance(value, str) else value[:20],
)
def test_illegal_parameters_are_refused(name: str, config: dict[str, object], message: str) -> None:
    """A parameter that is unknown or out of range is named, with what is allowed."""
    with pytest.raises((InvalidArgument, InvalidType), match=message):
        initializers.get({"class_name": name, "config": config})


def test_users_function_is_called_with_what_it_asks_for() -> None:
    """The shape always; `dtype` and `name` where required; `dim_ordering` where accepted."""
    seen: dict[str, object] = {}

    def keras1(shape: Any, name: Any, dim_ordering: Any = "unset") -> Any:
        seen.update(shape=shape, name=name, dim_ordering=dim_ordering)
        return np.ones(shape)

    def keras3(shape: Any, dtype: Any) -> Any:
        seen.update(dtype=dtype)
        return np.ones(shape, dtype)

    draw(keras1, (2, 3), dim_ordering="tf")
    draw(keras3, (2, 3))
    expected = {"shape": (2, 3), "name": None, "dim_ordering": "tf", "dtype": "float64"}
    assert seen == expected


def test_users_subclass_may_override_the_call() -> None:
    """A class in Keras's manner works without knowing of `values`."""

    class Halves(initializers.Initializer):
        def __call__(self, shape: Any, dtype: Any = None) -> Any:
            return np.full(shape, 0.5)

    np.testing.assert_array_equal(draw(Halves(), (2,)), [0.5, 0.5])


def test_users_function_must_return_the_shape() -> None:
    """Another shape than asked for is a ValueError that names both and the function."""
    with pytest.raises(InvalidShape, match=r"'zeros' returned an array of shape \(3,\).*\(2, 3\)"):
        draw(zeros, (2, 3))


def zeros(shape: tuple[int, ...]) -> object:
    """Return zeros of a part of the shape: a mistake."""
    return np.zeros(shape[-1:])


def test_users_function_must_return_numbers() -> None:
    """Objects are a TypeError."""
    with pytest.raises(InvalidType, match="returned values of type object, allowed are real"):
        draw(lambda shape: np.full(shape, None), (2,))


def test_negative_sizes_are_refused() -> None:
    """A size below zero is a ValueError, and a size that is not an integer a TypeError."""
    with pytest.raises(InvalidArgument, match="`shape` must be an integer, at least 0"):
        draw(initializers.Zeros(), (-1, 2))
    with pytest.raises(InvalidType, match="`shape` must be an integer, received None"):
        draw(initializers.Zeros(), (None, 2))


def test_drawn_weights_are_a_copy() -> None:
    """A user's array that is returned twice does not become two layers' weights."""
    kept = np.ones(3)
    assert draw(lambda shape: kept, (3,)) is not kept
