"""The optimizers of Keras 3: names, defaults and checks of their arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Self

from convdispatch.errors import InvalidArgument
from convdispatch.formulas import lookup
from convdispatch.formulas.elementary import Functions
from convdispatch.formulas.optimizers._held import Rate
from convdispatch.formulas.optimizers._numbers import fraction, limit
from convdispatch.formulas.optimizers._optimizer import (
    Optimizer,
    Slots,
    scale_to_norm,
    sum_of_squares,
)
from convdispatch.formulas.optimizers._own_weights import by_weight
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
from convdispatch.formulas.optimizers.schedules import get as schedule_of

# Arguments of Keras 3 that are not offered, with the values that mean that they are not used.
_NOT_OFFERED: Mapping[str, object] = {
    "use_ema": False,  # without it the other two of its kind have no meaning
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
}
# What tf_keras writes beside Keras 3's arguments, of how it computes.
_OF_TF_KERAS = ("jit_compile", "is_legacy_optimizer")


@dataclass(eq=False)
class _Keras3(Optimizer):
    """What all optimizers of Keras 3 have.

    weight_decay: the part of a weight, times the learning rate, that each step takes off.
    clipnorm, clipvalue, global_clipnorm: the greatest norm of each gradient, size of each number,
    or norm of all gradients together; at most one of them.
    """

    learning_rate: Rate = 0.001
    _: KW_ONLY
    weight_decay: float | None = None
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    use_ema: bool = False
    ema_momentum: float = 0.99
    ema_overwrite_frequency: int | None = None
    loss_scale_factor: float | None = None
    gradient_accumulation_steps: int | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        """Check every argument."""
        for name, unused in _NOT_OFFERED.items():
            if getattr(self, name) != unused:
                raise InvalidArgument(
                    f"`{name}` of {type(self).__name__} is not offered, received "
                    f"{getattr(self, name)!r}. Leave it out."
                )
        limits = {name: getattr(self, name) for name in ("clipnorm", "clipvalue")}
        limits["global_clipnorm"] = self.global_clipnorm
        given = [name for name, value in limits.items() if value is not None]
        if len(given) > 1:
            raise InvalidArgument(
                f"an optimizer takes one of `clipnorm`, `clipvalue` and `global_clipnorm`, "
                f"received {lookup.quoted(given)}. Leave out the others."
            )
        self._settle(
            name=self.name or _snake_case(type(self).__name__),
            weight_decay=limit(self.weight_decay, "weight_decay"),
            **{name: limit(value, name) for name, value in limits.items()},
            **self.checked(),
        )

    @property
    def lr(self) -> Rate:
        """The learning rate, as earlier versions call it."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: Rate) -> None:
        self.learning_rate = value

    def checked(self) -> Mapping[str, object]:
        """Return the hyperparameters of the rule, checked."""
        return {}

    def clipped(self, f: Functions, gradients: Sequence[Any]) -> Sequence[Any]:
        """Return the gradients, clipped as the optimizer's arguments say."""
        if self.clipnorm:
            norms = [f["sqrt"](sum_of_squares(f, gradient)) for gradient in gradients]
            scales = [scale_to_norm(f, norm, self.clipnorm) for norm in norms]
            return [gradient * scale for gradient, scale in zip(gradients, scales, strict=True)]
        if self.global_clipnorm:
            return clipped_together(f, gradients, self.global_clipnorm)
        if self.clipvalue:
            return [f["clip"](gradient, -self.clipvalue, self.clipvalue) for gradient in gradients]
        return gradients

    def moved(
        self,
        functions: Functions,
        weights: Sequence[Any],
        gradients: Sequence[Any],
        slots: Sequence[Slots],
        rate: Any,
        step: Any,
        numbers: Any = None,
    ) -> tuple[list[Any], list[dict[str, Any]]]:
        """Return the new weights and slots: see `Optimizer.moved`."""
        if self.weight_decay:
            kept = 1 - rate * self.weight_decay
            weights = [weight * kept for weight in weights]
        return super().moved(functions, weights, gradients, slots, rate, step, numbers)

    def denominator(self, f: Functions, square: Any) -> Any:
        """Return the root of a mean square, kept away from 0 by epsilon."""
        return f["sqrt"](square + self.epsilon)  # type: ignore[attr-defined]  # of the rule

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Self:
        """Return the optimizer that `get_config` described; `config` is left as it was."""
        if isinstance(config, Mapping):
            config = {name: v for name, v in config.items() if name not in _OF_TF_KERAS}
            if isinstance(config.get("learning_rate"), Mapping):
                config["learning_rate"] = schedule_of(config["learning_rate"])
        return super().from_config(config)


