"""Update rules as the papers and each Keras state them, in float64, one weight at a time.

What training on a backend is compared with. NumPy alone may be imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
# What a rule remembers of one weight, beside "weight" itself: nothing before the first update.
State: TypeAlias = dict[str, Any]
# rule(state, gradient, number of the update, counted from 1) -> what is subtracted from the weight
Rule: TypeAlias = Callable[[State, Array, int], Any]


def gradient_descent(rate: float, momentum: float = 0.0, *, nesterov: bool = False) -> Rule:
    """Return the rule of gradient descent with momentum."""

    def rule(state: State, gradient: Array, step: int) -> Any:
        velocity = state["v"] = momentum * state.get("v", 0) - rate * gradient
        return rate * gradient - momentum * velocity if nesterov else -velocity

    return rule


def decaying(rate: float, decay: float) -> Rule:
    """Return the rule of gradient descent whose rate falls with the number of updates."""
    return lambda state, gradient, step: rate / (1 + decay * (step - 1)) * gradient


def rmsprop(rate: float, rho: float, epsilon: float, *, under_the_root: bool) -> Rule:
    """Return the rule that divides by the root of the moving mean of squares."""

    def rule(state: State, gradient: Array, step: int) -> Any:
        square = state["s"] = rho * state.get("s", 0) + (1 - rho) * gradient**2
        return rate * gradient / _root(square, epsilon, under_the_root=under_the_root)

    return rule


def adagrad(rate: float, start: float, epsilon: float, *, under_the_root: bool) -> Rule:
    """Return the rule that divides by the root of the sum of squares."""

    def rule(state: State, gradient: Array, step: int) -> Any:
        square = state["s"] = state.get("s", start) + gradient**2
        return rate * gradient / _root(square, epsilon, under_the_root=under_the_root)

    return rule


def adadelta(rate: float, rho: float, epsilon: float) -> Rule:
    """Return Zeiler's rule."""

    def rule(state: State, gradient: Array, step: int) -> Any:
        square = state["s"] = rho * state.get("s", 0) + (1 - rho) * gradient**2
        before = state.get("d", 0)
        delta = np.sqrt((before + epsilon) / (square + epsilon)) * gradient
        state["d"] = rho * before + (1 - rho) * delta**2
        return rate * delta

    return rule


def adam(
    rate: float, beta_1: float, beta_2: float, epsilon: float, *, greatest: bool = False
) -> Rule:
    """Return the rule of Adam; with the greatest velocity so far, of AMSGrad."""

    def rule(state: State, gradient: Array, step: int) -> Any:
        mean = state["m"] = beta_1 * state.get("m", 0) + (1 - beta_1) * gradient
        square = state["v"] = beta_2 * state.get("v", 0) + (1 - beta_2) * gradient**2
        if greatest:
            square = state["g"] = np.maximum(state.get("g", 0), square)
        corrected = rate * np.sqrt(1 - beta_2**step) / (1 - beta_1**step)
        return corrected * mean / (np.sqrt(square) + epsilon)

    return rule


def adamax(rate: float, beta_1: float, beta_2: float, epsilon: float) -> Rule:
    """Return the rule of Adam in the maximum norm."""

    def rule(state: State, gradient: Array, step: int) -> Any:
        mean = state["m"] = beta_1 * state.get("m", 0) + (1 - beta_1) * gradient
        norm = state["n"] = np.maximum(beta_2 * state.get("n", 0), np.abs(gradient))
        return rate / (1 - beta_1**step) * mean / (norm + epsilon)

    return rule


def nadam(rate: float, beta_1: float, beta_2: float, epsilon: float, schedule_decay: float) -> Rule:
    """Return the rule of Adam with Nesterov's momentum and a schedule of it."""

    def factor(step: int) -> float:
        return float(beta_1 * (1 - 0.5 * 0.96 ** (step * schedule_decay)))

    def rule(state: State, gradient: Array, step: int) -> Any:
        product = np.prod([factor(past) for past in range(1, step + 1)])
        following = factor(step + 1)
        mean = state["m"] = beta_1 * state.get("m", 0) + (1 - beta_1) * gradient
        square = state["v"] = beta_2 * state.get("v", 0) + (1 - beta_2) * gradient**2
        ahead = (1 - factor(step)) * gradient / (1 - product)
        ahead = ahead + following * mean / (1 - product * following)
        return rate * ahead / (np.sqrt(square / (1 - beta_2**step)) + epsilon)

    return rule


