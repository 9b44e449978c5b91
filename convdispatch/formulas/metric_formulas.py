"""The formulas of the metrics that are no losses, each written once for every backend.

As `loss_formulas`. Keras 2 and 3 have one value for each sample or cell, Keras 1 one for all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from convdispatch.formulas import loss_formulas as losses
from convdispatch.formulas.elementary import Functions, zeros
from convdispatch.runtime.selection import epsilon


def accuracy(f: Functions, t: Any, p: Any) -> Any:
    """Keras 3: 1 where p equals t."""
    return _numbers(f, f["equal"](p, t), p)


def binary_accuracy(f: Functions, t: Any, p: Any) -> Any:
    """Keras 1 and 2: the part of the predictions that round to t; 0.5 rounds to 0."""
    zero = zeros(f, p)
    one = zero + 1
    is_one = f["where"](p > 0.5, f["where"](p < 1.5, one, zero), zero)
    is_zero = f["where"](p <= 0.5, f["where"](p >= -0.5, one, zero), zero)
    equal = f["equal"]  # not `==`, which asks whether two symbols are the same
    hits = f["where"](equal(t, 1), is_one, f["where"](equal(t, 0), is_zero, zero))
    return f["mean"](hits, axis=(-1,))


def binary_accuracy_keras3(f: Functions, t: Any, p: Any, threshold: float) -> Any:
    """Keras 3: 1 where t is whether p is above the threshold."""
    zero = zeros(f, p)
    return _numbers(f, f["equal"](f["where"](p > threshold, zero + 1, zero), t), p)


def categorical_accuracy(f: Functions, t: Any, p: Any) -> Any:
    """1 where the greatest number of t and that of p are in the same place."""
    is_hit = f["equal"](f["argmax"](t, -1), f["argmax"](p, -1))
    return _numbers(f, is_hit, f["sum"](p, axis=(-1,)))


def sparse_categorical_accuracy(f: Functions, t: Any, p: Any) -> Any:
    """1 where the greatest number of p is in place t."""
    # Not by ==: the integers of an argmax differ between the frameworks.
    is_found = f["one_hot"](f["argmax"](p, -1), p.shape[-1], "bool")
    is_wanted = f["one_hot"](t, p.shape[-1], "bool")
    zero = zeros(f, p)
    return f["sum"](f["where"](is_found, f["where"](is_wanted, zero + 1, zero), zero), axis=(-1,))


def sparse_categorical_accuracy_keras1(f: Functions, t: Any, p: Any) -> Any:
    """Keras 1.2.2: the greatest class along the last axis of t is compared with all of p.

    Targets without an axis of size 1 are reduced to their greatest class.
    """
    return f["mean"](sparse_categorical_accuracy(f, f["max"](t, axis=(-1,)), p))


def top_k_categorical_accuracy(f: Functions, t: Any, p: Any, k: int) -> Any:
    """1 where the place of the greatest number of t is among the k greatest of p."""
    return sparse_top_k_categorical_accuracy(f, f["argmax"](t, -1), p, k)


def sparse_top_k_categorical_accuracy(f: Functions, t: Any, p: Any, k: int) -> Any:
    """1 where place t is among the k greatest numbers of p, where fewer than k are greater."""
    chosen = f["one_hot"](t, p.shape[-1], "bool")
    zero = zeros(f, p)
    here = f["sum"](f["where"](chosen, p, zero), axis=(-1,), keepdims=True)
    greater = f["sum"](f["where"](p > here, zero + 1, zero), axis=(-1,))
    is_class = f["max"](chosen, axis=(-1,))
    return f["where"](is_class, _numbers(f, greater < k, greater), 0)


def cosine_similarity(f: Functions, t: Any, p: Any, axis: int) -> Any:
    """Keras 3: the cosine of the angle between t and p."""
    return -losses.cosine_similarity(f, t, p, axis)


def pearson_correlation(f: Functions, t: Any, p: Any, axis: int) -> Any:
    """Keras 3: the covariance of t and p along the axis over their standard deviations."""
    t, p = t - _mean(f, t, axis), p - _mean(f, p, axis)
    t, p = t / f["sqrt"](_mean(f, t * t, axis)), p / f["sqrt"](_mean(f, p * p, axis))
    return f["mean"](t * p, axis=(axis,))


def concordance_correlation(f: Functions, t: Any, p: Any, axis: int) -> Any:
    """Keras 3: twice the covariance over the variances and the square of the means' distance."""
    t_mean, p_mean = _mean(f, t, axis), _mean(f, p, axis)
    variances = _mean(f, (t - t_mean) ** 2, axis) + _mean(f, (p - p_mean) ** 2, axis)
    # The mean of t - p_mean times p - p_mean is the covariance.
    twice = (t - p_mean) * (p - p_mean) * 2
    return f["mean"](twice / (variances + (t_mean - p_mean) ** 2 + epsilon()), axis=(axis,))