def _snake_case(name: str) -> str:
    """Return a class's name as Keras 3 names its objects: rm_sprop, adam_w, sgd.

    >>> _snake_case("RMSprop")
    'rm_sprop'
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", name).lower()


def of_moments(optimizer: Any) -> Mapping[str, object]:
    """Return the hyperparameters of a rule with two moments, checked."""
    return {
        "beta_1": fraction(optimizer.beta_1, "beta_1", below_one=True),
        "beta_2": fraction(optimizer.beta_2, "beta_2", below_one=True),
        "epsilon": lookup.number(optimizer.epsilon, "epsilon", at_least=0.0),
    }


@dataclass(eq=False)
class SGD(_Keras3, Gradient):
    """Gradient descent, with momentum, plain or Nesterov's.

    >>> SGD(0.1, momentum=0.9).get_config()["momentum"]
    0.9
    """

    order = by_weight(("momentum",))

    learning_rate: Rate = 0.01
    momentum: float = 0.0
    nesterov: bool = False

    def checked(self) -> Mapping[str, object]:
        """Return the hyperparameters of the rule, checked."""
        return {"momentum": fraction(self.momentum, "momentum"), "nesterov": bool(self.nesterov)}


@dataclass(eq=False)
class RMSprop(_Keras3, RootMeanSquare):
    """The gradient over the root of a moving mean of its square; centered: of its variance."""

    order = by_weight(("velocity",), ("momentum",), ("average_gradient",))

    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7
    centered: bool = False

    def checked(self) -> Mapping[str, object]:
        """Return the hyperparameters of the rule, checked."""
        return {
            "rho": fraction(self.rho, "rho"),
            "momentum": fraction(self.momentum, "momentum"),
            "epsilon": lookup.number(self.epsilon, "epsilon", at_least=0.0),
            "centered": bool(self.centered),
        }


@dataclass(eq=False)
class Adagrad(_Keras3, SumOfSquares):
    """Duchi et al., 2011: the gradient over the root of the sum of all its squares."""

    order = by_weight(("accumulator",))

    initial_accumulator_value: float = 0.1
    epsilon: float = 1e-7

    def checked(self) -> Mapping[str, object]:
        """Return the hyperparameters of the rule, checked."""
        names = ("initial_accumulator_value", "epsilon")
        return {name: lookup.number(getattr(self, name), name, at_least=0.0) for name in names}


@dataclass(eq=False)
class Adadelta(_Keras3, Delta):
    """Zeiler, 2012, arXiv:1212.5701: steps in the unit of the weight."""

    order = by_weight(("accumulated_grad", "accumulated_delta_var"))

    rho: float = 0.95
    epsilon: float = 1e-7

    def checked(self) -> Mapping[str, object]:
        """Return the hyperparameters of the rule, checked."""
        epsilon = lookup.number(self.epsilon, "epsilon", at_least=0.0)
        return {"rho": fraction(self.rho, "rho"), "epsilon": epsilon}


@dataclass(eq=False)
class Adam(_Keras3, Moments):
    """Kingma and Ba, 2015, arXiv:1412.6980: moving means of the gradient and of its square."""

    order = by_weight(("momentum", "velocity"), ("velocity_hat",))

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    amsgrad: bool = False

    def checked(self) -> Mapping[str, object]:
        """Return the hyperparameters of the rule, checked."""
        return {**of_moments(self), "amsgrad": bool(self.amsgrad)}


@dataclass(eq=False)
class AdamW(Adam):
    """Loshchilov and Hutter, 2019, arXiv:1711.05101: `Adam` with weight decay."""

    weight_decay: float | None = field(default=0.004, kw_only=True)


@dataclass(eq=False)
class Adamax(_Keras3, GreatestMoments):
    """Kingma and Ba, 2015, section 7.1: `Adam` with the maximum norm in place of the square."""

    order = by_weight(("momentum", "norm"))

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    def checked(self) -> Mapping[str, object]:
        """Return the hyperparameters of the rule, checked."""
        return of_moments(self)


@dataclass(eq=False)
class Nadam(_Keras3, NesterovMoments):
    """Dozat, 2016: `Adam` with Nesterov's momentum, which grows in the first steps."""

    order = by_weight(("momentum", "velocity"), tail=("u_product",))

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    def checked(self) -> Mapping[str, object]:
        """Return the hyperparameters of the rule, checked."""
        return of_moments(self)
