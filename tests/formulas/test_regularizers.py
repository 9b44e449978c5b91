"""Regularizers: values without an oracle, names, configurations, illegal factors."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from function_cases import gradient, value

from convdispatch import regularizers
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.ops import Backend
from convdispatch.regularizers import KERAS1, KERAS2, KERAS3, L1, L1L2, L2

ENTRIES = [
    pytest.param(table, name, id=f"{keras}-{name}")
    for keras, table in {"keras1": KERAS1, "keras2": KERAS2, "keras3": KERAS3}.items()
    for name in table
    if name != "EigenvalueRegularizer"  # the only one that needs a parameter: tested by itself
]


@pytest.mark.parametrize("table", [KERAS1, KERAS2, KERAS3], ids=["keras1", "keras2", "keras3"])
def test_penalties_have_no_factor_of_one_half(backend: Backend, table: Mapping[str, Any]) -> None:
    """l2 = 1 of the weights 1 and -2 is 5, and l1 = 1 is 3."""
    weights = np.array([1.0, -2.0])
    config = {"class_name": "L1L2Regularizer" if table is KERAS1 else "L1L2"}
    squared: Any = regularizers.get({**config, "config": {"l2": 1}}, table)
    absolute: Any = regularizers.get({**config, "config": {"l1": 1}}, table)
    assert value(backend, squared.loss, weights) == 5
    assert value(backend, absolute.loss, weights) == 3


def test_slope_of_l1_at_zero_is_zero(backend: Backend) -> None:
    """A weight of zero is left where it is, also by frameworks whose |x| has another slope."""
    result = gradient(backend, L1L2(0.3, 0.2).loss, np.array([0.0, 1.0, -1.0]))
    np.testing.assert_allclose(result, [0, 0.7, -0.7], atol=1e-12)


def test_no_factor_is_no_loss(backend: Backend) -> None:
    """With both factors zero the loss is a native zero, with a gradient of zeros."""
    weights = np.array([0.0, 2.0])
    assert value(backend, L1L2().loss, weights) == 0
    np.testing.assert_array_equal(gradient(backend, L1L2().loss, weights), [0, 0])


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_call_keeps_the_element_type(backend: Backend, dtype: str) -> None:
    """A regularizer called on a tensor gives a scalar of that tensor's type."""
    if dtype == "bfloat16" and backend.name == "numpy":
        pytest.importorskip("ml_dtypes", reason="NumPy's bfloat16 needs the package ml_dtypes")
    loss = L1L2(0.3, 0.2)(backend.asarray(np.ones((2, 2)), dtype))
    assert backend.describe(loss) == ((), dtype)


@pytest.mark.parametrize("mode", ["rows", "columns"])
def test_orthogonal_vectors_have_no_penalty(backend: Backend, mode: str) -> None:
    """The penalty of orthogonal vectors is 0, of parallel ones the factor."""
    regularizer = regularizers.OrthogonalRegularizer(factor=0.5, mode=mode)
    assert value(backend, regularizer.loss, 3 * np.eye(3)) == pytest.approx(0, abs=1e-12)
    assert value(backend, regularizer.loss, np.ones((3, 3))) == pytest.approx(0.5)


def test_orthogonal_regularizer_bears_zeros_and_single_vectors(backend: Backend) -> None:
    """Without a direction or a pair, loss and gradient are finite."""
    regularizer = regularizers.OrthogonalRegularizer()
    assert value(backend, regularizer.loss, np.ones((1, 3))) == pytest.approx(0, abs=1e-12)
    assert np.isfinite(gradient(backend, regularizer.loss, np.zeros((2, 3)))).all()


def test_eigenvalue_of_large_weights_does_not_overflow(backend: Backend) -> None:
    """Nine steps of the power method stay finite in float32, where Keras 1's overflow."""
    regularizer = regularizers.EigenvalueRegularizer(k=2.0)
    weights = backend.asarray(1e4 * np.ones((3, 2)), "float32")
    loss = float(np.asarray(backend.to_numpy(regularizer(weights))))
    assert loss == pytest.approx(2 * 1e4 * math.sqrt(6), rel=1e-5)


@pytest.mark.parametrize(
    "regularizer",
    [regularizers.EigenvalueRegularizer(1.0), regularizers.OrthogonalRegularizer()],
    ids=lambda regularizer: type(regularizer).__name__,
)
def test_matrix_regularizers_refuse_kernels(regularizer: Any) -> None:
    """A regularizer for matrices raises a clear error for a kernel."""
    with pytest.raises(InvalidShape, match=r"rank 2, only; received the shape \(3, 3, 2, 2\)"):
        regularizer(np.ones((3, 3, 2, 2)))


@pytest.mark.parametrize(("table", "name"), ENTRIES)
def test_serialized_regularizer_comes_back_the_same(table: Mapping[str, Any], name: str) -> None:
    """get(serialize(r)) is r, through JSON, for every name of every table."""
    regularizer: Any = regularizers.get(name, table)
    stored = json.loads(json.dumps(regularizers.serialize(regularizer)))
    restored: Any = regularizers.get(stored, table)
    assert type(restored) is type(regularizer)
    assert restored.get_config() == regularizer.get_config()


