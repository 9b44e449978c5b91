"""Models as ONNX's `ModelProto`: each op, pooling and normalization is one node of its own."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import helper

from convdispatch.errors import UnsupportedOp
from convdispatch.ops import Op, Signature
from convdispatch.programs import Program, arranged
from convdispatch_onnx._functions import sizes, tensor_type, write
from convdispatch_onnx._graph import Graph
from convdispatch_onnx._ops import kernel_order, supports

# The versions of the operators and of the file format, which readers since 2023 know.
OPSET, IR_VERSION = 18, 8
_MOST_BYTES = 2**31 - 2**20  # of a message of protobuf, with room for the nodes


class OnnxExporter:
    """Makes a `ModelProto`, or its file."""

    is_folder = False

    def supports(self, op: Op, signature: Signature) -> bool:
        return supports(op, signature)

    def export(self, program: Program) -> onnx.ModelProto:
        """Return the model; its weights are initializers with the weights' paths as names."""
        total = sum(one.array.nbytes for one in program.weights)
        if total > _MOST_BYTES:
            raise UnsupportedOp(
                f"{program.name!r} has {total} bytes of weights, and an ONNX model holds at most "
                f"{_MOST_BYTES}. Export its parts, or to another target."
            )
        return _written(arranged(program, kernel_order))

    def write(self, program: Program, path: Path) -> None:
        """Write the model to a file."""
        path.write_bytes(self.export(program).SerializeToString())


def _written(program: Program) -> onnx.ModelProto:
    wanted = {value.number: name for name, value in reversed([*program.outputs.items()])}
    graph = Graph(wanted=wanted)
    inputs = []
    for name, value in program.inputs.items():
        own = graph.fresh(name)
        graph.bind(value, own)
        inputs.append(helper.make_tensor_value_info(own, tensor_type(value.dtype), sizes(value)))
    for one in (*program.weights, *program.constants):
        graph.bind(one.value, graph.constant(one.array, one.value.dtype, one.path))
    for instruction in program.instructions:
        write(instruction, graph)
    outputs = []
    for name, value in program.outputs.items():
        held = graph.name_of(value)
        if held != name:  # an input, a weight, or what another output is, too
            graph.add("Identity", [held], named=name)
        outputs.append(helper.make_tensor_value_info(name, tensor_type(value.dtype), sizes(value)))
    made = helper.make_graph(
        graph.nodes, program.name, inputs, outputs, list(graph.initializers.values())
    )
    return helper.make_model(
        made,
        producer_name="convdispatch",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )


exporter = OnnxExporter()
