"""Each metric has its own name in reports, as each Keras makes it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import keras2, layers, metrics, models
from convdispatch.errors import InvalidArgument

X, Y = np.array([[0.5]], "f4"), np.zeros((1, 1), "f4")


def compiled(door: str = "keras3", **given: Any) -> Any:
    """Return a model that returns its input."""
    sequential, of_door = {
        "keras2": (keras2.models.Sequential, keras2.layers),
        "keras3": (models.Sequential, layers),
    }[door]
    model = sequential([of_door.Dense(1, use_bias=False, input_shape=(1,))], backend="numpy")
    model.set_weights([np.ones((1, 1), "f4")])
    model.compile("sgd", "mse", **given)
    return model


def test_classes_of_one_name_are_numbered() -> None:
    """Both are reported: .5 is above the one threshold and below the other."""
    both = [metrics.BinaryAccuracy(threshold=0.3), metrics.BinaryAccuracy(threshold=0.6)]
    model = compiled(metrics=both)
    assert model.metrics_names == ["loss", "binary_accuracy", "binary_accuracy_1"]
    assert model.evaluate(X, Y, verbose=0) == [0.25, 0.0, 1.0]


def test_functions_of_one_name_are_numbered() -> None:
    """Three functions that are called the same are three metrics."""

    def make(number: float) -> Any:
        def score(y_true: Any, y_pred: Any) -> Any:
            return (y_pred + number)[:, 0]

        return score

    for door in ("keras2", "keras3"):
        model = compiled(door, metrics=[make(1), make(2), make(3)])
        assert model.metrics_names == ["loss", "score", "score_1", "score_2"]
        assert model.evaluate(X, Y, verbose=0) == [0.25, 1.5, 2.5, 3.5]


@pytest.mark.parametrize(
    ("door", "given", "names"),
    [
        ("keras3", {"metrics": ["mae"], "weighted_metrics": ["mae"]}, ["mae", "weighted_mae"]),
        ("keras3", {"weighted_metrics": ["mae"]}, ["mae"]),
        ("keras3", {"metrics": ["mae"], "weighted_metrics": ["mae"] * 3},
         ["mae", "weighted_mae", "weighted_mae_1", "weighted_mae_2"]),
        ("keras2", {"weighted_metrics": ["mae"]}, ["weighted_mean_absolute_error"]),
        ("keras2", {"metrics": ["mae"], "weighted_metrics": ["mae"]},
         ["mean_absolute_error", "weighted_mean_absolute_error"]),
    ],
)  # fmt: skip
def test_weighted_metrics_have_names_of_their_own(
    door: str, given: dict[str, Any], names: list[str]
) -> None:
    """Keras 2.2.4 always says that they are weighted, Keras 3 where the name is taken."""
    assert compiled(door, **given).metrics_names == ["loss", *names]


def test_metric_may_not_be_named_as_the_loss() -> None:
    """It would take the loss's place."""
    with pytest.raises(InvalidArgument, match=r"metric.*'loss'.*another name"):
        compiled(metrics=[metrics.MeanAbsoluteError(name="loss")])
