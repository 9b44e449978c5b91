"""What a script adds to a layer of its own besides weights: losses, and updates of variables."""

from __future__ import annotations

from typing import Any

from convdispatch.layers._user_function import FunctionLayer
from convdispatch.symbolic.functions import Update, updates_in
from convdispatch.symbolic.variables import Variable


class Added(FunctionLayer):
    """A layer with the losses and updates that a script gives it."""

    _losses: list[Any]
    _updates: list[Any]
    _noted: list[tuple[Any, Any]]  # losses, with the inputs that they were said to depend on

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Add scalars, or functions of nothing, to what training makes smaller."""
        self._losses.extend(_listed(losses))
        self._noted.extend((one, inputs) for one in _listed(losses) if inputs is not None)

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """Return the losses that were added for these inputs; of None, those of the weights too."""
        found = [one for one, given in self._noted if given is inputs]
        return [*self.losses, *found] if inputs is None else found

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """Return the updates of the layer's variables, which depend on its inputs."""
        return [] if inputs is None else self.updates

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Let training give variables of the layer new values."""
        self._updates.extend(updates_in(_pairs(updates)))

    @property
    def updates(self) -> list[Any]:
        """The updates of the layer's variables."""
        return list(self._updates)

    @updates.setter
    def updates(self, updates: Any) -> None:
        self._updates = updates_in(_pairs(updates))


def _listed(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple) else [given]


def _pairs(updates: Any) -> Any:
    """Return one update as a list, several as they are."""
    is_one = isinstance(updates, Update) or (
        isinstance(updates, tuple) and len(updates) == 2 and isinstance(updates[0], Variable)
    )
    return [updates] if is_one else updates
