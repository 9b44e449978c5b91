"""The metrics of Keras 1, 2 and 3 as functions of targets and predictions.

Keras 2 and 3 have one value for each sample or cell, Keras 1 one for all. Every loss is a metric.
The formulas are in `metric_formulas`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from convdispatch.formulas import loss_functions as losses
from convdispatch.formulas import metric_formulas as formulas
from convdispatch.formulas.measures import Measure, by_name, define

accuracy = define(formulas.accuracy)
binary_accuracy = define(formulas.binary_accuracy_keras3, name="binary_accuracy", threshold=0.5)
categorical_accuracy = define(
    formulas.categorical_accuracy, alternative="sparse_categorical_accuracy"
)
sparse_categorical_accuracy = define(
    formulas.sparse_categorical_accuracy, targets="classes", alternative="categorical_accuracy"
)
top_k_categorical_accuracy = define(
    formulas.top_k_categorical_accuracy, alternative="sparse_top_k_categorical_accuracy", k=5
)
sparse_top_k_categorical_accuracy = define(
    formulas.sparse_top_k_categorical_accuracy,
    targets="classes",
    alternative="top_k_categorical_accuracy",
    k=5,
)
# Of Keras 3's two functions of this name the loss falls, and the metric grows, with the likeness.
cosine_similarity = define(formulas.cosine_similarity, axis=-1)
pearson_correlation = define(formulas.pearson_correlation, axis=-1)
concordance_correlation = define(formulas.concordance_correlation, axis=-1)


def _averaged(measure: Measure) -> Measure:
    """Return Keras 1's metric of that name: the mean of the values."""
    return replace(measure, function=formulas.mean_of_all(measure.function))


_OF_LOSSES = {measure.name: _averaged(measure) for measure in losses.KERAS1.values()}
_fmeasure = define(formulas.fmeasure)

KERAS1: Mapping[str, Measure] = {
    **{name: _OF_LOSSES[measure.name] for name, measure in losses.KERAS1.items()},
    **by_name(
        _averaged(define(formulas.binary_accuracy)),
        _averaged(categorical_accuracy),
        define(
            formulas.sparse_categorical_accuracy_keras1,
            name="sparse_categorical_accuracy",
            targets="unfitted classes",
        ),
        _averaged(top_k_categorical_accuracy),
        define(formulas.matthews_correlation),
        define(formulas.precision),
        define(formulas.recall),
        define(formulas.fbeta_score, beta=1.0),
        _fmeasure,
    ),
    "f1score": _fmeasure,
    "fscore": _fmeasure,
}
KERAS2: Mapping[str, Measure] = {
    **losses.KERAS2,
    **by_name(
        define(formulas.binary_accuracy),
        *(categorical_accuracy, sparse_categorical_accuracy),
        *(_averaged(top_k_categorical_accuracy), _averaged(sparse_top_k_categorical_accuracy)),
    ),
}
KERAS3: Mapping[str, Measure] = {
    **losses.KERAS3,
    **by_name(
        *(accuracy, binary_accuracy, categorical_accuracy, sparse_categorical_accuracy),
        *(top_k_categorical_accuracy, sparse_top_k_categorical_accuracy, cosine_similarity),
        *(pearson_correlation, concordance_correlation),
    ),
}
