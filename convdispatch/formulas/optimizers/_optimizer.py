"""The base of the optimizers: the order in which an update happens, and what may be set later.

An update is pure: a function of lists of native tensors of one element type, float32 or wider. The
hyperparameters are Python numbers; what changes from step to step is a tensor.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, ClassVar, Self, TypeAlias, TypeVar

import numpy as np

from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.formulas import lookup
from convdispatch.formulas.elementary import zeros
from convdispatch.formulas.optimizers._held import HeldNumber, checked_rate
from convdispatch.formulas.optimizers._own_weights import Keeper, Order, by_weight
from convdispatch.formulas.optimizers.schedules import LearningRateSchedule
from convdispatch.ops import Tensor

Functions: TypeAlias = Mapping[str, Callable[..., Any]]
Slots: TypeAlias = Mapping[str, Any]
Rule = TypeVar("Rule", bound=Callable[..., Any])


# What the Kerases call the learning rate.
_RATES = ("lr", "learning_rate")


class Optimizer(lookup.Configured):
    """Base of all optimizers; a user's subclass defines `initial` and `rule`."""

    # The argument that holds the learning rate.
    rate_name: ClassVar[str] = "learning_rate"
    # Where this Keras has each of the optimizer's own weights; None for an order of no Keras.
    order: ClassVar[Order | None] = None
    _keeper: Keeper | None = None
    _iterations: int = 0
    _awaiting: Sequence[Any] | None = None  # weights that were set before training began
    _copied: tuple[list[Any], int] | None = None  # of a copy: the slots and the updates before it

    def __new__(cls, *_: object, **arguments: object) -> Self:
        """Refuse arguments that the class does not have, with the name that it does."""
        known = inspect.signature(cls.__init__).parameters
        if not any(one.kind is inspect.Parameter.VAR_KEYWORD for one in known.values()):
            for name in arguments:
                if name not in known:
                    meant = cls.rate_name if name in _RATES else name
                    allowed = [one for one in known if one != "self"]
                    raise InvalidType(
                        f"{cls.__name__} takes no argument `{name}`; allowed: "
                        f"{lookup.quoted(allowed)}. {lookup.hint(meant, allowed)}"
                    )
        return super().__new__(cls)

    @property
    def iterations(self) -> int:
        """How many updates have been made."""
        return self._iterations if self._keeper is None else self._keeper.iterations

    def kept_by(self, keeper: Keeper) -> None:
        """Record the trainer; it continues from weights that were set before."""
        self._keeper = keeper
        copied, self._copied = self._copied, None
        if copied is not None and _are_alike(copied[0], keeper.read()):
            keeper.write(*copied)
        if self._awaiting is not None:
            self.set_weights(self._awaiting)

    def get_weights(self) -> list[Any]:
        """Return the optimizer's own weights as its Keras orders them; none before training."""
        if self._keeper is None:
            return list(self._awaiting or ())
        order = self._order()
        # A user's function is not called for a number that is not saved.
        rate = self.rate_at(self.iterations) if "learning_rate" in order.heads else 0.0
        return order.flat(self._keeper, rate)

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Go on from weights that `get_weights` returned, or that this Keras saved.

        Before training they wait for it, and are checked when it begins.
        """
        keeper = self._keeper
        if keeper is None:
            self._awaiting = list(weights)
            return
        slots, heads = self._order().read(weights, keeper)
        iterations = int(heads.get("iterations", keeper.iterations))
        if self._order().tail == () and self.shared():
            slots[-1] = {name: np.asarray(v) for name, v in self.shared_after(iterations).items()}
        keeper.write(slots, iterations)
        self._awaiting = None
        if "learning_rate" in heads and isinstance(getattr(self, self.rate_name), float):
            setattr(self, self.rate_name, float(heads["learning_rate"]))

    def shared_after(self, iterations: int) -> Mapping[str, float]:
        """Return the numbers that all weights share after so many updates."""
        return self.shared()

    def initial(self) -> Mapping[str, float]:
        """Return the names of the slots of each weight, with the number that each starts with."""
        raise NotImplementedError(f"{type(self).__name__} does not define `initial`.")

    def shared(self) -> Mapping[str, float]:
        """Return the names of the numbers that all weights share, with their first values."""
        return {}

    def numbers(
        self, f: Functions, rate: Any, step: Any, shared: Slots
    ) -> tuple[Any, Mapping[str, Any]]:
        """Return what the rule needs of a step, and the new shared numbers: scalar tensors."""
        return rate, {}

    def rule(
        self, f: Functions, weight: Any, gradient: Any, slots: Slots, numbers: Any
    ) -> tuple[Any, Mapping[str, Any]]:
        """Return the new weight and its new slots."""
        raise NotImplementedError(f"{type(self).__name__} does not define `rule`.")

    @property
    def is_elementwise(self) -> bool:
        """Whether each number of a weight moves alone, so that weights may be moved as one.

        The rest of an update has to be ours, too: a user's may see weights, or need tensors.
        """
        own = type(self)
        parts = (own.update, own.moved, own.slots, own.numbers, own.decayed)
        is_ours = all(part.__module__.startswith(__package__) for part in parts)
        return is_ours and getattr(own.rule, "is_elementwise", False)

    def clipped(self, f: Functions, gradients: Sequence[Any]) -> Sequence[Any]:
        """Return the gradients, clipped as the optimizer's arguments say."""
        return gradients

    def decayed(self, f: Functions, rate: Any, step: Any) -> Any:
        """Return the learning rate of a step, after the optimizer's own decay."""
        return rate

    def slots(self, functions: Functions, weights: Sequence[Tensor]) -> list[dict[str, Tensor]]:
        """Return what the optimizer remembers: by name for each weight, then what all share."""
        slots = [
            {name: zeros(functions, weight) + value for name, value in self.initial().items()}
            for weight in weights
        ]
        if not self.shared() or not weights:
            return slots
        zero = functions["sum"](zeros(functions, weights[0]))
        return [*slots, {name: zero + value for name, value in self.shared().items()}]

    def update(
        self,
        functions: Functions,
        weights: Sequence[Tensor],
        gradients: Sequence[Tensor],
        slots: Sequence[Slots],
        rate: Tensor,
        step: Tensor,
    ) -> tuple[list[Tensor], list[dict[str, Tensor]]]:
        """Return the new weights and slots.

        `rate` is the learning rate and `step` the number of updates so far, scalar tensors of the
        weights' element type.
        """
        if not weights:
            return [], []
        gradients = self.clipped(functions, gradients)
        return self.moved(functions, weights, gradients, slots, rate, step)

    def numbers_at(
        self, functions: Functions, rate: Any, step: Any, shared: Slots
    ) -> tuple[Any, Mapping[str, Any]]:
        """Return the `numbers` of a step for the rate before the optimizer's own decay."""
        return self.numbers(functions, self.decayed(functions, rate, step), step, shared)

    def moved(
        self,
        functions: Functions,
        weights: Sequence[Tensor],
        gradients: Sequence[Tensor],
        slots: Sequence[Slots],
        rate: Tensor,
        step: Tensor,
        numbers: Any = None,
    ) -> tuple[list[Tensor], list[dict[str, Tensor]]]:
        """Return what `update` does, by gradients that are clipped already.

        numbers: those of `numbers_at`, of an optimizer without shared numbers; None: not known yet.
        """
        of_weights = slots[: len(weights)]
        of_all: dict[str, Any] = dict(*slots[len(weights) :])
        new_shared: Mapping[str, Any] = {}
        if numbers is None:
            numbers, new_shared = self.numbers_at(functions, rate, step, of_all)
        found = [
            self.rule(functions, weight, gradient, own, numbers)
            for weight, gradient, own in zip(weights, gradients, of_weights, strict=True)
        ]
        # In the order of the old ones, which is that of a step's variables.
        pairs = zip(of_weights, (new for _, new in found), strict=True)
        new_slots = [{name: new[name] for name in own} for own, new in pairs]
        if new_shared:
            new_slots.append({name: new_shared[name] for name in of_all})
        return [weight for weight, _ in found], new_slots

    def rate_at(self, step: int) -> float:
        """Return the learning rate that the update after `step` updates is given."""
        rate = getattr(self, self.rate_name)
        if isinstance(rate, float) and 0.0 <= rate < math.inf:
            return rate  # at nearly every step: the checks below take four times as long
        if isinstance(rate, LearningRateSchedule):
            rate = rate(step)
        elif callable(rate):
            rate = rate()
        return lookup.number(rate, self.rate_name, at_least=0.0)

    def _order(self) -> Order:
        """Return where the own weights are: by weight and name where no Keras says it."""
        return self.order or by_weight(tuple(self.initial()), tail=tuple(self.shared()))

    def __getstate__(self) -> dict[str, object]:
        """Return what a copy has, which goes on from here and takes no part in the original's."""
        keeper = self._keeper
        copied = self._copied if keeper is None else (keeper.read(), keeper.iterations)
        own = {"_keeper": None, "_iterations": self.iterations, "_copied": copied}
        return {**self.__dict__, **own}

    def __setstate__(self, state: Mapping[str, object]) -> None:
        """Take the state of a copy; its learning rate knows it."""
        self.__dict__.update(state)
        setattr(self, self.rate_name, getattr(self, self.rate_name))

    def begin_anew(self) -> None:
        """Forget what a copied model had trained: another `compile` begins without it."""
        self._copied, self._iterations = None, 0

    def __setattr__(self, name: str, value: object) -> None:
        """Set the learning rate, checked; compiled steps hold the other arguments."""
        if name == self.rate_name:
            value = checked_rate(value, name)
            if isinstance(value, float):
                value = HeldNumber(value, self, name)
        elif name in self.__dict__ and name in _arguments(self):
            raise InvalidArgument(
                f"`{name}` of {type(self).__name__} cannot be changed, received {value!r}: "
                f"compiled steps hold it. Make another optimizer with `{name}={value!r}` and "
                f"compile the model with it; `{self.rate_name}` may be set."
            )
        object.__setattr__(self, name, value)

    def get_config(self) -> dict[str, object]:
        """Return the constructor's arguments."""
        config = super().get_config()
        rate = config.get(self.rate_name)
        if isinstance(rate, float):
            config[self.rate_name] = float(rate)
        elif isinstance(rate, LearningRateSchedule) or callable(rate):
            config[self.rate_name] = lookup.serialize(rate)
        return config


def _are_alike(one: Sequence[Slots], other: Sequence[Slots]) -> bool:
    """Return whether two lists of slots are of weights of the same shapes."""
    shapes = [[(name, slot.shape) for name, slot in slots.items()] for slots in (*one, *other)]
    return len(one) == len(other) and shapes[: len(one)] == shapes[len(one) :]


def scale_to_norm(f: Functions, norm: Any, greatest: float) -> Any:
    """Return by what to multiply a tensor of that norm so that its norm is at most `greatest`."""
    return greatest / f["where"](norm <= greatest, greatest, norm)


def sum_of_squares(f: Functions, tensor: Any) -> Any:
    """Return the sum of the squares of all numbers."""
    return f["sum"](tensor * tensor)


def elementwise(rule: Rule) -> Rule:
    """Mark a rule that computes each number of a weight from those at its place alone."""
    rule.is_elementwise = True  # type: ignore[attr-defined]  # functions take any attribute
    return rule


def _arguments(optimizer: Optimizer) -> set[str]:
    if not is_dataclass(optimizer):
        return set()
    return {field.name for field in fields(optimizer) if field.init}
