"""A learning rate as scripts of Keras 1 and 2 read and set it: it knows its optimizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from convdispatch.errors import InvalidType
from convdispatch.formulas import lookup
from convdispatch.formulas.optimizers.schedules import LearningRateSchedule

Rate: TypeAlias = float | LearningRateSchedule | Callable[[], float]


class HeldNumber(float):
    """A number of an optimizer; `set_value` gives the optimizer another one."""

    __slots__ = ("_name", "_owner")
    _name: str
    _owner: Any

    def __new__(cls, value: float, owner: Any, name: str) -> HeldNumber:
        """Return the number, with what holds it under a name."""
        made = super().__new__(cls, value)
        made._owner, made._name = owner, name
        return made

    def get_value(self, borrow: bool = False) -> float:
        """Return the number, as Theano's variables do."""
        return float(self)

    def set_value(self, value: Any, borrow: bool = False) -> None:
        """Let the optimizer have that number."""
        setattr(self._owner, self._name, float(value))

    def eval(self, session: Any = None) -> float:
        """Return the number, as TensorFlow's variables do."""
        return float(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what a copy is: a number, which the copy of the optimizer holds anew."""
        return float, (float(self),)

    def __deepcopy__(self, memo: Any) -> float:
        return float(self)


def checked_rate(value: object, name: str) -> Rate:
    """Return a learning rate, a schedule or a function of none, else raise."""
    if isinstance(value, LearningRateSchedule):
        return value
    if callable(value) and not isinstance(value, type):
        return value
    if isinstance(value, str) or value is None:
        raise InvalidType(
            f"`{name}` must be a number, a LearningRateSchedule or a function that returns a "
            f"number, received {value!r}. Pass one of these."
        )
    return lookup.number(value, name, at_least=0.0)
