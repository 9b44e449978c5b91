"""The optimizers of Keras 1.2.2 and 2.2.4: names, defaults and checks of their arguments.

Both have one argument `clipnorm` for the norm of all gradients together, and a `decay` of the
learning rate. Keras 1's epsilon is another and is in `_keras1`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from convdispatch.errors import InvalidType
from convdispatch.formulas import lookup
from convdispatch.formulas.elementary import Functions
from convdispatch.formulas.optimizers._held import Rate
from convdispatch.formulas.optimizers._numbers import fraction, limit
from convdispatch.formulas.optimizers._optimizer import Optimizer
from convdispatch.formulas.optimizers._own_weights import in_turn
from convdispatch.formulas.optimizers._rules import (
    Delta,
    Gradient,
    GreatestMoments,
    Moments,
    NesterovMoments,
    RootMeanSquare,
    SumOfSquares,
    clipped_together,
)
from convdispatch.runtime.selection import epsilon

_PROVIDED: dict[str, Callable[..., Any]] = {}


def provide(updates: Callable[..., Any]) -> None:
    """Take what makes an optimizer's updates as a graph, which stands above this package."""
    _PROVIDED["updates"] = updates


@dataclass(eq=False)
class Old(Optimizer):
    """What all optimizers of Keras 1 and 2 have.

    clipnorm, clipvalue: the greatest norm of all gradients together, then size of each number.
    """

    rate_name = "lr"

    lr: Rate = 0.001
    _: KW_ONLY
    clipnorm: float | None = None
    clipvalue: float | None = None

    def __post_init__(self) -> None:
        """Check every argument."""
        self._settle(
            clipnorm=limit(self.clipnorm, "clipnorm"),
            clipvalue=limit(self.clipvalue, "clipvalue"),
            **{name: _checked(name, value) for name, value in self._of_rule().items()},
        )

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse a rule of a script's own, which would not be asked for."""
        super().__init_subclass__(**options)
        if "get_updates" in vars(cls):
            raise InvalidType(
                f"{cls.__name__} defines `get_updates`, and is a subclass of one of our "
                "optimizers, whose rule stays. Make it a subclass of `keras.optimizers.Optimizer`."
            )

    def get_updates(self, *given: Any, **named: Any) -> Any:
        """Return the updates of weights by a symbolic loss, for a function of the script's own.

        Takes `(loss, params)` as Keras 2 did, or `(params, constraints, loss)` as Keras 1.
        """
        return _PROVIDED["updates"](self, *given, **named)

    @property
    def learning_rate(self) -> Rate:
        """The learning rate, as later versions call it."""
        return self.lr

    @learning_rate.setter
    def learning_rate(self, value: Rate) -> None:
        self.lr = value

    def clipped(self, f: Functions, gradients: Sequence[Any]) -> Sequence[Any]:
        """Return the gradients, clipped as the optimizer's arguments say."""
        if self.clipnorm:
            gradients = clipped_together(f, gradients, self.clipnorm)
        if self.clipvalue:
            return [f["clip"](gradient, -self.clipvalue, self.clipvalue) for gradient in gradients]
        return gradients

    def decayed(self, f: Functions, rate: Any, step: Any) -> Any:
        """Return the learning rate of a step, after the optimizer's own decay."""
        decay: float = getattr(self, "decay", 0.0)
        return rate / (1 + decay * step) if decay else rate

    def denominator(self, f: Functions, square: Any) -> Any:
        """Return the root of a mean square, kept away from 0 by epsilon."""
        return f["sqrt"](square) + self.epsilon  # type: ignore[attr-defined]  # of the rule

    def get_config(self) -> dict[str, object]:
        """Return the constructor's arguments; limits of gradients only if there are any."""
        config = super().get_config()
        unset = {name for name in ("clipnorm", "clipvalue") if config[name] is None}
        return {name: value for name, value in config.items() if name not in unset}

    def _of_rule(self) -> Mapping[str, object]:
        of_all = ("lr", "clipnorm", "clipvalue")
        return {n: v for n, v in Optimizer.get_config(self).items() if n not in of_all}


@dataclass(eq=False)
class SGD(Old, Gradient):
    """Gradient descent, with momentum, plain or Nesterov's."""

    order = in_turn("momentum", heads=("iterations",), momentum="alike")

    lr: Rate = 0.01
    momentum: float = 0.0
    decay: float = 0.0
    nesterov: bool = False


@dataclass(eq=False)
class RMSprop(Old, RootMeanSquare):
    """The gradient over the root of a moving mean of its square."""

    order = in_turn("velocity")

    rho: float = 0.9
    epsilon: float | None = None
    decay: float = 0.0


@dataclass(eq=False)
class Adagrad(Old, SumOfSquares):
    """Duchi et al., 2011: the gradient over the root of the sum of all its squares."""

    order = in_turn("accumulator")

    lr: Rate = 0.01
    epsilon: float | None = None
    decay: float = 0.0


@dataclass(eq=False)
class Adadelta(Old, Delta):
    """Zeiler, 2012, arXiv:1212.5701: steps in the unit of the weight."""

    order = in_turn("accumulated_grad", "accumulated_delta_var")

    lr: Rate = 1.0
    rho: float = 0.95
    epsilon: float | None = None
    decay: float = 0.0


@dataclass(eq=False)
class Adam(Old, Moments):
    """Kingma and Ba, 2015, arXiv:1412.6980: moving means of the gradient and of its square."""

    order = in_turn(
        "momentum", "velocity", "velocity_hat", heads=("iterations",), velocity_hat="one"
    )

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float | None = None
    decay: float = 0.0
    amsgrad: bool = False


@dataclass(eq=False)
class Adamax(Old, GreatestMoments):
    """Kingma and Ba, 2015, section 7.1: `Adam` with the maximum norm in place of the square."""

    order = in_turn("momentum", "norm", heads=("iterations",))

    lr: Rate = 0.002
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float | None = None
    decay: float = 0.0


@dataclass(eq=False)
class Nadam(Old, NesterovMoments):
    """Dozat, 2016: `Adam` with Nesterov's momentum, which grows in the first steps."""

    order = in_turn("momentum", "velocity", heads=("iterations",))

    lr: Rate = 0.002
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float | None = None
    schedule_decay: float = 0.004


def _checked(name: str, value: Any) -> float | bool:
    if name in ("nesterov", "amsgrad"):
        return bool(value)
    if name == "epsilon" and value is None:
        return epsilon()
    if name in ("beta_1", "beta_2"):
        return fraction(value, name, below_one=True)
    if name in ("momentum", "rho"):
        return fraction(value, name)
    return lookup.number(value, name, at_least=0.0)
