"""Arguments of a layer that are set later: checked and taken as in the constructor."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from convdispatch.engine import layer_options
from convdispatch.engine.constructed import Constructed
from convdispatch.engine.taking import take

# The values of `_stage` of an object.
NEW, IN_CONSTRUCTOR, MADE = range(3)


class Changing(Constructed):
    """Something with weights whose constructor's arguments may be set afterwards."""

    _stage = NEW

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        constructor = vars(cls).get("__init__")
        if constructor is not None and layer_options.is_of_this_package(cls):
            cls.__init__ = _noted(constructor)  # type: ignore[method-assign] # the same, wrapped

    def __setattr__(self, name: str, value: object) -> None:
        if self._stage == MADE and not name.startswith("_"):
            take(self, name, value)
        else:
            super().__setattr__(name, value)


def _noted(constructor: Callable[..., None]) -> Callable[..., None]:
    """Return a constructor that records its start and its end."""

    @functools.wraps(constructor)
    def construct(self: Changing, *arguments: Any, **keywords: Any) -> None:
        if self._stage == IN_CONSTRUCTOR:  # that of a class above
            constructor(self, *arguments, **keywords)
            return
        self._stage = IN_CONSTRUCTOR
        constructor(self, *arguments, **keywords)
        self._stage = MADE

    return construct
