"""A model as data: weights by path, and instructions in the order in which they are computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from convdispatch.ops import NumpyArray, PartialShape


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A tensor of a program. The number is its own; the batch axis of its shape is None."""

    number: int
    shape: PartialShape
    dtype: str


Operand: TypeAlias = "Value | float | None"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weight:
    """A weight or a constant: a tensor that is there before the first instruction."""

    path: str  # 'block/conv/kernel'
    value: Value
    array: NumpyArray
    is_trainable: bool  # whether a trainer may change it now
    is_statistic: bool  # whether no trainer ever changes it, such as a moving mean


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Instruction:
    """One step of a program: an op, a function of the table, or a loop.

    `name` says which, and `options` hold everything that is known before any call. See
    `convdispatch.programs` for all names with their operands and options.
    """

    name: str
    operands: tuple[Operand, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    results: tuple[Value, ...]
    layer: str  # the path of the layer that it belongs to

    @property
    def result(self) -> Value:
        """The only result."""
        (one,) = self.results
        return one

    def reads(self) -> Iterator[Value]:
        """Yield the values that it needs, those that a loop's body takes from outside included."""
        for operand in self.operands:
            if isinstance(operand, Value):
                yield operand
        body = self.options.get("body")
        if isinstance(body, Block):
            yield from body.captured()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """The body of a loop: what it computes at a step from its parameters and values outside."""

    parameters: tuple[Value, ...]
    instructions: tuple[Instruction, ...]
    results: tuple[Value, ...]

    def captured(self) -> Iterator[Value]:
        """Yield the values that it takes from outside."""
        own = {value.number for value in self.parameters}
        own |= {value.number for one in self.instructions for value in one.results}
        read = [value for one in self.instructions for value in one.reads()]
        yield from (value for value in (*read, *self.results) if value.number not in own)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Program:
    """A whole model. Inputs, weights and constants come first, then the instructions in order."""

    name: str
    inputs: Mapping[str, Value]  # by name, in order
    weights: tuple[Weight, ...]
    constants: tuple[Weight, ...]  # numbers that no user sets, such as the cells of a resampling
    instructions: tuple[Instruction, ...]
    outputs: Mapping[str, Value]
    gives_list: bool  # whether the model returns a list of outputs

    def uses(self) -> dict[int, int]:
        """Return how often each value, by its number, is read; being an output counts."""
        found: dict[int, int] = {}
        read = [value for one in self.instructions for value in one.reads()]
        for value in (*read, *self.outputs.values()):
            found[value.number] = found.get(value.number, 0) + 1
        return found
