"""A program computed by a backend, instruction by instruction."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convdispatch.kit import Primitives, looped
from convdispatch.programs._program import Block, Instruction, Program, Value

Function = Callable[..., Any]

_OPERATORS: Mapping[str, Function] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "floor_divide": operator.floordiv,
    "remainder": operator.mod,
    "negative": operator.neg,
    "logical_and": operator.and_,
    "logical_or": operator.or_,
    "logical_not": operator.invert,
}
# The arguments that a function of the table takes after its operands, by our names for them.
_ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "argmax": ("axis",),
    "clip": ("low", "high"),
    "cumsum": ("axis",),
    "flip": ("axes",),
    "one_hot": ("depth", "dtype"),
    "pad_with": ("pads", "value"),
    "reshape": ("shape",),
    "take": ("axis",),
    "transpose": ("order",),
}
_OF_A_LIST = ("concatenate", "stack")
_REDUCTIONS = ("max", "mean", "sum")
OPS = ("conv", "conv_transpose", "dense", "pad", "pool", "resize", "upsample")


def evaluator(
    program: Program, backend: Primitives, *, most_unrolled: int = 0
) -> Callable[[Mapping[str, Any], Any], list[Any]]:
    """Return the function from weights by path and a list of inputs to a list of outputs.

    A loop of at most so many steps is unrolled where the backend has a loop of its own.
    """
    steps = _steps(program.instructions, backend, most_unrolled)
    paths = [(one.value.number, one.path) for one in program.weights]
    constants = [(one.value.number, one.array, one.value.dtype) for one in program.constants]
    given = [value.number for value in program.inputs.values()]
    wanted = [value.number for value in program.outputs.values()]

    def evaluate(weights: Mapping[str, Any], inputs: Sequence[Any]) -> list[Any]:
        known: dict[int, Any] = dict(zip(given, inputs, strict=True))
        known |= {number: weights[path] for number, path in paths}
        known |= {number: backend.asarray(array, dtype) for number, array, dtype in constants}
        _run(steps, known)
        return [known[number] for number in wanted]

    return evaluate


def _run(steps: Sequence[tuple[Instruction, Function]], known: dict[int, Any]) -> None:
    for one, function in steps:
        results = function(known)
        for value, result in zip(one.results, results, strict=True):
            known[value.number] = result


def _steps(
    instructions: Sequence[Instruction], backend: Any, most_unrolled: int
) -> list[tuple[Instruction, Function]]:
    return [
        (one, _loop(one, backend, most_unrolled) if one.name == "scan" else step_of(one, backend))
        for one in instructions
    ]


def step_of(one: Instruction, backend: Any) -> Function:
    """Return the function from the values that are known to the results of what is no loop."""
    compute = _function(one, backend)
    places = [_place(operand) for operand in one.operands]
    return lambda known: (compute(*(read(known) for read in places)),)


def _place(operand: Any) -> Function:
    if isinstance(operand, Value):
        return lambda known: known[operand.number]
    return lambda known: operand


def _function(one: Instruction, backend: Any) -> Function:
    """Return the function of an instruction's operands."""
    options, f = one.options, backend.functions
    if one.name in OPS:
        lowered: Function = backend.lower(options["op"], options["signature"])
        return lowered
    if one.name == "cast":
        return lambda x: backend.cast(x, options["dtype"])
    if one.name == "slice":
        cells = slice(options["start"], options["stop"], options["step"])
        places = (*[slice(None)] * options["axis"], cells)
        return lambda x: x[places]
    if one.name == "size":
        return lambda x: f["shape"](x)[options["axis"]]
    if one.name == "normalize":
        return _normalizing(one, backend)
    if one.name in _OPERATORS:
        return _OPERATORS[one.name]
    function = f["pad" if one.name == "pad_with" else one.name]
    if one.name in _REDUCTIONS:
        return lambda x: function(x, axis=options["axes"], keepdims=options["keepdims"])
    if one.name in _OF_A_LIST:
        return lambda *tensors: function(list(tensors), options["axis"])
    rest = tuple(options[name] for name in _ARGUMENTS.get(one.name, ()))
    return (lambda *operands: function(*operands, *rest)) if rest else function


def _normalizing(one: Instruction, backend: Any) -> Function:
    reshape, sqrt = backend.functions["reshape"], backend.functions["sqrt"]
    x, axis = one.operands[0], one.options["axis"]
    assert isinstance(x, Value)
    aligned = tuple(size if i == axis else 1 for i, size in enumerate(x.shape))
    epsilon = one.options["epsilon"]

    def normalize(x: Any, mean: Any, variance: Any, gamma: Any, beta: Any) -> Any:
        y = (x - reshape(mean, aligned)) / reshape(sqrt(variance + epsilon), aligned)
        y = y if gamma is None else y * reshape(gamma, aligned)
        return y if beta is None else y + reshape(beta, aligned)

    return normalize


def _loop(one: Instruction, backend: Any, most_unrolled: int) -> Function:
    """Return the loop, by the backend's own if it has one."""
    body: Block = one.options["body"]
    count, steps = one.options["states"], _steps(body.instructions, backend, most_unrolled)
    operands = [_place(operand) for operand in one.operands]
    length = one.results[-1].shape[0] or 0
    captured = list(dict.fromkeys(value.number for value in body.captured()))

    def step(outside: Any, state: Any, inputs: Any) -> tuple[Any, Any]:
        known = dict(zip(captured, outside, strict=True))
        given = (*state, *inputs)
        known |= {v.number: x for v, x in zip(body.parameters, given, strict=True)}
        _run(steps, known)
        *after, output = (known[value.number] for value in body.results)
        return tuple(after), output

    compile_scan = None if length <= most_unrolled else getattr(backend, "compile_scan", None)
    scan = looped(step, backend.functions) if compile_scan is None else compile_scan(step)

    def loop(known: dict[int, Any]) -> tuple[Any, ...]:
        given = [read(known) for read in operands]
        outside = [known[number] for number in captured]
        state, outputs = scan(outside, tuple(given[:count]), tuple(given[count:]))
        return (*state, outputs)

    return loop
