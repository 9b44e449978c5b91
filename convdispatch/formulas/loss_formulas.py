"""The formulas of the losses, each written once for every backend.

A formula takes a backend's table `f` (see `convdispatch.ops.REQUIRED_FUNCTIONS`), the targets `t`,
the predictions `p` and numbers that have been checked, and returns one value for each sample, or
for each cell of a sample. Targets have the predictions' shape and element type, or are classes:
int32, without the axis of classes. `epsilon()`, the one setting that is read, keeps a divisor or
the argument of a logarithm away from 0. `elementary` has the rules for formulas.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from convdispatch.formulas import activation_formulas as activations
from convdispatch.formulas.elementary import Functions, absolute, clip
from convdispatch.runtime.selection import epsilon


def mean_squared_error(f: Functions, t: Any, p: Any) -> Any:
    """mean((p - t)^2)."""
    difference = p - t
    return _mean(f, difference * difference)


def mean_absolute_error(f: Functions, t: Any, p: Any) -> Any:
    """mean(|p - t|)."""
    return _mean(f, absolute(f, p - t))


def mean_absolute_percentage_error(f: Functions, t: Any, p: Any) -> Any:
    """100 mean(|t - p| / max(|t|, epsilon))."""
    return 100.0 * _mean(f, absolute(f, (t - p) / _at_least(f, f["abs"](t), epsilon())))


def mean_squared_logarithmic_error(f: Functions, t: Any, p: Any) -> Any:
    """mean((log(max(p, epsilon) + 1) - log(max(t, epsilon) + 1))^2)."""
    difference = _log_of_positive(f, p) - _log_of_positive(f, t)
    return _mean(f, difference * difference)


def hinge(f: Functions, t: Any, p: Any) -> Any:
    """mean(max(1 - t p, 0)), of targets -1 and 1."""
    return _mean(f, f["relu"](1.0 - t * p))


def squared_hinge(f: Functions, t: Any, p: Any) -> Any:
    """mean(max(1 - t p, 0)^2), of targets -1 and 1."""
    margin = f["relu"](1.0 - t * p)
    return _mean(f, margin * margin)


def hinge_keras3(f: Functions, t: Any, p: Any) -> Any:
    """Keras 3: as `hinge`; targets that are all 0 or 1 stand for -1 and 1."""
    return hinge(f, _signs(f, t), p)


def squared_hinge_keras3(f: Functions, t: Any, p: Any) -> Any:
    """Keras 3: as `squared_hinge`; targets that are all 0 or 1 stand for -1 and 1."""
    return squared_hinge(f, _signs(f, t), p)


def categorical_hinge(f: Functions, t: Any, p: Any) -> Any:
    """max(max((1 - t) p) - sum(t p) + 1, 0)."""
    right = f["sum"](t * p, axis=(-1,))
    wrong = f["max"]((1.0 - t) * p, axis=(-1,))
    return f["relu"](wrong - right + 1.0)


def log_cosh(f: Functions, t: Any, p: Any) -> Any:
    """mean(log(cosh(p - t))), which never overflows."""
    x = p - t
    return _mean(f, x + activations.softplus(f, -2.0 * x) - math.log(2.0))


def huber(f: Functions, t: Any, p: Any, delta: float) -> Any:
    """Huber, 1964: mean of x^2 / 2 where |x| is at most delta, else delta (|x| - delta / 2)."""
    x = p - t
    size = f["abs"](x)
    is_far = size > delta
    near = f["where"](is_far, 0, x)
    return _mean(f, f["where"](is_far, delta * size - 0.5 * delta * delta, 0.5 * near * near))


def kullback_leibler_divergence(f: Functions, t: Any, p: Any) -> Any:
    """sum(t log(t / p)), both clipped to [epsilon, 1]."""
    t, p = clip(f, t, epsilon(), 1.0), clip(f, p, epsilon(), 1.0)
    return f["sum"](t * f["log"](t / p), axis=(-1,))


def poisson(f: Functions, t: Any, p: Any) -> Any:
    """mean(p - t log(p + epsilon))."""
    return _mean(f, p - t * f["log"](p + epsilon()))


def cosine_proximity_keras1(f: Functions, t: Any, p: Any) -> Any:
    """Keras 1.2.2: minus the mean of the products; vectors of zeros have no direction: NaN."""
    return -_mean(f, _unit_keras1(f, t) * _unit_keras1(f, p))


def cosine_proximity_keras2(f: Functions, t: Any, p: Any) -> Any:
    """Keras 2.2.4: minus the cosine of the angle between t and p."""
    return -f["sum"](_unit(f, t, epsilon()) * _unit(f, p, epsilon()), axis=(-1,))


def cosine_similarity(f: Functions, t: Any, p: Any, axis: int) -> Any:
    """Keras 3: minus the cosine of the angle between t and p, so that training aligns them."""
    axes = (activations.require_axis(p, axis),)
    return -f["sum"](
        _unit(f, t, epsilon() ** 2, axes) * _unit(f, p, epsilon() ** 2, axes), axis=axes
    )


def categorical_crossentropy(
    f: Functions,
    t: Any,
    p: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """-sum(t log p), with p divided by its sum and clipped to [epsilon, 1 - epsilon]."""
    axis = activations.require_axis(p, axis)
    if label_smoothing:
        t = t * (1.0 - label_smoothing) + label_smoothing / t.shape[axis]
    return -f["sum"](t * _log_probabilities(f, p, from_logits, axis), axis=(axis,))


def sparse_categorical_crossentropy(
    f: Functions,
    t: Any,
    p: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Any:
    """As `categorical_crossentropy`, of numbers of classes; NaN for a class that p has not."""
    axis = activations.require_axis(p, axis)
    if axis != len(p.shape) - 1:
        rest = [index for index in range(len(p.shape)) if index != axis]
        p = f["transpose"](p, (*rest, axis))
    if from_logits and "crossentropy" in f:
        loss = f["crossentropy"](p, t)
    else:
        is_chosen = f["one_hot"](t, p.shape[-1], "bool")
        logarithms = _log_probabilities(f, p, from_logits, len(p.shape) - 1)
        loss = -f["sum"](f["where"](is_chosen, logarithms, 0), axis=(-1,))
        is_class = f["max"](is_chosen, axis=(-1,))
        loss = f["where"](is_class, loss, math.nan)
    return loss if ignore_class is None else f["where"](f["equal"](t, ignore_class), 0, loss)


def binary_crossentropy(
    f: Functions,
    t: Any,
    p: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """-mean(t log p + (1 - t) log(1 - p)), with p clipped to [epsilon, 1 - epsilon]."""
    axes = (activations.require_axis(p, axis),)
    if label_smoothing:
        t = t * (1.0 - label_smoothing) + 0.5 * label_smoothing
    if from_logits:  # log p is -softplus(-p), log(1 - p) is -softplus(p)
        losses = activations.softplus(f, p) - t * p
    else:
        p = clip(f, p, epsilon(), 1.0 - epsilon())
        losses = -(t * f["log"](p) + (1.0 - t) * f["log"](1.0 - p))
    return f["mean"](losses, axis=axes)


# What TensorFlow's Keras computes otherwise.


def sparse_categorical_crossentropy_tf_keras(
    f: Functions,
    t: Any,
    p: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Any:
    """As `sparse_categorical_crossentropy`, with p clipped first and then divided by its sum."""
    if not from_logits:
        p = f["log"](clip(f, p, epsilon(), 1.0 - epsilon()))
    return sparse_categorical_crossentropy(f, t, p, True, ignore_class, axis)


def binary_crossentropy_tf_keras(
    f: Functions,
    t: Any,
    p: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """As `binary_crossentropy`, with epsilon added within the logarithms, too."""
    if from_logits:
        return binary_crossentropy(f, t, p, True, label_smoothing, axis)
    axes = (activations.require_axis(p, axis),)
    if label_smoothing:
        t = t * (1.0 - label_smoothing) + 0.5 * label_smoothing
    p = clip(f, p, epsilon(), 1.0 - epsilon())
    hit, miss = f["log"](p + epsilon()), f["log"](1.0 - p + epsilon())
    return f["mean"](-(t * hit + (1.0 - t) * miss), axis=axes)


TF_KERAS: Mapping[str, Callable[..., Any]] = {
    "binary_crossentropy": binary_crossentropy_tf_keras,
    "sparse_categorical_crossentropy": sparse_categorical_crossentropy_tf_keras,
}


def _mean(f: Functions, x: Any) -> Any:
    return f["mean"](x, axis=(-1,))


def _at_least(f: Functions, x: Any, low: float) -> Any:
    return f["where"](x < low, low, x)


def _log_of_positive(f: Functions, x: Any) -> Any:
    return f["log"](_at_least(f, x, epsilon()) + 1.0)


def _log_probabilities(f: Functions, p: Any, from_logits: bool, axis: int) -> Any:
    if from_logits:
        return activations.log_softmax(f, p, axis)
    p = p / f["sum"](p, axis=(axis,), keepdims=True)
    return f["log"](clip(f, p, epsilon(), 1.0 - epsilon()))


def _signs(f: Functions, t: Any) -> Any:
    """Targets -1 and 1 for targets that are all 0 or 1, else the targets."""
    distance = f["where"](t < 0.5, f["abs"](t), f["abs"](t - 1.0))
    return f["where"](f["equal"](f["sum"](distance), 0), 2.0 * t - 1.0, t)


def _unit(f: Functions, x: Any, least: float, axes: tuple[int, ...] = (-1,)) -> Any:
    """X over its length, the square of which counts at least `least`."""
    square = f["sum"](x * x, axis=axes, keepdims=True)
    return x / f["sqrt"](_at_least(f, square, least))


def _unit_keras1(f: Functions, x: Any) -> Any:
    return x / f["sqrt"](f["sum"](x * x, axis=(-1,), keepdims=True))
