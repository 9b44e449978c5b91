"""An object with weights that was made from arguments: their names and their consequences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from convdispatch.engine.copying import Copied
from convdispatch.engine.plans import PlanTable
from convdispatch.engine.resolved import Resolved
from convdispatch.engine.specs import Shapes, Specs


class Constructed(Copied):
    """An object with weights that a constructor made, as code that changes it sees it."""

    size_arguments: ClassVar[tuple[str, ...]] = ()  # that make weights and outputs large
    # How a façade spells this package's arguments: one name, one an axis, or None: not offered.
    spelling: ClassVar[Mapping[str, str | tuple[str, ...] | None]] = {}
    _has_own_name: bool
    _stage: int  # of its construction, as `changing` counts them

    def resolved(self, specs: Specs) -> Resolved:
        """Return the output's shape, the weights and the functions for inputs of that spec."""
        raise NotImplementedError

    def _specs_for(self, shapes: Shapes) -> Specs:
        """Return the specs of inputs of these shapes, as `build` takes them."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        raise NotImplementedError

    def spelled(self, argument: str) -> str:
        """Return the name under which users of this class know an argument, for messages."""
        name = self.spelling.get(argument) or argument
        return name if isinstance(name, str) else ", ".join(name)

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
