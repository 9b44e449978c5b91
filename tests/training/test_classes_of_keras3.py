"""Keras 3's classes of losses and metrics in `compile`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_trainings import CLASSES, CODES, X, classifier

from convdispatch import losses, metrics

pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")


def reported(loss: Any, wanted: Any, *given: Any) -> dict[str, float]:
    """Return what one step reports."""
    model = classifier("keras3", "numpy", loss=loss, metrics=list(given))
    return dict(zip(model.metrics_names, model.train_on_batch(X, wanted), strict=True))


def test_sparse_class_takes_numbers_of_classes() -> None:
    """It trains as the class for codes, and 'accuracy' is the sparse one."""
    sparse = reported(losses.SparseCategoricalCrossentropy(), CLASSES, "accuracy")
    coded = reported(losses.CategoricalCrossentropy(), CODES, "accuracy")
    assert sparse == pytest.approx(coded)


def test_metrics_may_be_classes() -> None:
    """They report under their names what their functions do."""
    given = (metrics.CategoricalAccuracy(name="right"), metrics.TopKCategoricalAccuracy(k=2))
    found = reported(losses.CategoricalCrossentropy(), CODES, *given, "accuracy")
    assert found["right"] == found["accuracy"]
    assert found["top_k_categorical_accuracy"] == 1.0


def test_own_class_takes_targets_of_any_shape() -> None:
    """A subclass of `Loss` decides what its targets mean."""

    class First(losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            assert y_true.shape == (24, 3)
            return (y_pred[:, 0] - y_true[:, 2]) ** 2

    model = classifier("keras3", "numpy", loss=First(), metrics=None)
    assert np.isfinite(model.train_on_batch(X, np.zeros((24, 3), "f4")))
