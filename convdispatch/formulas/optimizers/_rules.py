"""The update rules, each written once for every Keras and every backend.

A rule reads its hyperparameters from the optimizer that inherits it. `denominator` is where the
Kerases differ: before or after the root they add epsilon.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from convdispatch.formulas.elementary import Functions
from convdispatch.formulas.optimizers._optimizer import (
    Optimizer,
    Slots,
    elementwise,
    scale_to_norm,
    sum_of_squares,
)

# A number in every optimizer that was made; old Kerases' arguments also take None for K.epsilon().
Epsilon: TypeAlias = Any


class Gradient(Optimizer):
    """Gradient descent with momentum, plain or Nesterov's."""

    momentum: float
    nesterov: bool

    def initial(self) -> Mapping[str, float]:
        """Return the names of the slots of each weight, with their first values."""
        return {"momentum": 0.0} if self.momentum else {}

    @elementwise
    def rule(
        self, f: Functions, weight: Any, gradient: Any, slots: Slots, numbers: Any
    ) -> tuple[Any, Mapping[str, Any]]:
        """Return the new weight and its new slots."""
        step = numbers * gradient
        if not self.momentum:
            return weight - step, {}
        momentum = self.momentum * slots["momentum"] - step
        moved = self.momentum * momentum - step if self.nesterov else momentum
        return weight + moved, {"momentum": momentum}


class RootMeanSquare(Optimizer):
    """Tieleman and Hinton, 2012: the gradient over the root of a moving mean of its square."""

    rho: float
    epsilon: Epsilon
    momentum: float = 0.0
    centered: bool = False

    def denominator(self, f: Functions, square: Any) -> Any:
        """Return the root of a mean square, kept away from 0 by epsilon."""
        raise NotImplementedError

    def initial(self) -> Mapping[str, float]:
        """Return the names of the slots of each weight, with their first values."""
        names = ["velocity"]
        names += ["momentum"] if self.momentum else []
        names += ["average_gradient"] if self.centered else []
        return dict.fromkeys(names, 0.0)

    @elementwise
    def rule(
        self, f: Functions, weight: Any, gradient: Any, slots: Slots, numbers: Any
    ) -> tuple[Any, Mapping[str, Any]]:
        """Return the new weight and its new slots."""
        velocity = self.rho * slots["velocity"] + (1 - self.rho) * (gradient * gradient)
        new, variance = {"velocity": velocity}, velocity
        if self.centered:
            mean = self.rho * slots["average_gradient"] + (1 - self.rho) * gradient
            new["average_gradient"] = mean
            variance = velocity - mean * mean
        step = numbers * gradient / self.denominator(f, variance)
        if self.momentum:
            step = new["momentum"] = self.momentum * slots["momentum"] + step
        return weight - step, new


class SumOfSquares(Optimizer):
    """Duchi et al., 2011: the gradient over the root of the sum of all its squares."""

    epsilon: Epsilon
    initial_accumulator_value: float = 0.0

    def denominator(self, f: Functions, square: Any) -> Any:
        """Return the root of a sum of squares, kept away from 0 by epsilon."""
        raise NotImplementedError

    def initial(self) -> Mapping[str, float]:
        """Return the names of the slots of each weight, with their first values."""
        return {"accumulator": self.initial_accumulator_value}

    @elementwise
    def rule(
        self, f: Functions, weight: Any, gradient: Any, slots: Slots, numbers: Any
    ) -> tuple[Any, Mapping[str, Any]]:
        """Return the new weight and its new slots."""
        accumulator = slots["accumulator"] + gradient * gradient
        moved = weight - numbers * gradient / self.denominator(f, accumulator)
        return moved, {"accumulator": accumulator}


class Delta(Optimizer):
    """Zeiler, 2012, arXiv:1212.5701: steps in the unit of the weight."""

    rho: float
    epsilon: Epsilon

    def initial(self) -> Mapping[str, float]:
        """Return the names of the slots of each weight, with their first values."""
        return {"accumulated_grad": 0.0, "accumulated_delta_var": 0.0}

    @elementwise
    def rule(
        self, f: Functions, weight: Any, gradient: Any, slots: Slots, numbers: Any
    ) -> tuple[Any, Mapping[str, Any]]:
        """Return the new weight and its new slots."""
        rho, before = self.rho, slots["accumulated_delta_var"]
        squares = rho * slots["accumulated_grad"] + (1 - rho) * (gradient * gradient)
        # One root of a quotient would be cheaper, and overflow where the squares nearly vanish.
        step = gradient * f["sqrt"](before + self.epsilon) / f["sqrt"](squares + self.epsilon)
        steps = rho * before + (1 - rho) * (step * step)
        new = {"accumulated_grad": squares, "accumulated_delta_var": steps}
        return weight - numbers * step, new


