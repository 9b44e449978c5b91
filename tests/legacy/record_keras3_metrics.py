"""Records what Keras 3's classes of metrics that are no means compute, for the tests.

`python tests/legacy/record_keras3_metrics.py` needs Keras 3 and its TensorFlow backend, as
`record_keras3.py` does.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np

HERE = Path(__file__).parent
RANDOM = np.random.default_rng(31)

# Sixteenths, so that some predictions are thresholds.
CHANCES = RANDOM.integers(0, 17, size=(12, 1)) / 16
LABELS = (CHANCES + RANDOM.normal(size=CHANCES.shape) * 0.4 > 0.5).astype(float)
SEVERAL = RANDOM.integers(0, 17, size=(12, 3)) / 16
SEVERAL_LABELS = (SEVERAL + RANDOM.normal(size=SEVERAL.shape) * 0.4 > 0.5).astype(float)
CLASSES = RANDOM.integers(0, 3, size=(12, 1)).astype(float)
FOUND = np.where(RANDOM.uniform(size=(12, 1)) > 0.4, CLASSES, (CLASSES + 1) % 3)
CODES = np.eye(3)[CLASSES[:, 0].astype(int)]
SCORES = RANDOM.normal(size=(12, 3)).round(2)
DATA = {
    "one": (LABELS, CHANCES),
    "several": (SEVERAL_LABELS, SEVERAL),
    "logits": (LABELS, (CHANCES - 0.5) * 8),
    "numbers": (SCORES, (SCORES + RANDOM.normal(size=SCORES.shape) * 0.5).round(2)),
    "classes": (CLASSES, FOUND),
    "codes": (CODES, SEVERAL),
    "scores": (CODES, SCORES),
}
WEIGHTS = np.array([1, 0, 2, 1, 1, 3, 0, 1, 2, 1, 1, 1]).astype(float)
FIRST = 5  # how many samples the first of two batches has

COUNTS = ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives")
PARTS = ("Precision", "Recall")
SENSITIVITY = {"sensitivity": 0.6, "num_thresholds": 9}
METHODS = ("interpolation", "minoring", "majoring")
CASES: list[tuple[str, str, dict[str, Any]]] = [
    *(
        ("AUC", "one", {"curve": curve, "summation_method": method, "num_thresholds": 9})
        for curve in ("ROC", "PR", "PRGAIN")
        for method in METHODS
    ),
    ("AUC", "one", {}),
    ("AUC", "one", {"curve": "PR"}),
    ("AUC", "one", {"num_thresholds": 2}),
    ("AUC", "one", {"thresholds": [0.75, 0.2, 0.5]}),
    ("AUC", "one", {"thresholds": [0.25, 0.5, 0.75]}),
    ("AUC", "logits", {"from_logits": True}),
    ("AUC", "several", {}),
    ("AUC", "several", {"label_weights": [1.0, 0.5, 2.0]}),
    ("AUC", "several", {"multi_label": True}),
    ("AUC", "several", {"multi_label": True, "num_labels": 3, "curve": "PR"}),
    ("AUC", "several", {"multi_label": True, "label_weights": [1.0, 0.5, 2.0]}),
    ("AUC", "several", {"multi_label": True, "thresholds": [0.1, 0.6]}),
    *((name, "one", {}) for name in (*COUNTS, *PARTS)),
    *((name, "several", {"thresholds": 0.25}) for name in (*COUNTS, *PARTS)),
    *((name, "several", {"thresholds": [0.2, 0.5, 0.9]}) for name in (*COUNTS, *PARTS)),
    *((name, "one", {"thresholds": [0.0, 0.5, 1.0]}) for name in (*COUNTS, *PARTS)),
    *((name, "codes", {"top_k": 2}) for name in PARTS),
    *((name, "codes", {"class_id": 1}) for name in PARTS),
    *((name, "codes", {"top_k": 2, "class_id": 1}) for name in PARTS),
    *((name, "codes", {"top_k": 2, "thresholds": 0.4}) for name in PARTS),
    ("SensitivityAtSpecificity", "one", {"specificity": 0.6}),
    ("SpecificityAtSensitivity", "one", SENSITIVITY),
    ("SpecificityAtSensitivity", "several", {**SENSITIVITY, "class_id": 2}),
    ("SpecificityAtSensitivity", "one", {"sensitivity": 0.6, "num_thresholds": 1}),
    ("PrecisionAtRecall", "one", {"recall": 0.7}),
    ("RecallAtPrecision", "one", {"precision": 0.7}),
    ("RecallAtPrecision", "one", {"precision": 1.0, "num_thresholds": 3}),
    *(("F1Score", "codes", {"average": one}) for one in (None, "micro", "macro", "weighted")),
    ("F1Score", "several", {"threshold": 0.4}),
    ("F1Score", "one", {}),
    ("FBetaScore", "scores", {"beta": 2.0, "average": "macro"}),
    ("FBetaScore", "codes", {"beta": 0.5, "threshold": 0.3}),
    ("BinaryIoU", "one", {}),
    ("BinaryIoU", "several", {"target_class_ids": [1], "threshold": 0.25}),
    ("IoU", "classes", {"num_classes": 3, "target_class_ids": [0, 2]}),
    ("MeanIoU", "classes", {"num_classes": 3}),
    ("MeanIoU", "classes", {"num_classes": 4}),
    ("MeanIoU", "classes", {"num_classes": 3, "ignore_class": 1}),
    ("MeanIoU", "classes", {"num_classes": 2}),
    ("OneHotIoU", "scores", {"num_classes": 3, "target_class_ids": [0]}),
    ("OneHotMeanIoU", "scores", {"num_classes": 3}),
    ("RootMeanSquaredError", "numbers", {}),
    ("R2Score", "numbers", {}),
    ("R2Score", "numbers", {"class_aggregation": None}),
    ("R2Score", "numbers", {"class_aggregation": "variance_weighted_average"}),
    ("R2Score", "numbers", {"num_regressors": 2}),
    ("PearsonCorrelation", "numbers", {}),
    ("PearsonCorrelation", "numbers", {"axis": 0}),
    ("ConcordanceCorrelation", "numbers", {}),
]


def recorded(name: str, data: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return what a metric gives after one batch and after two, and of weighted samples."""
    targets, predictions = DATA[data]
    entry: dict[str, Any] = {"name": name, "data": data, "arguments": arguments}
    # Along the samples there are no values of samples to weigh; Keras fails on an IoU of columns.
    has_weights = arguments.get("axis") != 0 and (name, data) != ("BinaryIoU", "several")
    for key, weights in (("plain", None), *[("weighted", WEIGHTS)] * has_weights):
        metric = getattr(keras.metrics, name)(**arguments)
        results = []
        for part in (slice(0, FIRST), slice(FIRST, None)):
            own = None if weights is None else weights[part]
            metric.update_state(targets[part], predictions[part], sample_weight=own)
            results.append(np.array(metric.result(), np.float64).tolist())
        entry[key] = results
    return entry


if __name__ == "__main__":
    keras.config.set_floatx("float64")
    found = {
        "oracle": f"Keras {keras.__version__} on TensorFlow, float64",
        "first": FIRST,
        "weights": WEIGHTS.tolist(),
        "data": {name: [one.tolist() for one in pair] for name, pair in DATA.items()},
        "cases": [recorded(*case) for case in CASES],
    }
    (HERE / "metrics_keras3.json").write_text(json.dumps(found) + "\n")
