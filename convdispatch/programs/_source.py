"""A program as lines of Python: the part that is the same whatever library the lines call.

The library's part is a table from an instruction's name to a function that returns an expression.
Values that are read once are written where they are read; the others get a name. A name is given
to another value once nothing reads the old one, so that no tensor stays longer than it is needed.
"""

from __future__ import annotations

import itertools
import keyword
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from convdispatch.errors import UnsupportedOp
from convdispatch.programs._program import Block, Instruction, Program, Value

# From an instruction and the expressions of its operands to the expression of its result.
Expression: TypeAlias = Callable[[Instruction, Sequence[str]], str]
# From a loop, the expressions of its operands, the names of its results and the writer to lines.
Loop: TypeAlias = Callable[[Instruction, Sequence[str], Sequence[str], "Body"], list[str]]

_LONGEST = 90  # characters of an expression that is written where it is read

OPERATORS: Mapping[str, str] = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "floor_divide": "//",
    "remainder": "%", "power": "**", "logical_and": "&", "logical_or": "|", "equal": "==",
    "not_equal": "!=", "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=",
}  # fmt: skip
_OF_ONE: Mapping[str, str] = {"negative": "-", "logical_not": "~"}


def operators() -> dict[str, Expression]:
    """Return the expressions of the instructions that are Python's own operators."""

    def of_two(sign: str) -> Expression:
        return lambda one, given: f"({given[0]} {sign} {given[1]})"

    def of_one(sign: str) -> Expression:
        return lambda one, given: f"({sign}{given[0]})"

    return {
        **{name: of_two(sign) for name, sign in OPERATORS.items()},
        **{name: of_one(sign) for name, sign in _OF_ONE.items()},
    }


def cells(one: Instruction) -> str:
    """Return the index of a 'slice': '[:, 1:3]'."""
    axis, start, stop, step = (one.options[name] for name in ("axis", "start", "stop", "step"))
    part = f"{start or ''}:{stop}" + (f":{step}" if step != 1 else "")
    return f"[{', '.join([':'] * axis + [part])}]"


def number(value: Any) -> str:
    """Return a number as Python writes it."""
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return repr(value)


def plain(name: str) -> str:
    """Return a name that a file may have chosen, for a comment or a docstring of a source.

    Nothing in it can end the comment or the docstring.

    >>> plain("block/conv"), plain('a"b')
    ('block/conv', "a'b")
    """
    return (
        name if re.fullmatch(r"[\w/ .:-]*", name, re.ASCII) else ascii(name.replace('"', "'"))[1:-1]
    )


def identifier(text: str, taken: Collection[str] = ()) -> str:
    """Return a name for a Python variable that says the same and is not taken.

    >>> identifier("block/conv-1"), identifier("1x1"), identifier("x", {"x"})
    ('block_conv_1', '_1x1', 'x_')
    """
    name = re.sub(r"\W", "_", text, flags=re.ASCII)
    name = f"_{name}" if not name or name[0].isdigit() else name
    while name in taken or keyword.iskeyword(name) or keyword.issoftkeyword(name):
        name += "_"
    return name


class Source:
    """The lines of a program in one library's words."""

    def __init__(
        self, program: Program, expressions: Mapping[str, Expression], loop: Loop, target: str
    ) -> None:
        self.program = program
        self.expressions = expressions
        self.loop = loop
        self.target = target  # in messages

    def lines(self, known: Mapping[int, str]) -> tuple[list[str], list[str]]:
        """Return the lines, and the expressions of the outputs.

        `known` has the expressions of the inputs, the weights and the constants.
        """
        body = Body(self, dict(known), _names(("x", "y", "z"), "v", known.values()))
        outputs = [value.number for value in self.program.outputs.values()]
        lines = body.written(self.program.instructions, outputs)
        return lines, [body.known[number] for number in outputs]


def _names(first: Sequence[str], rest: str, taken: Collection[str]) -> Iterator[str]:
    numbered = (f"{rest}{number}" for number in itertools.count(1))
    yield from (name for name in itertools.chain(first, numbered) if name not in taken)


