"""`kit.functions_from` and `kit.draws_from`: tables made from what a framework has."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest

from convdispatch import kit
from convdispatch.ops import REQUIRED_FUNCTIONS


def twice_plus(x: Any, y: Any) -> Any:
    """Add y twice, rounding in the element type of x after each sum."""
    return ((x + y).astype(x.dtype) + y).astype(x.dtype)


SPELLED = types.SimpleNamespace(
    maximum=twice_plus, equal=lambda x, y: (x, y), abs=np.abs, pi=3.14, exp=np.exp, clip=None
)


def table(**own: Any) -> dict[str, Any]:
    """Return the table of that namespace."""
    return kit.functions_from(
        SPELLED,
        own,
        halves=(np.dtype("float16"),),
        single="float32",
        cast=lambda x, dtype: x.astype(dtype),
        typed=lambda number, x: np.asarray(number, x.dtype),
    )


def test_only_functions_of_the_table_are_taken() -> None:
    """What the framework lacks is missing, so that the backend has to decline it."""
    found = table()
    assert set(found) <= set(REQUIRED_FUNCTIONS)
    assert {"abs", "exp", "linear", "shape"} <= set(found)
    assert not {"clip", "pi", "erf"} & set(found)
    assert found["shape"](np.ones((2, 3))) == (2, 3)
    x = np.ones(2)
    assert found["linear"](x) is x


def test_half_precision_is_rounded_once() -> None:
    """2048 + 1 + 1 is 2050 where it is rounded at the end, and 2048 where after each sum."""
    x = np.array([2048.0], "float16")
    y = table()["maximum"](x, np.array([1.0], "float16"))
    assert (y.tolist(), y.dtype.name) == ([2050], "float16")
    assert twice_plus(x, np.float16(1)).tolist() == [2048]


@pytest.mark.parametrize("swapped", [False, True])
def test_a_number_gets_the_element_type_of_the_tensor(swapped: bool) -> None:
    """On either side."""
    x = np.array([1, 2], "int32")
    pair = table()["equal"](*((2, x) if swapped else (x, 2)))
    assert [one.dtype.name for one in pair] == ["int32", "int32"]


@pytest.mark.parametrize("swapped", [False, True])
def test_a_number_of_numpys_gets_the_element_type_of_the_tensor(swapped: bool) -> None:
    """It has a type of its own, in which a framework would compute, or which it would refuse."""
    x, number = np.array([1, 2], "float32"), np.float64(2)
    pair = table()["equal"](*((number, x) if swapped else (x, number)))
    assert [one.dtype.name for one in pair] == ["float32", "float32"]


def test_simple_powers_are_not_left_to_the_framework() -> None:
    """Only for numbers: an exponent that is a tensor is the framework's."""
    power = kit.simple_powers(
        lambda x, y: "power", ones=lambda x: "ones", square=lambda x: "square"
    )
    found = [power("x", y) for y in (0, 0.0, 1.0, 2, 3, -1, np.ones(1))]
    assert found == ["ones", "ones", "x", "square", "power", "power", "power"]


def test_draws_are_rounded_and_stay_below_one() -> None:
    """The framework draws in float32 or float64; 1 - 2**-24 would be 1 in half precision."""
    asked = []

    def uniform(key: Any, shape: Any, dtype: str) -> Any:
        asked.append(dtype)
        return np.full(shape, 1 - 2.0**-24, dtype)

    random = kit.draws_from(
        fold=np.add,
        uniform=uniform,
        normal=uniform,
        cast=lambda x, dtype: np.asarray(x, kit.numpy_dtype(dtype)),
        minimum=np.minimum,
    )
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        found = random["uniform"](0, [2], dtype)
        assert (found.dtype.name, bool((found < 1).all())) == (dtype, True)
    assert asked == ["float32", "float32", "float32", "float64"]
    assert random["normal"](0, (1,), "float16").tolist() == [1]
    assert random["bernoulli"](0, (1,), "float16", 0.5).tolist() == [0]
    assert random["bernoulli"](0, (1,), "float16", 1).tolist() == [1]
    assert random["fold"](1, 2) == 3