@pytest.mark.parametrize(
    ("name", "table", "expected"),
    [
        ("l1", KERAS3, L1(0.01)),
        ("l2", KERAS3, L2(0.01)),
        ("l1_l2", KERAS3, L1L2(0.01, 0.01)),
        ("l1", KERAS2, L1L2(0.01, 0.0)),
        ("l2", KERAS2, L1L2(0.0, 0.01)),
        ("L1L2", KERAS2, L1L2(0.0, 0.0)),
        ("activity_l1l2", KERAS1, regularizers.L1L2Regularizer(0.01, 0.01)),
        ("WeightRegularizer", KERAS1, regularizers.L1L2Regularizer(0.0, 0.0)),
    ],
    ids=["l1-3", "l2-3", "l1_l2-3", "l1-2", "l2-2", "L1L2-2", "activity-1", "weight-1"],
)
def test_defaults_are_those_of_each_keras(
    name: str, table: Mapping[str, Any], expected: object
) -> None:
    """A bare name has the factors that its Keras gave it."""
    assert regularizers.get(name, table) == expected


def test_configuration_of_keras_1_is_read_twice() -> None:
    """Keras 1's flat dictionary is understood, and unlike in Keras 1 not emptied of its name."""
    config = {"name": "L1L2Regularizer", "l1": 0.1, "l2": 0.2}
    first = regularizers.get(config, KERAS1)
    assert config == {"name": "L1L2Regularizer", "l1": 0.1, "l2": 0.2}
    assert regularizers.get(config, KERAS1) == first == regularizers.L1L2Regularizer(0.1, 0.2)
    assert regularizers.serialize(first) == config
    assert regularizers.L1L2Regularizer.from_config(config) == first


def test_eigenvalue_regularizer_comes_back_and_needs_its_factor() -> None:
    """Its one parameter has no default."""
    regularizer = regularizers.EigenvalueRegularizer(k=0.5)
    stored = regularizers.serialize(regularizer)
    assert stored == {"name": "EigenvalueRegularizer", "k": 0.5}
    assert regularizers.get(stored, KERAS1) == regularizer
    with pytest.raises(InvalidArgument, match="'EigenvalueRegularizer' needs 'k', received no"):
        regularizers.get("EigenvalueRegularizer", KERAS1)


def test_get_takes_classes_instances_none_and_functions() -> None:
    """A class is instantiated, an instance or function passed through, None stays None."""
    assert regularizers.get(L1) == L1()
    assert regularizers.get(None) is None
    assert regularizers.serialize(None) is None
    assert regularizers.get(np.sum) is np.sum
    assert regularizers.serialize(np.sum) == "sum"


def test_users_subclass_may_override_the_call() -> None:
    """A class in Keras's manner works wherever ours do, and stores its configuration."""

    class Mine(regularizers.Regularizer):
        def __init__(self, factor: float = 2.0) -> None:
            self.factor = factor

        def __call__(self, w: Any) -> Any:
            return self.factor * w.sum()

        def get_config(self) -> dict[str, object]:
            return {"factor": self.factor}

    mine: Any = regularizers.get({"class_name": "Mine", "config": {"factor": 3}}, {"Mine": Mine})
    assert mine.loss({}, np.ones(2)) == 6
    assert regularizers.serialize(mine) == {"class_name": "Mine", "config": {"factor": 3}}


@pytest.mark.parametrize("factor", [-0.1, math.inf, math.nan, "0.1", True], ids=repr)
@pytest.mark.parametrize(
    ("table", "name", "parameter"),
    [
        (KERAS1, "l1l2", "l1"),
        (KERAS1, "l2", "l"),
        (KERAS2, "L1L2", "l2"),
        (KERAS2, "l1", "l"),
        (KERAS3, "L1", "l1"),
        (KERAS3, "L2", "l2"),
        (KERAS3, "OrthogonalRegularizer", "factor"),
    ],
    ids=["l1l2-1", "l2-1", "L1L2-2", "l1-2", "L1-3", "L2-3", "orthogonal-3"],
)
def test_illegal_factors_are_refused(
    table: Mapping[str, Any], name: str, parameter: str, factor: object
) -> None:
    """A factor is a finite number that is not negative."""
    message = "must be a (finite )?number(, at least 0)?, received"
    with pytest.raises((InvalidArgument, InvalidType), match=message):
        regularizers.get({"class_name": name, "config": {parameter: factor}}, table)


@pytest.mark.parametrize(
    ("name", "table", "hint"),
    [("l1l2", KERAS2, "l1_l2"), ("l1_l2", KERAS1, "l1l2"), ("L3", KERAS3, "L1")],
    ids=["without underscore", "with underscore", "number"],
)
def test_unknown_name_is_refused_with_a_close_match(
    name: str, table: Mapping[str, Any], hint: str
) -> None:
    """The message has the name, the allowed names and the closest of them."""
    message = rf"unknown regularizer {name!r}; allowed: .*(Did you mean {hint!r}|Use one of)"
    with pytest.raises(InvalidArgument, match=message):
        regularizers.get(name, table)


def test_an_object_of_another_kind_is_refused() -> None:
    """A constraint is not a regularizer, although it is callable."""
    from convdispatch.constraints import NonNeg

    with pytest.raises(InvalidType, match=r"cannot interpret NonNeg\(\) .* as a regularizer"):
        regularizers.get(NonNeg())


def test_unknown_mode_is_refused() -> None:
    """The mode of the orthogonal regularizer is one of two words."""
    with pytest.raises(InvalidArgument, match="`mode` must be 'rows' or 'columns', received 'row'"):
        regularizers.OrthogonalRegularizer(mode="row")
