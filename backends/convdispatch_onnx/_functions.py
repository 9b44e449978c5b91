"""From the functions and the loops of a program to ONNX's nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from onnx import helper

from convdispatch.errors import UnsupportedOp
from convdispatch.kit import numpy_dtype, permutations
from convdispatch.programs import Instruction, Value
from convdispatch_onnx._graph import Graph
from convdispatch_onnx._ops import OPS, Write

# Of one tensor, of any layout.
_OF_ONE = {
    "abs": "Abs", "erf": "Erf", "exp": "Exp", "log": "Log", "logical_not": "Not",
    "negative": "Neg", "relu": "Relu", "sigmoid": "Sigmoid", "sign": "Sign", "sqrt": "Sqrt",
    "stop_gradient": "Identity", "tanh": "Tanh",
}  # fmt: skip
_OF_TWO = {
    "add": "Add", "divide": "Div", "equal": "Equal", "greater": "Greater",
    "greater_equal": "GreaterOrEqual", "less": "Less", "less_equal": "LessOrEqual",
    "logical_and": "And", "logical_or": "Or", "maximum": "Max", "minimum": "Min",
    "multiply": "Mul", "power": "Pow", "subtract": "Sub",
}  # fmt: skip
_REDUCTIONS = {"max": "ReduceMax", "mean": "ReduceMean", "sum": "ReduceSum"}
_END = np.iinfo(np.int64).max


def write(one: Instruction, graph: Graph) -> None:
    """Add the nodes of an instruction."""
    graph.layer = one.layer
    found = OPS.get(one.name) or _WRITES.get(one.name)
    if found is None:
        raise UnsupportedOp(
            f"the layer {one.layer!r} cannot be exported to 'onnx', which has no {one.name!r}. "
            "Compute that outside of the model, or export to another target."
        )
    found(one, graph)


def tensor_type(dtype: str) -> int:
    """Return ONNX's number of an element type."""
    return int(helper.np_dtype_to_tensor_dtype(numpy_dtype(dtype)))


def _given(one: Instruction, graph: Graph) -> list[str]:
    """Return the operands' tensors; a number becomes a constant of the others' element type."""
    tensors = [operand for operand in one.operands if isinstance(operand, Value)]
    # The condition of a `where` says nothing of the others' type.
    dtype = tensors[-1].dtype if one.name != "where" or len(tensors) > 1 else one.result.dtype
    return [
        graph.name_of(operand) if isinstance(operand, Value) else graph.constant(operand, dtype)
        for operand in one.operands
    ]


def _x(one: Instruction) -> Value:
    x = one.operands[0]
    assert isinstance(x, Value)
    return x


def _cellwise(kind: str) -> Write:
    """Return the writer of a function of each number alone, in whichever layout they are."""

    def write(one: Instruction, graph: Graph) -> None:
        values = [operand for operand in one.operands if isinstance(operand, Value)]
        is_first = all(v.shape == one.result.shape and graph.has_first(v) for v in values)
        if not (is_first and values):
            graph.result(kind, _given(one, graph), one.result)
            return
        given = [
            graph.first_of(operand)
            if isinstance(operand, Value)
            else graph.constant(operand, values[0].dtype)
            for operand in one.operands
        ]
        graph.bind_first(one.result, graph.add(kind, given)[0])

    return write


def _not_equal(one: Instruction, graph: Graph) -> None:
    graph.result("Not", graph.add("Equal", _given(one, graph)), one.result)


def _after(kind: str, then: str, *, turned: bool = False) -> Write:
    """Return the writer of `kind(x)` and then `then` with 1: exp(x) - 1, 1 - erf(x)."""

    def write(one: Instruction, graph: Graph) -> None:
        x = graph.name_of(_x(one))
        pair = [*graph.add(kind, [x]), graph.constant(1, one.result.dtype)]
        graph.result(then, pair[::-1] if turned else pair, one.result)

    return write


def _log1p(one: Instruction, graph: Graph) -> None:
    x = graph.add("Add", [graph.name_of(_x(one)), graph.constant(1, one.result.dtype)])
    graph.result("Log", x, one.result)


def _reduction(one: Instruction, graph: Graph) -> None:
    x, axes = _x(one), one.options["axes"]
    name, keepdims = "", int(one.options["keepdims"])
    if graph.has_first(x) and not keepdims and len(x.shape) - 1 not in axes and 0 not in axes:
        order = permutations(len(x.shape) - 2)[1]
        is_kept_in_order = len(x.shape) - len(axes) == 2  # the batch and the channels are left
        if is_kept_in_order:
            name, axes = graph.first_of(x), tuple(order.index(axis) for axis in axes)
    inputs = [name or graph.name_of(x), graph.integers(*axes)]
    graph.result(_REDUCTIONS[one.name], inputs, one.result, keepdims=keepdims)


def _argmax(one: Instruction, graph: Graph) -> None:
    graph.result("ArgMax", _given(one, graph), one.result, axis=one.options["axis"], keepdims=0)


def _clip(one: Instruction, graph: Graph) -> None:
    ends = [graph.constant(one.options[name], one.result.dtype) for name in ("low", "high")]
    graph.result("Clip", [*_given(one, graph), *ends], one.result)


