"""Cells: one step of a recurrent layer, with weights; the common part of ours, and a stack of any.

The weights of a cell are held by the recurrent layer that it is in.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from convdispatch.engine.arguments import as_bool, as_float, as_int
from convdispatch.engine.weight_options import WithWeightOptions
from convdispatch.errors import InvalidType
from convdispatch.formulas import activations
from convdispatch.symbolic.arrays import tile
from convdispatch.symbolic.control import in_train_phase
from convdispatch.symbolic.custom import CustomLayer
from convdispatch.symbolic.drawing import dropout
from convdispatch.symbolic.filling import ones_like
from convdispatch.symbolic.products import bias_add, dot
from convdispatch.symbolic.wrappers import entry_of, layer_of, taken, with_plain_type

_KINDS = ("initializer", "regularizer", "constraint")
_PREFIXES = ("kernel", "recurrent", "bias")


class CustomCell(CustomLayer, WithWeightOptions):
    """A cell of ours, whose step is written as a script would write it."""

    gates: ClassVar[int] = 1
    count: ClassVar[int] = 1  # of states
    kernel: Any
    recurrent_kernel: Any

    def _keep(self, arguments: Mapping[str, Any]) -> None:
        self.units = as_int(arguments["units"], "units")
        self.activation = self._named("activation", arguments["activation"])
        self.use_bias = as_bool(arguments["use_bias"], "use_bias")
        for prefix in _PREFIXES:
            given = (arguments[f"{prefix}_{kind}"] for kind in _KINDS)
            self._keep_weight_options(prefix, *given)
        self.dropout = as_float(arguments["dropout"], "dropout", maximum=1.0)
        self.recurrent_dropout = as_float(
            arguments["recurrent_dropout"], "recurrent_dropout", maximum=1.0
        )
        self._masks: list[Any] = []

    @property
    def state_size(self) -> Any:
        """The size of each state."""
        return self.units if self.count == 1 else (self.units,) * self.count

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return self.units

    def build(self, input_shape: Any) -> None:
        """Make the weights for steps of that shape."""
        columns = self.units * self.gates
        shapes = {"kernel": (input_shape[-1], columns), "recurrent": (self.units, columns)}
        for prefix, shape in shapes.items():
            name = "kernel" if prefix == "kernel" else "recurrent_kernel"
            setattr(self, name, self._made(prefix, name, shape))
        self.bias: Any = self._made("bias", "bias", self._bias_shape()) if self.use_bias else None

    def _made(self, prefix: str, name: str, shape: tuple[int, ...]) -> Any:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=self._initializer_of(prefix),
            regularizer=getattr(self, f"{prefix}_regularizer"),
            constraint=getattr(self, f"{prefix}_constraint"),
        )

    def _initializer_of(self, prefix: str) -> Any:
        return getattr(self, f"{prefix}_initializer")

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.units * self.gates,)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        config = super().get_config() | {
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
        }
        for prefix in _PREFIXES:
            config |= self._weight_options_config(prefix)
        return config

    # What is dropped in training: the same numbers at each step.

    def masks_for(self, x: Any, training: Any) -> list[Any]:
        """Return for inputs and for states, where they are dropped, a mask for each gate."""
        one = ones_like(x[:, 0])[:, :1]
        rates = ((self.dropout, self.kernel.shape[0]), (self.recurrent_dropout, self.units))
        return [
            _mask(tile(one, [1, width]), rate, training)
            for rate, width in rates
            if 0 < rate < 1
            for _ in range(self.gates)
        ]

    @staticmethod
    @contextlib.contextmanager
    def masks_from(cells: Sequence[Any], masks: Sequence[Any]) -> Iterator[None]:
        """Let the cells take their masks, in order, from these."""
        own, rest = [cell for cell in cells if isinstance(cell, CustomCell)], list(masks)
        for cell in own:
            count = cell.gates * sum(0 < r < 1 for r in (cell.dropout, cell.recurrent_dropout))
            cell._masks, rest = rest[:count], rest[count:]
        yield
        for cell in own:
            cell._masks = []

    def _dropped(self, x: Any, *, recurrent: bool, training: Any) -> list[Any]:
        """Return for each gate the input or the state, without what is dropped."""
        rate = self.recurrent_dropout if recurrent else self.dropout
        if not 0 < rate < 1:
            return [x] * self.gates
        start = self.gates if recurrent and 0 < self.dropout < 1 else 0
        masks = self._masks[start : start + self.gates]
        masks = masks or [_mask(ones_like(x), rate, training) for _ in range(self.gates)]
        return [x * mask for mask in masks]

    def _by_gate(self, xs: Sequence[Any], kernel: Any) -> list[Any]:
        """Return each gate's product with its columns of the kernel."""
        return [dot(x, kernel[:, self._columns(gate)]) for gate, x in enumerate(xs)]

    def _columns(self, gate: int) -> slice:
        return slice(gate * self.units, (gate + 1) * self.units)

    def _biased(self, products: Sequence[Any]) -> list[Any]:
        if self.bias is None:
            return list(products)
        return [bias_add(x, self.bias[self._columns(gate)]) for gate, x in enumerate(products)]


