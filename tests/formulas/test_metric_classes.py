"""Keras 3's classes of metrics that are means."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import metrics
from convdispatch.errors import InvalidArgument
from convdispatch.formulas.metric_classes import CLASSES
from convdispatch.ops import Backend

ROWS = np.array([[0.25, 0.5, 0.25], [0.125, 0.125, 0.75]], "f4")
ONE_HOT = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], "f4")
NUMBERS = np.array([1, 0])


def targets(metric: Any) -> Any:
    """Return targets of the metric's kind."""
    return NUMBERS if metric.of_classes else ONE_HOT


@pytest.mark.parametrize("made", CLASSES, ids=lambda made: made.__name__)
def test_mean_is_over_all_batches(backend: Backend, made: Any) -> None:
    """Two batches of other sizes give the mean of all values of the function."""
    metric, tensor = made(), backend.asarray(ROWS, "float32")
    values = backend.to_numpy(metric.function(targets(metric), tensor))
    metric.update_state(targets(metric), tensor)
    metric.update_state(targets(metric)[:1], backend.asarray(ROWS[:1], "float32"))
    wanted = np.concatenate([values, values[:1]])
    assert metric.result() == pytest.approx(float(wanted.mean()), rel=1e-6)
    metric.reset_state()
    assert metric.result() == 0.0


@pytest.mark.parametrize("made", CLASSES, ids=lambda made: made.__name__)
def test_configuration_comes_back(made: Any) -> None:
    """A name, a configuration and the class give the same metric."""
    metric = made(name="own")
    again: Any = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is made
    assert again.get_config() == metric.get_config()
    assert isinstance(metrics.get(made.__name__), made)
    assert isinstance(metrics.get(made), made)


def test_weights_count() -> None:
    """A weight of 3 counts as three samples."""
    metric = metrics.MeanSquaredError()
    found = metric(np.zeros((2, 1)), np.array([[1.0], [2.0]]), sample_weight=np.array([3.0, 1.0]))
    assert found == (3 * 1 + 4) / 4


def test_unknown_parameter_names_the_known() -> None:
    """As everywhere."""
    with pytest.raises(InvalidArgument, match="`k` must be an integer, at least 1"):
        metrics.TopKCategoricalAccuracy(k=0)
    with pytest.raises(InvalidArgument, match="Did you mean 'threshold'"):
        metrics.get({"class_name": "BinaryAccuracy", "config": {"treshold": 0.3}})