def _concatenate(one: Instruction, graph: Graph) -> None:
    graph.result("Concat", _given(one, graph), one.result, axis=one.options["axis"])


def _stack(one: Instruction, graph: Graph) -> None:
    axis = graph.integers(one.options["axis"])
    parts = [graph.add("Unsqueeze", [name, axis])[0] for name in _given(one, graph)]
    graph.result("Concat", parts, one.result, axis=one.options["axis"])


def _cumsum(one: Instruction, graph: Graph) -> None:
    axis = graph.constant(np.array(one.options["axis"], np.int64))
    graph.result("CumSum", [*_given(one, graph), axis], one.result)


def _flip(one: Instruction, graph: Graph) -> None:
    axes = one.options["axes"]
    ends = [[-1] * len(axes), [-_END] * len(axes), axes, [-1] * len(axes)]
    graph.result("Slice", [*_given(one, graph), *(graph.integers(*n) for n in ends)], one.result)


def _slice(one: Instruction, graph: Graph) -> None:
    ends = [graph.integers(one.options[name]) for name in ("start", "stop", "axis", "step")]
    graph.result("Slice", [*_given(one, graph), *ends], one.result)


def _transpose(one: Instruction, graph: Graph) -> None:
    graph.result("Transpose", _given(one, graph), one.result, perm=one.options["order"])


def _pad_with(one: Instruction, graph: Graph) -> None:
    value = graph.constant(one.options["value"], one.result.dtype)
    padded = graph.moved(graph.name_of(_x(one)), one.options["pads"], value)
    graph.result("Identity", [padded], one.result)


def _reshape(one: Instruction, graph: Graph) -> None:
    sizes = graph.integers(*one.options["shape"])
    graph.result("Reshape", [*_given(one, graph), sizes], one.result)


def _take(one: Instruction, graph: Graph) -> None:
    graph.result("Gather", _given(one, graph), one.result, axis=one.options["axis"])


def _one_hot(one: Instruction, graph: Graph) -> None:
    codes = graph.constant(np.array([0, 1]), one.options["dtype"])
    depth = graph.constant(np.array(one.options["depth"], np.int64))
    graph.result("OneHot", [*_given(one, graph), depth, codes], one.result)


def _cast(one: Instruction, graph: Graph) -> None:
    graph.result("Cast", _given(one, graph), one.result, to=tensor_type(one.options["dtype"]))


def _size(one: Instruction, graph: Graph) -> None:
    axis = graph.constant(np.array(one.options["axis"], np.int64))
    graph.result("Gather", [*graph.add("Shape", _given(one, graph)), axis], one.result)


def _scan(one: Instruction, graph: Graph) -> None:
    body = one.options["body"]
    for value in body.captured():
        graph.name_of(value)  # turned around outside, if it has to be
    inner = Graph(graph)
    inputs = []
    for value in body.parameters:
        name = inner.fresh(f"{one.layer}/step")
        inner.bind(value, name)
        inputs.append(_information(name, value))
    for instruction in body.instructions:
        write(instruction, inner)
    outputs = []
    for value in body.results:  # each by a name of its own, also one that is given twice
        (name,) = inner.add("Identity", [inner.name_of(value)])
        outputs.append(_information(name, value))
    made = helper.make_graph(inner.nodes, inner.fresh(f"{one.layer}/body"), inputs, outputs)
    count = len(one.operands) - one.options["states"]
    given = [graph.name_of(value) for value in one.operands if isinstance(value, Value)]
    names = graph.add("Scan", given, outputs=len(one.results), body=made, num_scan_inputs=count)
    for value, name in zip(one.results, names, strict=True):
        graph.bind(value, name)


def _information(name: str, value: Value) -> Any:
    return helper.make_tensor_value_info(name, tensor_type(value.dtype), sizes(value))


def sizes(value: Value) -> Sequence[Any]:
    """Return a value's sizes, 'batch' for the one that is unknown."""
    return ["batch" if size is None else size for size in value.shape]


_WRITES: dict[str, Callable[[Instruction, Graph], None]] = {
    **{name: _cellwise(kind) for name, kind in (_OF_ONE | _OF_TWO).items()},
    **dict.fromkeys(_REDUCTIONS, _reduction),
    "argmax": _argmax,
    "cast": _cast,
    "clip": _clip,
    "concatenate": _concatenate,
    "cumsum": _cumsum,
    "erfc": _after("Erf", "Sub", turned=True),
    "expm1": _after("Exp", "Sub"),
    "flip": _flip,
    "log1p": _log1p,
    "matmul": lambda one, graph: graph.result("MatMul", _given(one, graph), one.result),
    "not_equal": _not_equal,
    "one_hot": _one_hot,
    "pad_with": _pad_with,
    "reshape": _reshape,
    "scan": _scan,
    "size": _size,
    "slice": _slice,
    "stack": _stack,
    "take": _take,
    "transpose": _transpose,
    "where": lambda one, graph: graph.result("Where", _given(one, graph), one.result),
}
