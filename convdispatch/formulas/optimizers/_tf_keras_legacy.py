"""Optimizers of TensorFlow's Keras before TensorFlow 2.11, where later ones do not do the same.

Their `decay` of the learning rate is a schedule here, and all first slots come before all second
ones. SGD, Adam, Adamax and Adadelta moved the weights as they do now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import convdispatch.formulas.optimizers._keras3 as keras3
from convdispatch.formulas import lookup
from convdispatch.formulas.elementary import Functions
from convdispatch.formulas.optimizers._own_weights import in_turn
from convdispatch.formulas.optimizers._rules import NesterovMoments


@dataclass(eq=False)
class RMSprop(keras3.RMSprop):
    """The gradient over the root of a moving mean of its square."""

    order = in_turn("velocity", "momentum", "average_gradient", heads=("iterations",))

    def denominator(self, f: Functions, square: Any) -> Any:
        """Return the root of a mean square; TensorFlow's kernel with momentum has epsilon in it."""
        if self.momentum:
            return super().denominator(f, square)
        return f["sqrt"](square) + self.epsilon


@dataclass(eq=False)
class Adagrad(keras3.Adagrad):
    """Duchi et al., 2011: the gradient over the root of the sum of all its squares."""

    order = in_turn("accumulator", heads=("iterations",))

    def denominator(self, f: Functions, square: Any) -> Any:
        """Return the root of a sum of squares, kept away from 0 by epsilon."""
        return f["sqrt"](square) + self.epsilon


@dataclass(eq=False)
class Nadam(keras3._Keras3, NesterovMoments):
    """Dozat, 2016: `Adam` with Nesterov's momentum, which grows in the first steps."""

    order = in_turn("momentum", "velocity", heads=("iterations",))

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    schedule_decay: float = 0.004

    def checked(self) -> Mapping[str, object]:
        """Return the hyperparameters of the rule, checked."""
        decay = lookup.number(self.schedule_decay, "schedule_decay", at_least=0.0)
        return {**keras3.of_moments(self), "schedule_decay": decay}
