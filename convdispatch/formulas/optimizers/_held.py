"""A learning rate as scripts of Keras 1 and 2 read and set it: it knows its optimizer."""

from __future__ import annotations

from typing import Any


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
