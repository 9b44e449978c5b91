"""The metrics of Keras 1, 2 and 3 by name.

Every loss is a metric. `KERAS3` is what `convdispatch.metrics` reads; `KERAS2` (2.2.4, with what
later 2.x added) and `KERAS1` (1.2.2) are the façades'. What 'accuracy' and 'crossentropy' mean
depends on the model's loss in Keras 1 and 2, and on the shapes in Keras 3: see `suited`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, cast

from convdispatch.formulas import (
    confusion_metrics,
    lookup,
    metric_classes,
    overlap_metrics,
    regression_metrics,
)
from convdispatch.formulas import metric_functions as functions
from convdispatch.formulas.auc import AUC
from convdispatch.formulas.losses import factory
from convdispatch.formulas.losses import serialize as serialize
from convdispatch.formulas.measures import Function, Measure, Shape
from convdispatch.formulas.metric_bases import Metric, SummedMetric

Entry: TypeAlias = Measure | type[Metric]

SUMMED: tuple[type[Metric], ...] = (
    *(AUC, confusion_metrics.Precision, confusion_metrics.Recall),
    *(confusion_metrics.TruePositives, confusion_metrics.FalsePositives),
    *(confusion_metrics.TrueNegatives, confusion_metrics.FalseNegatives),
    *(confusion_metrics.SensitivityAtSpecificity, confusion_metrics.SpecificityAtSensitivity),
    *(confusion_metrics.PrecisionAtRecall, confusion_metrics.RecallAtPrecision),
    *(overlap_metrics.FBetaScore, overlap_metrics.F1Score, overlap_metrics.IoU),
    *(overlap_metrics.BinaryIoU, overlap_metrics.MeanIoU, overlap_metrics.OneHotIoU),
    overlap_metrics.OneHotMeanIoU,
    *(regression_metrics.RootMeanSquaredError, regression_metrics.R2Score),
)
_SUMMED: Mapping[str, Entry] = {found.__name__: found for found in SUMMED}
_MEANS: Mapping[str, Entry] = {found.__name__: found for found in metric_classes.CLASSES}
# Keras 3's other names of classes that are not those of functions.
_SNAKE: Mapping[str, Entry] = {
    **{found.own_name: found for found in SUMMED if issubclass(found, SummedMetric)},
    "f_beta_score": overlap_metrics.FBetaScore,
    "log_cosh_error": metric_classes.LogCoshError,
}

KERAS3: Mapping[str, Entry] = {**_MEANS, **_SUMMED, **_SNAKE, **functions.KERAS3}
KERAS2: Mapping[str, Entry] = {**functions.KERAS2, **_SUMMED}
KERAS1: Mapping[str, Entry] = functions.KERAS1

# The words that stand for one of several metrics.
SHORT = {
    "accuracy": "accuracy",
    "acc": "accuracy",
    "crossentropy": "crossentropy",
    "ce": "crossentropy",
}


def get(
    identifier: object, table: Mapping[str, Entry] = KERAS3
) -> Measure | Metric | Function | None:
    """Return the metric that `identifier` stands for in `table`; None stays None.

    A name, a dictionary with 'class_name' and 'config', a `Measure`, a `Metric` or its class, or a
    callable of native targets and predictions.

    >>> get("mae").name
    'mean_absolute_error'
    """
    if identifier is None:
        return None
    factories = {name: factory(entry) for name, entry in table.items()}
    found = lookup.resolve(identifier, factories, kind="metric", base=Metric)
    return cast("Measure | Metric | Function", found)


def suited(
    word: str, table: Mapping[str, Entry], *, targets: Shape, predictions: Shape, loss: object
) -> str:
    """Return the name of the metric that 'accuracy' or 'crossentropy' stands for, else the word.

    >>> suited("acc", KERAS3, targets=(None, 1), predictions=(None, 10), loss=None)
    'sparse_categorical_accuracy'
    """
    kind = SHORT.get(word)
    if kind is None:
        return word
    is_binary = predictions[-1:] == (1,)
    if table is KERAS3:
        is_sparse = len(targets) < len(predictions) or targets[-1:] == (1,)
    else:
        name = lookup.name_of(loss)
        is_binary = is_binary or name == "binary_crossentropy"
        is_sparse = name == "sparse_categorical_crossentropy"
    if is_binary:
        return f"binary_{kind}"
    return f"sparse_categorical_{kind}" if is_sparse else f"categorical_{kind}"