def centered_rmsprop(rate: float, rho: float, momentum: float, epsilon: float) -> Rule:
    """Return the rule that divides by the root of the moving variance, with momentum."""

    def rule(state: State, gradient: Array, step: int) -> Any:
        square = state["s"] = rho * state.get("s", 0) + (1 - rho) * gradient**2
        mean = state["m"] = rho * state.get("m", 0) + (1 - rho) * gradient
        quotient = rate * gradient / np.sqrt(square - mean**2 + epsilon)
        state["v"] = momentum * state.get("v", 0) + quotient
        return state["v"]

    return rule


def decoupled(rule: Rule, share: float) -> Rule:
    """Return the rule that also takes a share off the weight itself."""
    return lambda state, gradient, step: share * state["weight"] + rule(state, gradient, step)


def clipped(rule: Rule, greatest: float) -> Rule:
    """Return the rule of gradients no number of which is beyond that size."""
    return lambda state, gradient, step: rule(state, gradient.clip(-greatest, greatest), step)


def shortened(rule: Rule, greatest: float) -> Rule:
    """Return the rule of gradients each of which is at most that long."""

    def of_short(state: State, gradient: Array, step: int) -> Any:
        length = np.sqrt((gradient**2).sum())
        return rule(state, gradient * min(1.0, greatest / length), step)

    return of_short


def _root(square: Array, epsilon: float, *, under_the_root: bool) -> Array:
    root: Array = np.sqrt(square + epsilon) if under_the_root else np.sqrt(square) + epsilon
    return root


_NUMBERS: Mapping[str, float] = {"epsilon": 0.0625}
_MOMENTS = (0.125, 0.5, 0.75, 0.0625)  # rate, beta_1, beta_2, epsilon
_OF_MOMENTS = {"beta_1": 0.5, "beta_2": 0.75, **_NUMBERS}

# By (Keras, class of optimizer, arguments beside the rate) the rule that it stands for.
RULES: tuple[tuple[str, str, Mapping[str, Any], float, Rule], ...] = (
    ("keras3", "SGD", {}, 0.5, gradient_descent(0.5)),
    ("keras3", "SGD", {"momentum": 0.5}, 0.25, gradient_descent(0.25, 0.5)),
    (
        "keras2",
        "SGD",
        {"momentum": 0.5, "nesterov": True},
        0.25,
        gradient_descent(0.25, 0.5, nesterov=True),
    ),
    ("keras1", "SGD", {"decay": 0.5}, 0.5, decaying(0.5, 0.5)),
    (
        "keras2",
        "RMSprop",
        {"rho": 0.75, **_NUMBERS},
        0.125,
        rmsprop(0.125, 0.75, 0.0625, under_the_root=False),
    ),
    (
        "keras3",
        "RMSprop",
        {"rho": 0.75, **_NUMBERS},
        0.125,
        rmsprop(0.125, 0.75, 0.0625, under_the_root=True),
    ),
    ("keras1", "Adagrad", _NUMBERS, 0.125, adagrad(0.125, 0.0, 0.0625, under_the_root=False)),
    ("keras3", "Adagrad", _NUMBERS, 0.125, adagrad(0.125, 0.1, 0.0625, under_the_root=True)),
    ("keras2", "Adadelta", {"rho": 0.75, **_NUMBERS}, 1.0, adadelta(1.0, 0.75, 0.0625)),
    ("keras2", "Adam", _OF_MOMENTS, 0.125, adam(*_MOMENTS)),
    ("keras3", "Adam", {**_OF_MOMENTS, "amsgrad": True}, 0.125, adam(*_MOMENTS, greatest=True)),
    ("keras1", "Adamax", _OF_MOMENTS, 0.125, adamax(*_MOMENTS)),
    ("keras2", "Nadam", _OF_MOMENTS, 0.125, nadam(*_MOMENTS, 0.004)),
    ("keras3", "Nadam", _OF_MOMENTS, 0.125, nadam(*_MOMENTS, 1.0)),
)
# The same with what Keras 3 added; these are compared in float32 alone.
LATER_RULES: tuple[tuple[str, str, Mapping[str, Any], float, Rule], ...] = (
    (
        "keras3",
        "AdamW",
        {**_OF_MOMENTS, "weight_decay": 0.5},
        0.125,
        decoupled(adam(*_MOMENTS), 0.125 * 0.5),
    ),
    (
        "keras3",
        "RMSprop",
        {"rho": 0.75, "momentum": 0.5, "centered": True, **_NUMBERS},
        0.125,
        centered_rmsprop(0.125, 0.75, 0.5, 0.0625),
    ),
    (
        "keras3",
        "SGD",
        {"clipvalue": 0.015625},
        0.5,
        clipped(gradient_descent(0.5), 0.015625),
    ),
    (
        "keras3",
        "SGD",
        {"clipnorm": 0.03125},
        0.5,
        shortened(gradient_descent(0.5), 0.03125),
    ),
)
