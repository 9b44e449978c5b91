"""Constraints: axes, names, configurations, illegal parameters."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from function_cases import value

from convdispatch import constraints, selection
from convdispatch.constraints import KERAS1, KERAS2, KERAS3, MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.ops import Backend

ENTRIES = [
    pytest.param(table, name, id=f"{keras}-{name}")
    for keras, table in {"keras1": KERAS1, "keras2": KERAS2, "keras3": KERAS3}.items()
    for name in table
]


@pytest.mark.parametrize(
    ("axis", "expected"),
    [(0, [2.0, 2.0]), ([0, 1, 2], [1.2, 1.6]), (-3, [1.2, 1.6])],
    ids=["each tap alone", "the whole filter", "negative"],
)
def test_axis_decides_what_is_bounded(backend: Backend, axis: Any, expected: list[float]) -> None:
    """MaxNorm(2) of the kernel (1, 2, 1, 1) = [3, 4] depends on the axes of the norm."""
    kernel = np.array([3.0, 4.0]).reshape(1, 2, 1, 1)
    result = value(backend, MaxNorm(2, axis=axis).apply, kernel)
    np.testing.assert_allclose(result.ravel(), expected, rtol=1e-6)


def test_max_norm_shrinks_a_little_inside_the_ball(backend: Backend) -> None:
    """Inside, a weight is multiplied by norm / (norm + epsilon), as in every Keras."""
    result = value(backend, MaxNorm(2).apply, np.array([[1.0]]))
    assert result == pytest.approx(1 / (1 + 1e-7), rel=1e-12)


def test_divisions_use_the_configured_epsilon(backend: Backend) -> None:
    """`set_epsilon` reaches the constraints, as Keras's does."""
    selection.set_epsilon(0.5)
    assert value(backend, UnitNorm().apply, np.array([[1.0]])) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    "constraint", [MaxNorm(), UnitNorm(), MinMaxNorm(0.5, 1.0)], ids=lambda c: type(c).__name__
)
def test_zero_weights_stay_zero(backend: Backend, constraint: Any) -> None:
    """Weights without a norm are not divided by zero."""
    np.testing.assert_array_equal(value(backend, constraint.apply, np.zeros((3, 2))), 0)


def test_min_max_norm_moves_by_its_rate(backend: Backend) -> None:
    """A norm of 4 with rate .5 and bound 2 becomes 3."""
    result = value(backend, MinMaxNorm(1, 2, rate=0.5).apply, np.array([[4.0]]))
    assert result == pytest.approx(3, rel=1e-6)


def test_non_neg_bears_infinities_and_nan(backend: Backend) -> None:
    """Minus infinity becomes 0, where Keras 1 and 2 gave NaN; a NaN stays visible."""
    result = value(backend, NonNeg().apply, np.array([-math.inf, -1.0, 0.0, 2.0, math.inf]))
    np.testing.assert_array_equal(result, [0, 0, 0, 2, math.inf])
    assert np.isnan(value(backend, NonNeg().apply, np.array([math.nan])))


@pytest.mark.parametrize("dtype", ["float16", "float32", "bfloat16"])
def test_call_keeps_the_element_type(backend: Backend, dtype: str) -> None:
    """A constraint called on a tensor gives that tensor's shape and type."""
    if dtype == "bfloat16" and backend.name == "numpy":
        pytest.importorskip("ml_dtypes", reason="NumPy's bfloat16 needs the package ml_dtypes")
    result = MaxNorm(1.5)(backend.asarray(np.ones((3, 2)), dtype))
    assert backend.describe(result) == ((3, 2), dtype)


@pytest.mark.parametrize(("table", "name"), ENTRIES)
def test_serialized_constraint_comes_back_the_same(table: Mapping[str, Any], name: str) -> None:
    """get(serialize(c)) is c, through JSON, for every name of every table."""
    constraint: Any = constraints.get(name, table)
    stored = json.loads(json.dumps(constraints.serialize(constraint)))
    restored: Any = constraints.get(stored, table)
    assert type(restored) is type(constraint)
    assert restored.get_config() == constraint.get_config()