class StackedCells(CustomLayer):
    """Several cells as one: each reads the output of the one before."""

    def __init__(
        self, cells: Sequence[Any], reverse_state_order: bool = False, **options: Any
    ) -> None:
        """Keep the cells; `reverse_state_order` puts the states of the last cell first."""
        is_list = isinstance(cells, list | tuple) and len(cells) > 0
        if not is_list or any(not is_cell(one) for one in cells):
            raise InvalidType(
                "`cells` of StackedRNNCells must be a list of cells, which have `call` and "
                f"`state_size`; received {cells!r}."
            )
        self.cells = list(cells)
        self.reverse_state_order = as_bool(reverse_state_order, "reverse_state_order")
        super().__init__(**options)

    @property
    def state_size(self) -> tuple[int, ...]:
        """The sizes of the states of all cells."""
        cells = self.cells[::-1] if self.reverse_state_order else self.cells
        return tuple(size for cell in cells for size in _sizes(cell.state_size))

    @property
    def output_size(self) -> Any:
        """The size of the last cell's output."""
        last = self.cells[-1]
        return getattr(last, "output_size", None) or _sizes(last.state_size)[0]

    def build(self, input_shape: Any) -> None:
        """Make the weights of each cell."""
        is_list = isinstance(input_shape, list) and isinstance(input_shape[0], list | tuple)
        shape, same = (input_shape[0], input_shape[1:]) if is_list else (input_shape, [])
        for cell in self.cells:
            if hasattr(cell, "build"):
                takes = bool(same) and _takes(cell, "constants")
                cell.build([shape, *same] if takes else shape)
            width = getattr(cell, "output_size", None) or _sizes(cell.state_size)[0]
            shape = (shape[0], width)

    def call(  # type: ignore[override] # a cell takes states, and returns them
        self, inputs: Any, states: Any, constants: Any = None, training: Any = None
    ) -> Any:
        """Return the output of the last cell, and the new states of all."""
        order = self.cells[::-1] if self.reverse_state_order else self.cells
        rest, own = list(states), {}
        for cell in order:
            count = len(_sizes(cell.state_size))
            own[id(cell)], rest = rest[:count], rest[count:]
        made: dict[int, list[Any]] = {}
        for cell in self.cells:
            inputs, new = called(cell, inputs, own[id(cell)], constants or [], training)
            made[id(cell)] = list(new)
        return inputs, [one for cell in order for one in made[id(cell)]]

    def get_config(self) -> dict[str, Any]:
        """Return the configurations of the cells."""
        config = super().get_config() | {"cells": [entry_of(cell) for cell in self.cells]}
        return config | ({"reverse_state_order": True} if self.reverse_state_order else {})

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Any = None, *, backend: str | None = None
    ) -> Any:
        """Make a stack from what `get_config` returned."""
        rest = with_plain_type(config, cls)
        cells = taken(rest, "cells", cls)
        if isinstance(cells, list | tuple):
            cells = [layer_of(one, cls.door, custom_objects) for one in cells]
        return cls(cells, **rest)


def is_cell(value: Any) -> bool:
    """Return whether a value is what a recurrent layer repeats."""
    return callable(getattr(value, "call", None)) and hasattr(value, "state_size")


def called(cell: Any, x: Any, states: Any, constants: Any, training: Any) -> Any:
    """Return what a cell makes of a step; it is given what it takes."""
    options: dict[str, Any] = {}
    if constants and _takes(cell, "constants"):
        options["constants"] = constants
    if _takes(cell, "training"):
        options["training"] = training
    return cell.call(x, states, **options)


def cells_in(cell: Any) -> list[Any]:
    """Return a cell and those that it is made of."""
    found: list[Any] = []
    pending = [cell]
    while pending:
        one = pending.pop(0)
        if any(one is other for other in found):
            continue
        found.append(one)
        for value in vars(one).values():
            several = value if isinstance(value, list | tuple) else [value]
            pending += [one for one in several if is_cell(one)]
    return found


def state_sizes(cell: Any) -> list[tuple[int, ...]]:
    """Return the shape of each state of a cell without the batch."""
    return [(int(size),) for size in _sizes(cell.state_size)]


def _sizes(sizes: Any) -> list[Any]:
    return list(sizes) if isinstance(sizes, list | tuple) else [sizes]


def _takes(cell: Any, name: str) -> bool:
    return name in inspect.signature(cell.call).parameters


def _mask(ones: Any, rate: float, training: Any) -> Any:
    return in_train_phase(dropout(ones, rate), ones, training)
