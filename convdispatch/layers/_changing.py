"""Arguments of a layer that are set after it was made: taken as the constructor takes them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from convdispatch.layers import _options
from convdispatch.layers._copying import Copied
from convdispatch.layers._plans import PlanTable
from convdispatch.layers._taking import take
from convdispatch.layers._weights import Weight
from convdispatch.ops import PartialShape

# What `_stage` says of an object.
NEW, IN_CONSTRUCTOR, MADE = range(3)


class Changing(Copied):
    """Something with weights whose constructor's arguments may be set afterwards."""

    size_arguments: ClassVar[tuple[str, ...]] = ()  # that make weights and outputs large
    # How a façade spells this package's arguments: one name, one an axis, or None: not offered.
    spelling: ClassVar[Mapping[str, str | tuple[str, ...] | None]] = {}
    _stage = NEW
    _has_own_name: bool

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        constructor = vars(cls).get("__init__")
        if constructor is not None and _options.is_of_this_package(cls):
            cls.__init__ = _noted(constructor)  # type: ignore[method-assign] # the same, wrapped

    def __setattr__(self, name: str, value: object) -> None:
        if self._stage == MADE and not name.startswith("_"):
            take(self, name, value)
        else:
            super().__setattr__(name, value)

    def compute_output_shape(self, input_shape: PartialShape) -> PartialShape:
        """Return the output's shape."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        raise NotImplementedError

    def spelled(self, argument: str) -> str:
        """Return the name under which users of this class know an argument, for messages."""
        name = self.spelling.get(argument) or argument
        return name if isinstance(name, str) else ", ".join(name)

    def _declare(self, input_shape: PartialShape) -> tuple[Weight, ...]:
        raise NotImplementedError

    @property
    def _channel_axis(self) -> int:
        raise NotImplementedError

    def in_own_words(self, argument: str, value: object) -> object:
        """Return a value of this package's argument as users of this class write it."""
        return value

    def bind(self, backend: str) -> None:
        """Take the backend of a model."""
        if backend != self.backend:
            object.__setattr__(self, "backend", backend)
            self._plans = PlanTable()

    def stay(self) -> None:
        """Keep the backend, also in another model."""
        # Not through `take`, which would look at `vars`: in CPython 3.11 every attribute of an
        # object is slower from then on.
        object.__setattr__(self, "has_own_backend", True)

    def rename(self, name: str) -> None:
        """Take a name, in the plans too."""
        object.__setattr__(self, "name", name)
        for key, plan in list(self._plans.items()):
            self._plans[key] = replace(plan, layer=name)
        self._outdate()

    def _outdate(self) -> None:
        """Let the models that the layer is in look at it anew when something is put on them."""
        for stack in list(self._stacks):
            stack._top = None


def _noted(constructor: Callable[..., None]) -> Callable[..., None]:
    """Return the constructor noting that it is at work, and that it has come to its end."""

    @functools.wraps(constructor)
    def construct(self: Changing, *arguments: Any, **keywords: Any) -> None:
        if self._stage == IN_CONSTRUCTOR:  # that of a class above
            constructor(self, *arguments, **keywords)
            return
        self._stage = IN_CONSTRUCTOR
        constructor(self, *arguments, **keywords)
        self._stage = MADE

    return construct
