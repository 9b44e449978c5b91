"""Smaller programs of the same meaning: no unread instructions, weights stored as they are read."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from convdispatch.kit import numpy_dtype, numpy_functions
from convdispatch.ops import Shape
from convdispatch.programs._evaluating import OPS, step_of
from convdispatch.programs._program import Block, Instruction, Program, Value, Weight

# A weight's numbers in another order. `options` is the only argument, of the name that it has.
_OPS = {"normalize", "scan"} | set(OPS)
_MOVES = {"flip": "axes", "transpose": "order", "reshape": "shape"}


def tidied(program: Program) -> Program:
    """Return the program without instructions and constants that nothing reads.

    Where all that read a weight want it moved in the same way, such as a kernel that Theano's
    convention flips, the weight is stored so.
    """
    return _needed(_stored_as_read(_moved_once(_folded(program))))


class _Arrays:
    """What the instructions on constants are computed by."""

    name = "arrays"
    functions = numpy_functions(lambda name, function: function)

    @staticmethod
    def cast(array: Any, dtype: str) -> Any:
        return array.astype(numpy_dtype(dtype))


def _folded(program: Program) -> Program:
    """Return the program with instructions on constants alone computed, once and for all."""
    known = {one.value.number: one.array for one in program.constants}
    constants, kept = list(program.constants), []
    for one in program.instructions:
        if (
            one.name in _OPS
            or not one.operands
            or not all(_is_known(x, known) for x in one.operands)
        ):
            kept.append(one)
            continue
        (array,) = step_of(one, cast(Any, _Arrays))(known)
        known[one.result.number] = array = array.astype(numpy_dtype(one.result.dtype))
        path = f"{one.layer}/constant_{len(constants) + 1}"
        constants.append(
            Weight(path=path, value=one.result, array=array, is_trainable=False, is_statistic=True)
        )
    return replace(program, constants=tuple(constants), instructions=tuple(kept))


def _is_known(operand: Any, known: Mapping[int, Any]) -> bool:
    return not isinstance(operand, Value) or operand.number in known


# The place of an instruction's kernel among its operands, where it has one.
_KERNELS = {"conv": 1, "conv_transpose": 1, "dense": 1}


def arranged(program: Program, order: Callable[[int], Shape]) -> Program:
    """Return the program with all kernels in another order of axes, as a target has them.

    `order` returns the order for a kernel of so many axes. A kernel that is read in no other way
    is stored so; the others are transposed when the program runs.
    """
    first = 1 + max(value.number for value in _all_values(program))
    arranging = _Arranging(order, itertools.count(first), {w.value.number for w in program.weights})
    instructions = arranging.arranged(program.instructions)
    return tidied(replace(program, instructions=(*arranging.moved, *instructions)))


def _all_values(program: Program) -> Iterator[Value]:
    yield from program.inputs.values()
    yield from (one.value for one in (*program.weights, *program.constants))
    pending = list(program.instructions)
    while pending:
        one = pending.pop()
        yield from one.results
        body = one.options.get("body")
        if isinstance(body, Block):
            yield from body.parameters
            pending += body.instructions


class _Arranging:
    """Adds transpositions of kernels: those of weights before everything else."""

    def __init__(
        self, order: Callable[[int], Shape], numbers: Iterator[int], weights: set[int]
    ) -> None:
        self._order = order
        self._numbers = numbers
        self._weights = weights
        self._by_number: dict[int, Value] = {}
        self.moved: list[Instruction] = []

    def arranged(self, instructions: Sequence[Instruction]) -> list[Instruction]:
        made: list[Instruction] = []
        for one in instructions:
            place, body = _KERNELS.get(one.name), one.options.get("body")
            if place is not None:
                operands = list(one.operands)
                operands[place] = self._moved(one, operands[place], made)
                one = replace(one, operands=tuple(operands))
            elif isinstance(body, Block):
                inside = replace(body, instructions=tuple(self.arranged(body.instructions)))
                one = replace(one, options={**one.options, "body": inside})
            made.append(one)
        return made

    def _moved(self, one: Instruction, kernel: Any, made: list[Instruction]) -> Any:
        order = self._order(len(kernel.shape))
        if order == tuple(range(len(order))):
            return kernel
        if kernel.number in self._by_number:
            return self._by_number[kernel.number]
        shape = tuple(kernel.shape[axis] for axis in order)
        result = Value(next(self._numbers), shape, kernel.dtype)
        is_weight = kernel.number in self._weights
        if is_weight:
            self._by_number[kernel.number] = result
        (self.moved if is_weight else made).append(
            Instruction(
                name="transpose",
                operands=(kernel,),
                options={"order": order},
                results=(result,),
                layer=one.layer,
            )
        )
        return result


def _needed(program: Program) -> Program:
    instructions = _without_unread(program.instructions, program.outputs.values())
    read = {value.number for one in instructions for value in one.reads()}
    read |= {value.number for value in program.outputs.values()}
    constants = tuple(one for one in program.constants if one.value.number in read)
    return replace(program, instructions=instructions, constants=constants)


def _without_unread(instructions: Sequence[Instruction], results: Any) -> tuple[Instruction, ...]:
    needed = {value.number for value in results}
    kept: list[Instruction] = []
    for one in reversed(instructions):
        if needed.isdisjoint(value.number for value in one.results):
            continue
        body = one.options.get("body")
        if isinstance(body, Block):
            inside = _without_unread(body.instructions, body.results)
            options = {**one.options, "body": replace(body, instructions=inside)}
            one = replace(one, options=options)
        kept.append(one)
        needed |= {value.number for value in one.reads()}
    return tuple(reversed(kept))


def _moved_once(program: Program) -> Program:
    """Let a weight that is moved several times in the same way be moved once."""
    weights = {one.value.number for one in program.weights}
    known: dict[Any, Value] = {}
    same: dict[int, Value] = {}
    kept = []
    for one in program.instructions:
        one = _renamed(one, same)
        if one.name in _MOVES and _read_number(one) in weights:
            key = one.name, _read_number(one), one.options[_MOVES[one.name]]
            if key in known:
                same[one.result.number] = known[key]
                continue
            known[key] = one.result
            weights.add(one.result.number)
        kept.append(one)
    outputs = {name: same.get(value.number, value) for name, value in program.outputs.items()}
    return replace(program, instructions=tuple(kept), outputs=outputs)


def _renamed(one: Instruction, same: dict[int, Value]) -> Instruction:
    if not same:
        return one
    operands = tuple(
        same.get(given.number, given) if isinstance(given, Value) else given
        for given in one.operands
    )
    options = dict(one.options)
    body = options.get("body")
    if isinstance(body, Block):
        inside = tuple(_renamed(part, same) for part in body.instructions)
        results = tuple(same.get(value.number, value) for value in body.results)
        options["body"] = replace(body, instructions=inside, results=results)
    return replace(one, operands=operands, options=options)


def _stored_as_read(program: Program) -> Program:
    uses = program.uses()
    by_number = {one.value.number: one for one in program.weights}
    kept = []
    for one in program.instructions:
        number = _read_number(one) if one.name in _MOVES else None
        if number in by_number and uses[number] == 1:
            weight = by_number.pop(number)
            moved = moved_array(one, weight.array)
            value = replace(one.result, shape=moved.shape)
            by_number[value.number] = replace(weight, value=value, array=moved)
            continue
        kept.append(one)
    stored = {one.path: one for one in by_number.values()}
    weights: list[Weight] = [stored[one.path] for one in program.weights]
    return replace(program, instructions=tuple(kept), weights=tuple(weights))


def moved_array(one: Instruction, array: Any) -> Any:
    """Return an array as an instruction that only moves numbers returns it."""
    argument = one.options[_MOVES[one.name]]
    function: Any = getattr(np, one.name)
    return np.ascontiguousarray(function(array, argument))


def _read_number(one: Instruction) -> int | None:
    first = one.operands[0]
    return first.number if isinstance(first, Value) else None
