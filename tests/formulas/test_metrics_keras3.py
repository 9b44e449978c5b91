"""Keras 3's classes of metrics that are no means against what the real ones computed."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from places import LEGACY
from precision import in_float64

from convdispatch import metrics
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.formulas.metrics import SUMMED
from convdispatch.ops import Backend
from convdispatch.runtime.registry import registry

RECORDED = json.loads((LEGACY / "metrics_keras3.json").read_text())
ONE_OF_EACH = [
    *{case["name"]: case for case in RECORDED["cases"]}.values(),
    *(case for case in RECORDED["cases"] if case["arguments"] == {"multi_label": True}),
]
FIRST, WEIGHTS = RECORDED["first"], np.array(RECORDED["weights"])


def named(case: dict[str, Any]) -> str:
    """Return the id of a case."""
    return "-".join(
        [case["name"], case["data"], *(f"{k}={v}" for k, v in case["arguments"].items())]
    )


def require_keras_3s(backend: Backend, case: dict[str, Any]) -> None:
    """Compare the values after one batch and after two, without and with weights."""
    targets, predictions = map(np.array, RECORDED["data"][case["data"]])
    ways = {"plain": None, "weighted": WEIGHTS}
    for key, weights in ((key, ways[key]) for key in ways if key in case):
        metric: Any = metrics.get({"class_name": case["name"], "config": case["arguments"]})
        for part, wanted in zip((slice(0, FIRST), slice(FIRST, None)), case[key], strict=True):
            with in_float64(backend.name):
                metric.update_state(
                    targets[part],
                    backend.asarray(predictions[part], "float64"),
                    None if weights is None else weights[part],
                )
            assert np.shape(metric.result()) == np.shape(wanted)
            # IoU divides in float32 in Keras 3.
            np.testing.assert_allclose(metric.result(), wanted, rtol=2e-7, atol=1e-12)


@pytest.mark.parametrize("case", RECORDED["cases"], ids=named)
def test_value_is_keras_3s(case: dict[str, Any]) -> None:
    """With all arguments, on NumPy."""
    require_keras_3s(registry.load("numpy"), case)


@pytest.mark.parametrize("case", ONE_OF_EACH, ids=named)
def test_value_is_keras_3s_on_every_backend(backend: Backend, case: dict[str, Any]) -> None:
    """One case of each class, and the areas of labels."""
    require_keras_3s(backend, case)


def test_every_class_was_recorded() -> None:
    """A class without a case would be untested."""
    assert {case["name"] for case in RECORDED["cases"]} >= {made.__name__ for made in SUMMED}


@pytest.mark.parametrize("case", RECORDED["cases"], ids=named)
def test_configuration_comes_back(case: dict[str, Any]) -> None:
    """`serialize` and `deserialize` are inverse, and nothing is counted before a batch."""
    metric: Any = metrics.get({"class_name": case["name"], "config": case["arguments"]})
    again: Any = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()
    assert metric.result() == 0.0


def test_area_by_hand() -> None:
    """Of 2 true and 2 other samples, 3 of the 4 pairs are in order: the area is 3/4."""
    area = metrics.AUC(num_thresholds=9)
    area.update_state(np.array([0.0, 1.0]), np.array([0.125, 0.3]))
    area.update_state(np.array([0.0, 1.0]), np.array([0.6, 0.8]))
    assert area.result() == pytest.approx(0.75)


def test_unions_by_hand() -> None:
    """Class 0: 1 of 2; class 1: 2 of 3."""
    overlap = metrics.BinaryIoU()
    overlap.update_state(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.7, 0.5, 0.9]))
    assert overlap.result() == pytest.approx((1 / 2 + 2 / 3) / 2, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("AUC", {"curve": "ROD"}, "`curve` of AUC must be one of 'ROC', 'PR', 'PRGAIN'"),
        ("AUC", {"num_thresholds": 1}, "`num_thresholds` must be an integer, at least 2"),
        ("AUC", {"thresholds": [0.5, 1.5]}, "`thresholds` must be numbers from 0 to 1"),
        ("AUC", {"num_labels": 3}, "`num_labels` is for `multi_label=True` alone"),
        ("Precision", {"thresholds": -1}, "`thresholds` must be numbers from 0 to 1"),
        ("Recall", {"top_k": 0}, "`top_k` must be an integer, at least 1"),
        ("PrecisionAtRecall", {"recall": 2}, "`recall` must be from 0 to 1"),
        ("F1Score", {"average": "mean"}, "`average` must be one of None, 'micro', 'macro'"),
        ("FBetaScore", {"beta": 0}, "`beta` must be greater than 0"),
        ("FBetaScore", {"threshold": 0}, "`threshold` must be greater than 0"),
        ("IoU", {"num_classes": 2, "target_class_ids": [2]}, "must be numbers of the 2 classes"),
        ("IoU", {}, "needs 'num_classes', 'target_class_ids'"),
        ("R2Score", {"class_aggregation": "mean"}, "`class_aggregation` must be None"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(name: str, arguments: dict[str, Any], words: str) -> None:
    """As everywhere."""
    with pytest.raises(InvalidArgument, match=words):
        metrics.get({"class_name": name, "config": arguments})


@pytest.mark.parametrize(
    "metric",
    [metrics.AUC(multi_label=True), metrics.F1Score(), metrics.R2Score()],
    ids=lambda metric: metric.name,
)
def test_predictions_of_another_rank_are_refused(metric: Any) -> None:
    """They need rows with one number for each class."""
    with pytest.raises(InvalidShape, match=rf"{metric.name!r}.*received \(2,\)"):
        metric.update_state(np.zeros(2), np.zeros(2))