@pytest.mark.parametrize(
    ("constraint", "stored"),
    [
        (
            constraints.MaxNormKeras1(3, axis=[0, 1]),
            {"name": "MaxNorm", "m": 3.0, "axis": [0, 1]},
        ),
        (constraints.NonNegKeras1(), {"name": "NonNeg"}),
        (
            MinMaxNorm(0, 2, 0.5, axis=(0, 1)),
            {
                "class_name": "MinMaxNorm",
                "config": {"min_value": 0.0, "max_value": 2.0, "rate": 0.5, "axis": [0, 1]},
            },
        ),
    ],
    ids=["keras1", "keras1 without parameters", "keras2"],
)
def test_stored_form_is_that_of_its_keras(constraint: Any, stored: dict[str, Any]) -> None:
    """Keras 1 stores a flat dictionary, later ones a nested one; both come back equal."""
    table = KERAS1 if "name" in stored else KERAS2
    before = json.dumps(stored)
    assert constraints.serialize(constraint) == stored
    assert constraints.get(stored, table) == constraint
    assert json.dumps(stored) == before


def test_get_takes_classes_instances_none_and_functions() -> None:
    """A class is instantiated, an instance or function passed through, None stays None."""
    assert constraints.get(UnitNorm) == UnitNorm()
    assert constraints.get(None) is None
    assert constraints.get(abs) is abs
    assert constraints.serialize(abs) == "abs"


def test_users_subclass_may_override_the_call() -> None:
    """A class in Keras's manner works wherever ours do."""

    class Halved(constraints.Constraint):
        def __call__(self, w: Any) -> Any:
            return w / 2

    np.testing.assert_array_equal(Halved().apply({}, np.ones(2)), [0.5, 0.5])
    assert constraints.serialize(Halved()) == {"class_name": "Halved", "config": {}}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MaxNorm(-1), "`max_value` must be a finite number, at least 0, received -1"),
        (lambda: MaxNorm("2"), "`max_value` must be a number, received '2'"),
        (lambda: MaxNorm(axis=0.5), r"`axis` must be an integer, received 0\.5"),
        (lambda: MaxNorm(axis="0"), "`axis` must be an integer, received '0'"),
        (lambda: MinMaxNorm(2, 1), r"`min_value` must not exceed `max_value`, received 2\.0 and"),
        (lambda: constraints.MinMaxNormKeras1(2, 1), "`low` must not exceed `high`"),
        (lambda: MinMaxNorm(rate=1.5), r"`rate` must be between 0 and 1, received 1\.5"),
        (
            lambda: constraints.get({"class_name": "MaxNorm", "config": {"m": 2}}),
            "unknown parameter 'm' of constraint 'MaxNorm'; allowed: 'max_value', 'axis'",
        ),
    ],
    ids=["negative", "text", "float axis", "text axis", "order", "order 1", "rate", "unknown"],
)
def test_illegal_parameters_are_refused(make: Any, message: str) -> None:
    """A parameter that is unknown or out of range is named, with what is allowed."""
    with pytest.raises((InvalidArgument, InvalidType), match=message):
        make()


def test_axis_beyond_the_weight_is_refused() -> None:
    """An axis that the weight has not is a ValueError that names both."""
    with pytest.raises(InvalidShape, match=r"received \(0, 3\) for the shape \(2, 2\)"):
        MaxNorm(axis=[0, 3])(np.ones((2, 2)))


@pytest.mark.parametrize(
    ("name", "table", "hint"),
    [
        ("MaxNrom", KERAS3, "MaxNorm"),
        ("max_norm", KERAS1, "maxnorm"),
        ("non neg", KERAS2, "nonneg"),
    ],
    ids=["typing error", "underscore", "space"],
)
def test_unknown_name_is_refused_with_a_close_match(
    name: str, table: Mapping[str, Any], hint: str
) -> None:
    """The message has the name, the allowed names and the closest of them."""
    message = rf"unknown constraint {name!r}; allowed: .*Did you mean {hint!r}\?"
    with pytest.raises(InvalidArgument, match=message):
        constraints.get(name, table)


@pytest.mark.parametrize("identifier", [2, ["NonNeg"], False], ids=repr)
def test_other_types_are_refused(identifier: object) -> None:
    """Anything but a name, a dictionary, a constraint or a callable is a TypeError."""
    with pytest.raises(InvalidType, match="as a constraint; allowed: a name, a dictionary"):
        constraints.get(identifier)