class Moments(Optimizer):
    """Kingma and Ba, 2015, arXiv:1412.6980; the greatest velocity: Reddi et al., 2018."""

    beta_1: float
    beta_2: float
    epsilon: Epsilon
    amsgrad: bool = False

    def initial(self) -> Mapping[str, float]:
        """Return the names of the slots of each weight, with their first values."""
        names = ("momentum", "velocity", *(("velocity_hat",) if self.amsgrad else ()))
        return dict.fromkeys(names, 0.0)

    def numbers(
        self, f: Functions, rate: Any, step: Any, shared: Slots
    ) -> tuple[Any, Mapping[str, Any]]:
        """Return the learning rate, corrected for moments that start at 0."""
        later = step + 1
        power_1, power_2 = f["power"](self.beta_1, later), f["power"](self.beta_2, later)
        return rate * f["sqrt"](1 - power_2) / (1 - power_1), {}

    @elementwise
    def rule(
        self, f: Functions, weight: Any, gradient: Any, slots: Slots, numbers: Any
    ) -> tuple[Any, Mapping[str, Any]]:
        """Return the new weight and its new slots."""
        new = moved_moments(self, gradient, slots)
        velocity = new["velocity"]
        if self.amsgrad:
            before = slots["velocity_hat"]
            velocity = new["velocity_hat"] = f["maximum"](before, velocity)
        step = numbers * new["momentum"] / (f["sqrt"](velocity) + self.epsilon)
        return weight - step, new


class GreatestMoments(Optimizer):
    """Kingma and Ba, 2015, section 7.1: the moments in the maximum norm."""

    beta_1: float
    beta_2: float
    epsilon: Epsilon

    def initial(self) -> Mapping[str, float]:
        """Return the names of the slots of each weight, with their first values."""
        return {"momentum": 0.0, "norm": 0.0}

    def numbers(
        self, f: Functions, rate: Any, step: Any, shared: Slots
    ) -> tuple[Any, Mapping[str, Any]]:
        """Return the learning rate, corrected for a momentum that starts at 0."""
        return rate / (1 - f["power"](self.beta_1, step + 1)), {}

    @elementwise
    def rule(
        self, f: Functions, weight: Any, gradient: Any, slots: Slots, numbers: Any
    ) -> tuple[Any, Mapping[str, Any]]:
        """Return the new weight and its new slots."""
        momentum = self.beta_1 * slots["momentum"] + (1 - self.beta_1) * gradient
        norm = f["maximum"](self.beta_2 * slots["norm"], f["abs"](gradient))
        return weight - numbers * momentum / (norm + self.epsilon), {
            "momentum": momentum,
            "norm": norm,
        }


class NesterovMoments(Optimizer):
    """Dozat, 2016: `Moments` with Nesterov's momentum, which grows in the first steps."""

    beta_1: float
    beta_2: float
    epsilon: Epsilon
    schedule_decay: float = 1.0
    # Whether the product begins with 1 again where weights are set, which do not have it.
    begins_anew: bool = False

    def initial(self) -> Mapping[str, float]:
        """Return the names of the slots of each weight, with their first values."""
        return {"momentum": 0.0, "velocity": 0.0}

    def shared(self) -> Mapping[str, float]:
        """Return the product of the momentums of all steps so far."""
        return {"u_product": 1.0}

    def shared_after(self, iterations: int) -> Mapping[str, float]:
        """Return the product of the momentums of so many steps."""
        if self.begins_anew:
            return self.shared()
        product = 1.0
        for step in range(1, iterations + 1):
            product *= self.beta_1 * (1 - 0.5 * 0.96 ** (step * self.schedule_decay))
            if not product:
                break
        return {"u_product": product}

    def numbers(
        self, f: Functions, rate: Any, step: Any, shared: Slots
    ) -> tuple[Any, Mapping[str, Any]]:
        """Return the weights of the gradient and of the momentum, and of the velocity."""
        product = shared["u_product"] * self.momentum_at(f, step + 1)
        return self.factors(f, rate, step, product), {"u_product": product}

    def factors(self, f: Functions, rate: Any, step: Any, product: Any) -> tuple[Any, Any, Any]:
        """Return these weights for the product of the momentums up to this step's."""
        now, then = (self.momentum_at(f, step + ahead) for ahead in (1, 2))
        return (
            rate * (1 - now) / (1 - product),
            rate * then / (1 - product * then),
            1 / (1 - f["power"](self.beta_2, step + 1)),
        )

    @elementwise
    def rule(
        self, f: Functions, weight: Any, gradient: Any, slots: Slots, numbers: Any
    ) -> tuple[Any, Mapping[str, Any]]:
        """Return the new weight and its new slots."""
        of_gradient, of_momentum, of_velocity = numbers
        new = moved_moments(self, gradient, slots)
        step = of_gradient * gradient + of_momentum * new["momentum"]
        root = f["sqrt"](new["velocity"] * of_velocity)
        return weight - step / (root + self.epsilon), new

    def momentum_at(self, f: Functions, step: Any) -> Any:
        """Return the momentum of a step, counted from 1."""
        return self.beta_1 * (1 - 0.5 * f["power"](0.96, step * self.schedule_decay))


def moved_moments(
    optimizer: Moments | NesterovMoments, gradient: Any, slots: Slots
) -> dict[str, Any]:
    """Return the moving means of the gradient and of its square."""
    beta_1, beta_2 = optimizer.beta_1, optimizer.beta_2
    return {
        "momentum": beta_1 * slots["momentum"] + (1 - beta_1) * gradient,
        "velocity": beta_2 * slots["velocity"] + (1 - beta_2) * (gradient * gradient),
    }


def clipped_together(f: Functions, gradients: Sequence[Any], greatest: float) -> Sequence[Any]:
    """Return the gradients, scaled so that their norm together is at most `greatest`."""
    total = sum(
        (sum_of_squares(f, gradient) for gradient in gradients[1:]), sum_of_squares(f, gradients[0])
    )
    scale = scale_to_norm(f, f["sqrt"](total), greatest)
    return [gradient * scale for gradient in gradients]