class Body:
    """The lines of one list of instructions: of the program, or of a loop."""

    def __init__(self, source: Source, known: dict[int, str], fresh: Iterator[str]) -> None:
        self.source = source
        self.known = known  # the expression of each value that can be read now
        self._fresh = fresh
        self._free: list[str] = []  # names whose values nothing reads any more
        self._held: dict[int, str] = {}
        self._within: dict[int, set[int]] = {}  # what an expression without a name reads

    def inner(self, one: Instruction, parameters: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return the lines of a loop's body and the expressions of its results."""
        block: Block = one.options["body"]
        own = {v.number: name for v, name in zip(block.parameters, parameters, strict=True)}
        fresh = _names(("a", "b", "c", "d"), "t", set(self.known.values()))
        body = Body(self.source, {**self.known, **own}, fresh)
        results = [value.number for value in block.results]
        lines = body.written(block.instructions, results, one.layer)
        return lines, [body.known[number] for number in results]

    def written(
        self, instructions: Sequence[Instruction], results: Sequence[int], layer: str = ""
    ) -> list[str]:
        """Return the lines of these instructions, after others of that layer."""
        last = _last_reads(instructions, results)
        inline = _read_once(instructions, results)
        lines: list[str] = []
        for place, one in enumerate(instructions):
            if one.layer != layer:
                layer = one.layer
                lines.append(f"# {plain(layer)}")
            given = [self._expression(operand) for operand in one.operands]
            if one.name == "scan":
                names = self._named(one, place, last)
                lines += self.source.loop(one, given, names, self)
                continue
            text = self._text(one, given)
            if one.result.number in inline and len(text) <= _LONGEST:
                self.known[one.result.number] = text
                self._stay(one, last, inline)
                continue
            (name,) = self._named(one, place, last)
            lines.append(f"{name} = {_bare(text)}")
        return lines

    def _text(self, one: Instruction, given: Sequence[str]) -> str:
        write = self.source.expressions.get(one.name)
        if write is None:
            raise UnsupportedOp(
                f"the layer {one.layer!r} cannot be exported to {self.source.target!r}, which has "
                f"no {one.name!r}. Compute that outside of the model, or export to another target."
            )
        return write(one, given)

    def _expression(self, operand: Any) -> str:
        return self.known[operand.number] if isinstance(operand, Value) else number(operand)

    def _stay(self, one: Instruction, last: dict[int, int], inline: Mapping[int, int]) -> None:
        """Let what an expression reads live until the expression is read."""
        number = one.result.number
        read = {value.number for value in one.reads()}
        self._within[number] = set().union(*(self._within.get(n, {n}) for n in read))
        for within in self._within[number]:
            last[within] = max(last.get(within, -1), inline[number])

    def _named(self, one: Instruction, place: int, last: Mapping[int, int]) -> list[str]:
        """Return names for the results; those of values that were read the last time are free."""
        for number, name in list(self._held.items()):
            if last.get(number, -1) <= place:
                del self._held[number]
                self._free.append(name)
        self._free.sort(key=lambda name: (len(name), name))
        names = []
        for value in one.results:
            if value.number not in last:
                names.append("_")
                continue
            name = self._free.pop(0) if self._free else next(self._fresh)
            self.known[value.number] = self._held[value.number] = name
            names.append(name)
        return names


def _last_reads(instructions: Sequence[Instruction], results: Sequence[int]) -> dict[int, int]:
    """Return the place of the last instruction that reads each value."""
    last = {value.number: place for place, one in enumerate(instructions) for value in one.reads()}
    return last | dict.fromkeys(results, len(instructions))


def _read_once(instructions: Sequence[Instruction], results: Sequence[int]) -> dict[int, int]:
    """Return the values that one instruction of the same layer reads, once, with its place."""
    readers: dict[int, list[tuple[int, bool]]] = {number: [(-1, False)] for number in results}
    for place, one in enumerate(instructions):
        direct = [operand.number for operand in one.operands if isinstance(operand, Value)]
        for value in one.reads():
            # A loop would compute it again at each step.
            is_direct = value.number in direct and one.name != "scan"
            readers.setdefault(value.number, []).append((place, is_direct))
    found = {}
    for one in instructions:
        known = readers.get(one.results[0].number, [])
        if len(known) == 1 and known[0][1] and instructions[known[0][0]].layer == one.layer:
            found[one.results[0].number] = known[0][0]
    return found


def _bare(text: str) -> str:
    """Return an expression without the brackets around the whole of it."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0 and place < len(text) - 1:
            return text
    return text[1:-1]
