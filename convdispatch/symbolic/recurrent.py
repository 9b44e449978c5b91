"""Keras 2's `RNN`: a recurrent layer around a cell whose step a script writes.

A cell has `state_size` and `call(inputs, states)`, which returns an output and the new states.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convdispatch.engine.keras_configs import without_nothing_asked
from convdispatch.engine.layer_options import require_mapping
from convdispatch.errors import InvalidType
from convdispatch.symbolic.cells import CustomCell, StackedCells, called, cells_in, state_sizes
from convdispatch.symbolic.custom import CustomLayer
from convdispatch.symbolic.looped_layers import FLAGS, Looping
from convdispatch.symbolic.wrappers import entry_of, layer_of, taken, with_plain_type


class CustomRNN(Looping):
    """Keras 2's `RNN`: a cell, or a list of them that read each other's outputs, step by step."""

    stacked: Any = StackedCells

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **options: Any,
    ) -> None:
        """Keep the cell and what is returned.

        cell: an object with `state_size` and `call(inputs, states)`, or a list of such cells.
        """
        self.cell = self.stacked(cell) if isinstance(cell, list | tuple) else cell
        for name in ("call", "state_size"):
            if not hasattr(self.cell, name):
                raise InvalidType(
                    f"`cell` of {type(self).__name__} must have `call` and `state_size`; received "
                    f"{type(cell).__name__}."
                )
        given = (return_sequences, return_state, go_backwards, stateful, unroll)
        options |= dict(zip(FLAGS, given, strict=True))
        super().__init__(**options)

    def state_sizes(self) -> list[tuple[int, ...]]:
        """Return the shape of each state of the cell without the batch."""
        return state_sizes(self.cell)

    def build(self, input_shape: Any) -> None:
        """Make the weights of the cells, which the layer holds."""
        shapes = [tuple(one) for one in listed_shapes(input_shape)]
        first, same = shapes[0], shapes[len(shapes) - self._num_constants :]
        step = (first[0], *first[2:])
        for cell in self._cells():
            cell._begin_within(self)
        if hasattr(self.cell, "build"):
            same = same if self._num_constants else []
            self.cell.build([step, *same] if same else step)
        for cell in self._cells():
            self._trained += [one for one in cell._trained if one not in self._trained]
            self._kept += [one for one in cell._kept if one not in self._kept]
        self._make_states(first)

    def step_of(self, x: Any, states: list[Any], constants: list[Any], training: Any) -> Any:
        """Return the output of the cell and its new states."""
        count = self._num_constants
        with CustomCell.masks_from(self._cells(), constants[count:]):
            return called(self.cell, x, states, constants[:count], training)

    def constants_of(self, x: Any, training: Any) -> list[Any]:
        """Return the masks by which cells of ours drop numbers, the same at each step."""
        cells = [cell for cell in self._cells() if isinstance(cell, CustomCell)]
        return [mask for cell in cells for mask in cell.masks_for(x, training)]

    def _cells(self) -> list[Any]:
        """Return the cells that are layers, which have weights."""
        return [one for one in cells_in(self.cell) if isinstance(one, CustomLayer)]

    def _inner_layers(self) -> list[Any]:
        cells = cells_in(self.cell)
        within = [one for cell in cells for one in inner_of(cell)]
        return [one for one in within if not any(one is cell for cell in cells)]

    def _begun(self, x: Any) -> list[Any]:
        own = getattr(self.cell, "get_initial_state", None)
        return list(own(x)) if own is not None else super()._begun(x)

    def _may_train(self, place: int) -> bool:
        frozen = [cell for cell in self._cells() if not cell.trainable]
        own = any(one.index == place for cell in frozen for one in cell._trained)
        return not own and super()._may_train(place)

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """Return the losses that depend on these inputs, those of the cells included."""
        found = super().get_losses_for(inputs)
        if inputs is None:
            return found
        return [*found, *(one for cell in self._cells() for one in cell.get_losses_for(inputs))]

    def get_config(self) -> dict[str, Any]:
        """Return what every layer takes, what is returned, and the cell's configuration."""
        config = super().get_config()
        return config | {"cell": entry_of(self.cell), **self._constants_config()}

    def _constants_config(self) -> dict[str, Any]:
        return {"num_constants": self._num_constants} if self._num_constants else {}

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Any = None, *, backend: str | None = None
    ) -> Any:
        """Make a layer from what `get_config` returned."""
        require_mapping(cls, config)
        rest = without_nothing_asked(config, cls.__name__, known=("return_state",))
        rest = with_plain_type(rest, cls)
        cell = layer_of(taken(rest, "cell", cls), cls.door, custom_objects)
        count = rest.pop("num_constants", None)
        if backend is not None:
            rest["backend"] = backend
        made = cls(cell, **rest)
        made._num_constants = count or 0
        return made


def inner_of(cell: Any) -> list[Any]:
    """Return the layers that a cell keeps as attributes."""
    if isinstance(cell, CustomLayer):
        return CustomLayer._inner_layers(cell)
    return [one for one in vars(cell).values() if hasattr(one, "declared_weights")]


def listed_shapes(shapes: Any) -> list[Any]:
    """Return the shapes of the inputs: those of a list, or one."""
    is_list = isinstance(shapes, list | tuple) and isinstance(shapes[0], list | tuple)
    return list(shapes) if is_list else [shapes]
