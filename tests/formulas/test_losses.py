"""Losses and metrics: shapes, element types, configurations and what bad input gets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convdispatch import keras1, keras2, losses, metrics
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.formulas.dialects import KERAS1, KERAS2, KERAS3
from convdispatch.formulas.measures import Measure
from convdispatch.formulas.metrics import suited
from convdispatch.ops import Backend

ROWS = np.array([[0.25, 0.5, 0.25], [0.125, 0.125, 0.75]])
ONE_HOT = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
# Each formula once, under the first name that it has.
_BY_FORMULA: dict[Any, Any] = {}
for _dialect in (KERAS3, KERAS2, KERAS1):
    for _kind in ("losses", "metrics"):
        for _name, _measure in getattr(_dialect, _kind).items():
            if isinstance(_measure, Measure):
                formula = getattr(_measure.function, "__wrapped__", _measure.function)
                _BY_FORMULA.setdefault(formula, pytest.param(_measure, id=f"{_kind}-{_name}"))
MEASURES = list(_BY_FORMULA.values())


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("measure", MEASURES)
def test_half_precision_is_computed_in_float32(
    backend: Backend, measure: Measure, dtype: str
) -> None:
    """The values are those of the same numbers in float32, and are float32."""
    targets = np.array([1, 0]) if measure.of_classes else ONE_HOT
    if measure.targets == "unfitted classes":
        targets = targets[:, None]
    half = backend.asarray(ROWS, dtype)
    wide = backend.asarray(ROWS, "float32")  # every number is one of half precision, too
    found, expected = measure(targets, half), measure(targets, wide)
    assert backend.describe(found)[1] == "float32"
    np.testing.assert_array_equal(backend.to_numpy(found), backend.to_numpy(expected))


def test_half_precision_does_not_overflow(backend: Backend) -> None:
    """The square of 300 is beyond float16."""
    predictions = backend.asarray(np.array([[300.0]]), "float16")
    found = losses.mean_squared_error(np.array([[0.0]]), predictions)
    assert backend.to_numpy(found).tolist() == [90000.0]


@pytest.mark.parametrize(
    ("targets", "predictions"),
    [((4,), (4, 1)), ((4, 1), (4,)), ((4, 1), (4, 1))],
)
def test_axis_of_one_cell_may_be_missing(
    targets: tuple[int, ...], predictions: tuple[int, ...]
) -> None:
    """Targets of shape (n,) are those of predictions of shape (n, 1), and never broadcast."""
    t = np.arange(4.0).reshape(targets)
    p = 2 * np.arange(4.0).reshape(predictions)
    found = losses.mean_squared_error(t, p)
    assert np.ravel(found).tolist() == ([0.0, 1.0, 4.0, 9.0] if predictions != (4,) else [3.5])


def test_user_class_gets_native_tensors(backend: Backend) -> None:
    """A subclass defines `call` in the framework's own words; the base reduces."""

    class Half(losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            assert backend.owns(y_true)
            return 0.5 * (y_pred - y_true)

    predictions = backend.asarray(np.array([2.0, 4.0]), "float32")
    found = Half(reduction="sum")(np.zeros(2), predictions)
    assert float(backend.to_numpy(found)) == 3.0


def test_user_function_is_taken_as_it_is() -> None:
    """A function of native tensors needs no class, and is saved by its name."""

    def wrong(y_true: Any, y_pred: Any) -> Any:
        return y_true - y_pred

    assert losses.get(wrong) is wrong
    assert metrics.get(wrong) is wrong
    assert losses.serialize(wrong) == "wrong"


@settings(derandomize=True, max_examples=50, deadline=None)
@given(
    st.sampled_from(sorted(losses.KERAS3)),
    st.floats(0, 10),
    st.floats(0, 1),
    st.sampled_from(("sum", "mean", "none", None)),
)
def test_configurations_come_back(
    name: str, delta: float, smoothing: float, reduction: str | None
) -> None:
    """`deserialize` undoes `serialize`, whatever the parameters are."""
    given = {"delta": delta, "label_smoothing": smoothing, "reduction": reduction}
    known = losses.serialize(losses.get({"class_name": name, "config": {}}))
    config = known["config"] if isinstance(known, dict) else dict(losses.KERAS3[name].parameters)
    chosen = {key: value for key, value in given.items() if key in config}
    loss: Any = losses.get({"class_name": name, "config": chosen})
    again: Any = losses.deserialize(losses.serialize(loss))
    assert again.get_config() == loss.get_config()
    assert {key: loss.get_config()[key] for key in chosen} == chosen


@pytest.mark.parametrize(
    ("get", "name", "meant"),
    [
        (losses.get, "mean_sqared_error", "mean_squared_error"),
        (losses.get, "MeanSquareError", "MeanSquaredError"),
        (metrics.get, "acuracy", "accuracy"),
        (keras1.objectives.get, "categorical_crossentropi", "categorical_crossentropy"),
        (keras2.losses.get, "logcos", "logcosh"),
        (keras1.metrics.get, "fscor", "fscore"),
        (keras2.metrics.get, "binary_acc", "binary_accuracy"),
    ],
)
def test_unknown_name_gets_the_nearest(get: Any, name: str, meant: str) -> None:
    """A name that does not exist is answered with those that do and the one that was meant."""
    with pytest.raises(InvalidArgument, match=f"unknown .* '{name}'; .* Did you mean '{meant}'"):
        get(name)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: losses.Huber(delta=-1.0), "`delta` must be a finite number, at least 0"),
        (lambda: losses.Huber(delta="a"), "`delta` must be a number, received 'a'"),
        (lambda: losses.CategoricalCrossentropy(label_smoothing=2), "must be at most 1"),
        (lambda: losses.MeanSquaredError(reduction="men"), "Did you mean 'mean'"),
        (lambda: losses.huber.with_parameters(detla=1.0), "Did you mean 'delta'"),
        (lambda: losses.huber(ROWS, ROWS, 1.0, 2.0), "takes 1 parameters after the predictions"),
        (lambda: metrics.top_k_categorical_accuracy.with_parameters(k=0), "at least 1, received 0"),
        (lambda: losses.get(3), "cannot interpret 3"),
        (lambda: losses.mean_squared_error(ROWS, ROWS.astype(int)), "predictions must have one of"),
    ],
)
def test_bad_parameters(make: Any, message: str) -> None:
    """A wrong parameter is one error that says what is allowed."""
    with pytest.raises((InvalidArgument, InvalidType), match=message):
        make()


