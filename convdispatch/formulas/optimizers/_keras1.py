"""The optimizers of Keras 1.2.2, where their defaults are not those of 2.2.4."""

from __future__ import annotations

from dataclasses import dataclass

import convdispatch.formulas.optimizers._keras2 as keras2
from convdispatch.formulas.optimizers._held import Rate
from convdispatch.formulas.optimizers._own_weights import in_turn, of_keras1
from convdispatch.formulas.optimizers._rules import Moments


@dataclass(eq=False)
class SGD(keras2.SGD):
    """Gradient descent, with momentum, plain or Nesterov's."""

    order = of_keras1(keras2.SGD.order)


@dataclass(eq=False)
class RMSprop(keras2.RMSprop):
    """The gradient over the root of a moving mean of its square."""

    order = of_keras1(keras2.RMSprop.order)

    epsilon: float | None = 1e-8


@dataclass(eq=False)
class Adagrad(keras2.Adagrad):
    """Duchi et al., 2011: the gradient over the root of the sum of all its squares."""

    order = of_keras1(keras2.Adagrad.order)

    epsilon: float | None = 1e-8


@dataclass(eq=False)
class Adadelta(keras2.Adadelta):
    """Zeiler, 2012, arXiv:1212.5701: steps in the unit of the weight."""

    order = of_keras1(keras2.Adadelta.order)

    epsilon: float | None = 1e-8


@dataclass(eq=False)
class Adam(keras2.Old, Moments):
    """Kingma and Ba, 2015, arXiv:1412.6980: moving means of the gradient and of its square."""

    order = of_keras1(in_turn("momentum", "velocity", heads=("iterations",)))

    lr: Rate = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float | None = 1e-8
    decay: float = 0.0


@dataclass(eq=False)
class Adamax(keras2.Adamax):
    """Kingma and Ba, 2015, section 7.1: `Adam` with the maximum norm in place of the square."""

    order = of_keras1(keras2.Adamax.order)

    epsilon: float | None = 1e-8


@dataclass(eq=False)
class Nadam(keras2.Nadam):
    """Dozat, 2016: `Adam` with Nesterov's momentum, which grows in the first steps."""

    order = of_keras1(keras2.Nadam.order)

    epsilon: float | None = 1e-8
