"""From the functions and the loops of a program to expressions in torch's own."""

from __future__ import annotations

from collections.abc import Sequence

from convdispatch.programs import (
    Body,
    Expression,
    Instruction,
    Value,
    called,
    cells,
    number,
    of_list,
    of_operands,
    operators,
    with_option,
)
from convdispatch_torch._op_expressions import OPS, padded

Given = Sequence[str]


def _reduction(function: str) -> Expression:
    def write(one: Instruction, given: Given) -> str:
        axes, keepdims = one.options["axes"], one.options["keepdims"]
        if not axes:
            return given[0]
        return called(function, given[0], f"dim={axes}", *(["keepdim=True"] if keepdims else []))

    return write


def _extreme(bound: str, function: str) -> Expression:
    def write(one: Instruction, given: Given) -> str:
        numbers = [g for g, o in zip(given, one.operands, strict=True) if not isinstance(o, Value)]
        tensors = [g for g, o in zip(given, one.operands, strict=True) if isinstance(o, Value)]
        if numbers:
            return f"torch.clamp({tensors[0]}, {bound}={numbers[0]})"
        return f"{function}({', '.join(given)})"

    return write


def _where(one: Instruction, given: Given) -> str:
    chosen = f"torch.where({', '.join(given)})"
    if any(isinstance(operand, Value) for operand in one.operands[1:]):
        return chosen
    return f"{chosen}.to(torch.{one.result.dtype})"


def _take(one: Instruction, given: Given) -> str:
    x, indices = given
    table, places = one.operands
    assert isinstance(table, Value)
    assert isinstance(places, Value)
    axis = one.options["axis"]
    if axis == 0 and len(table.shape) == 2:
        return f"F.embedding({indices}, {x})"
    if len(places.shape) == 1:
        return f"{x}.index_select({axis}, {indices})"
    taken = f"{x}.index_select({axis}, {indices}.reshape(-1))"
    return f"{taken}.unflatten({axis}, {tuple(-1 if n is None else n for n in places.shape)})"


def _one_hot(one: Instruction, given: Given) -> str:
    (x,), depth = given, one.options["depth"]
    classes = f"torch.arange({depth}, device={x}.device)"
    return f"({x}[..., None] == {classes}).to(torch.{one.options['dtype']})"


def _pad_with(one: Instruction, given: Given) -> str:
    value = one.options["value"]
    return padded(given[0], one.options["pads"], number(value) if value else "")


_SAME = ("abs", "erf", "erfc", "exp", "expm1", "log", "log1p", "relu", "sigmoid", "sign", "sqrt",
         "tanh", "matmul")  # fmt: skip
EXPRESSIONS: dict[str, Expression] = {
    **OPS,
    **operators(),
    **{name: of_operands(f"torch.{name}") for name in _SAME},
    "argmax": with_option("torch.argmax({}, {})", "axis"),
    "cast": with_option("{}.to(torch.{})", "dtype"),
    "clip": lambda one, given: "torch.clamp({}, {}, {})".format(
        given[0], number(one.options["low"]), number(one.options["high"])
    ),
    "concatenate": of_list("torch.cat"),
    "cumsum": with_option("torch.cumsum({}, {})", "axis"),
    "flip": with_option("torch.flip({}, {})", "axes"),
    "max": _reduction("torch.amax"),
    "maximum": _extreme("min", "torch.maximum"),
    "mean": _reduction("torch.mean"),
    "minimum": _extreme("max", "torch.minimum"),
    "one_hot": _one_hot,
    "pad_with": _pad_with,
    "reshape": with_option("{}.reshape{}", "shape"),
    "size": with_option("{}.shape[{}]", "axis"),
    "slice": lambda one, given: given[0] + cells(one),
    "stack": of_list("torch.stack"),
    "stop_gradient": lambda one, given: f"{given[0]}.detach()",
    "sum": _reduction("torch.sum"),
    "take": _take,
    "transpose": with_option("{}.permute{}", "order"),
    "where": _where,
}


def looped(one: Instruction, given: Given, names: Sequence[str], body: Body) -> list[str]:
    """Return a loop over the steps of a sequence."""
    count = one.options["states"]
    states = [f"state_{place + 1}" for place in range(count)]
    steps = [f"step_{place + 1}" for place in range(len(given) - count)]
    inside, results = body.inner(one, [*states, *steps])
    *after, output = results
    first, is_stacked = one.operands[count], names[-1] != "_"
    assert isinstance(first, Value)
    sequences = ", ".join(f"{x}[i]" for x in given[count:])
    inside = [f"{', '.join(steps)} = {sequences}", *inside]
    inside.append(f"{', '.join(states)} = {', '.join(after)}")
    if is_stacked:  # not the name of a state, which has its next value by now
        inside.insert(-1, f"outputs.append({output})")
    found = [*states, "torch.stack(outputs)"]
    pairs = [pair for pair in zip(names, found, strict=True) if pair[0] != "_"]
    return [
        f"{', '.join(states)} = {', '.join(given[:count])}",
        *(["outputs = []"] if is_stacked else []),
        f"for i in range({first.shape[0]}):",
        *(f"    {line}" for line in inside),
        f"{', '.join(name for name, _ in pairs)} = {', '.join(value for _, value in pairs)}",
    ]