@pytest.mark.parametrize(
    ("loss", "targets", "message"),
    [
        ("mean_squared_error", (2, 4), r"needs targets of shape \(2, 3\), received \(2, 4\)"),
        ("categorical_crossentropy", (2,), "use 'sparse_categorical_crossentropy'"),
        ("sparse_categorical_crossentropy", (2, 3), "use 'categorical_crossentropy'"),
    ],
)
def test_targets_that_do_not_fit(
    backend: Backend, loss: str, targets: tuple[int, ...], message: str
) -> None:
    """Shapes never broadcast; where another loss takes such targets, it is named."""
    with pytest.raises(InvalidShape, match=message):
        losses.KERAS3[loss](np.zeros(targets), backend.asarray(ROWS, "float32"))


def test_weights_that_do_not_fit(backend: Backend) -> None:
    """Weights of samples have the samples' number."""
    predictions = backend.asarray(ROWS, "float32")
    with pytest.raises(InvalidShape, match=r"of shape \(2,\), or for each sample, received .*\(3,"):
        losses.MeanSquaredError()(ROWS, predictions, sample_weight=np.ones(3))


def test_abstract_loss_says_what_to_define() -> None:
    """`Loss` itself computes nothing."""
    with pytest.raises(NotImplementedError, match="does not define `call"):
        losses.Loss()(ROWS, ROWS)


@pytest.mark.parametrize(
    ("dialect", "targets", "predictions", "loss", "meant"),
    [
        (KERAS1, (None, 1), (None, 1), "mean_squared_error", "binary_accuracy"),
        (KERAS1, (None, 3), (None, 3), "binary_crossentropy", "binary_accuracy"),
        (KERAS2, (None, 3), (None, 3), "categorical_crossentropy", "categorical_accuracy"),
        (KERAS2, (None, 3), (None, 3), "mean_squared_error", "categorical_accuracy"),
        (
            KERAS2,
            (None,),
            (None, 3),
            "sparse_categorical_crossentropy",
            "sparse_categorical_accuracy",
        ),
        (KERAS3, (None, 1), (None, 1), "mean_squared_error", "binary_accuracy"),
        (KERAS3, (None, 3), (None, 3), "binary_crossentropy", "categorical_accuracy"),
        (KERAS3, (None,), (None, 3), "mean_squared_error", "sparse_categorical_accuracy"),
        (KERAS3, (None, 1), (None, 3), "mean_squared_error", "sparse_categorical_accuracy"),
    ],
)
@pytest.mark.parametrize(
    ("word", "ending"),
    [("acc", "accuracy"), ("accuracy", "accuracy"), ("ce", "crossentropy"), ("mse", None)],
)
def test_accuracy_is_the_one_that_suits(
    dialect: Any,
    targets: Any,
    predictions: Any,
    loss: str,
    meant: str,
    word: str,
    ending: str | None,
) -> None:
    """By the loss in Keras 1 and 2, by the shapes in Keras 3; other words stand for themselves."""
    found = suited(
        word,
        dialect.metrics,
        targets=targets,
        predictions=predictions,
        loss=losses.get(loss, dialect.losses),
    )
    expected = word if ending is None else meant.replace("accuracy", ending)
    assert found == expected
    assert metrics.get(found, dialect.metrics) is not None