def _mean(f: Functions, x: Any, axis: int) -> Any:
    return f["mean"](x, axis=(axis,), keepdims=True)


def matthews_correlation(f: Functions, t: Any, p: Any) -> Any:
    """Keras 1.2.2: the correlation of rounded targets and predictions, of the whole batch."""
    is_true, is_found = _rounded(f, t), _rounded(f, p)
    hits = f["sum"](is_true * is_found)
    rejections = f["sum"]((1 - is_true) * (1 - is_found))
    false_alarms = f["sum"]((1 - is_true) * is_found)
    misses = f["sum"](is_true * (1 - is_found))
    product = (hits + false_alarms) * (hits + misses)
    product = product * (rejections + false_alarms) * (rejections + misses)
    return (hits * rejections - false_alarms * misses) / (f["sqrt"](product) + epsilon())


def precision(f: Functions, t: Any, p: Any) -> Any:
    """Keras 1.2.2: the part of what was found that is true, of the whole batch."""
    is_found = _rounded(f, p)
    return f["sum"](_rounded(f, t) * is_found) / (f["sum"](is_found) + epsilon())


def recall(f: Functions, t: Any, p: Any) -> Any:
    """Keras 1.2.2: the part of what is true that was found, of the whole batch."""
    is_true = _rounded(f, t)
    return f["sum"](is_true * _rounded(f, p)) / (f["sum"](is_true) + epsilon())


def fbeta_score(f: Functions, t: Any, p: Any, beta: float) -> Any:
    """Keras 1.2.2: the weighted harmonic mean of precision and recall, of the whole batch."""
    found, seen, square = precision(f, t, p), recall(f, t, p), beta**2
    return (1 + square) * (found * seen) / (square * found + seen + epsilon())


def fmeasure(f: Functions, t: Any, p: Any) -> Any:
    """Keras 1.2.2: the harmonic mean of precision and recall, of the whole batch."""
    return fbeta_score(f, t, p, 1)


def mean_of_all(formula: Callable[..., Any]) -> Callable[..., Any]:
    """Return Keras 1's metric: the mean of the values of a formula."""
    return partial(_mean_of, formula)  # which can be pickled


def _mean_of(formula: Callable[..., Any], f: Functions, t: Any, p: Any, *parameters: Any) -> Any:
    return f["mean"](formula(f, t, p, *parameters))


def _numbers(f: Functions, condition: Any, like: Any) -> Any:
    """1 where the condition holds, else 0, in the element type of a tensor of that shape.

    NaN where that tensor has NaN.
    """
    zero = zeros(f, like)
    return f["where"](condition, zero + 1, zero)


def _rounded(f: Functions, x: Any) -> Any:
    """X clipped to [0, 1] and rounded; 0.5 rounds to 0."""
    zero = zeros(f, x)
    return f["where"](x > 0.5, zero + 1, zero)
