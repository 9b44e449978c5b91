"""Each op as a small ONNX graph, run by ONNX Runtime's CPU provider; tensors are NumPy's arrays."""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

from convdispatch import kit
from convdispatch.ops import Conv, ConvTranspose, Dense, Pad

OPSET, IR_VERSION = 10, 5  # in which pads and axes are attributes and need no constants
ACTIVATIONS = {"linear": "Identity", "relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh"}


class Graph:
    """An ONNX graph of an input, a kernel and a bias that grows node by node."""

    def __init__(self, signature):
        self.kind = TensorProto.DOUBLE if signature.dtype == "float64" else TensorProto.FLOAT
        shapes = (("batch", *signature.input_shape), *signature.weight_shapes)
        self.shape = shapes[0]
        names = ("x", "kernel", "bias")[: len(shapes)]
        self.inputs = list(map(helper.make_tensor_value_info, names, [self.kind] * 3, shapes))
        self.nodes = []

    def add(self, kind, *inputs, **attributes):
        """Add a node and return the name of its result."""
        result = f"{kind}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [result], **attributes))
        return result

    def compiled(self, result):
        """Return the function that runs the graph."""
        output = helper.make_tensor_value_info(result, self.kind, None)
        graph = helper.make_graph(self.nodes, "op", self.inputs, [output])
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        names = [value.name for value in self.inputs]
        return lambda *tensors: session.run(None, dict(zip(names, tensors, strict=True)))[0]


def _moved(graph, x, pads, first):
    """Add zeros to the axes from `first` on, and then crop: a crop may reach into the zeros."""
    for part in (np.maximum(pads, 0), np.minimum(pads, 0)):
        if part.any():
            around = np.zeros((len(graph.shape), 2), int)
            around[first : first + len(pads)] = part
            x = graph.add("Pad", x, pads=around.T.ravel())
    return x


def _convolution(graph, op, signature):
    rank, is_forward = len(op.strides), isinstance(op, Conv)
    to_last, to_first = kit.permutations(rank)
    x = graph.add("Transpose", "x", perm=to_first) if op.channels_last else "x"
    kernel = graph.add("Transpose", "kernel", perm=(rank + 1, rank, *range(rank)))
    pads = np.array([axis.fitted for axis in kit.axes(op, signature)])
    options = {"strides": op.strides, "dilations": op.dilation, "group": op.groups}
    is_plain = pads.min() >= 0
    if is_plain:
        options["pads"] = pads.T.ravel().tolist()
    if is_forward:
        x = x if is_plain else _moved(graph, x, pads, 2)
        y = graph.add("Conv", x, kernel, *["bias"] * op.bias, **options)
    else:
        y = graph.add("ConvTranspose", x, kernel, **options)
        y = y if is_plain else _moved(graph, y, -pads, 2)
        if op.bias:
            y = graph.add("Add", y, graph.add("Unsqueeze", "bias", axes=range(1, rank + 1)))
    y = graph.add(ACTIVATIONS[op.activation], y)
    return graph.add("Transpose", y, perm=to_last) if op.channels_last else y


def _dense(graph, op, signature):
    y = graph.add("MatMul", "x", "kernel")
    return graph.add(ACTIVATIONS[op.activation], graph.add("Add", y, "bias") if op.bias else y)


def _pad(graph, op, signature):
    return graph.add("Identity", _moved(graph, "x", np.array(op.pads), kit.first_spatial_axis(op)))


WRITTEN = {Conv: _convolution, ConvTranspose: _convolution, Dense: _dense, Pad: _pad}


class OnnxRuntimeBackend:
    """The six names that a backend has to have."""

    name = "onnxruntime"

    def lower(self, op, signature):
        write = WRITTEN.get(type(op))
        if write is None:
            return kit.derived(op, signature, self)
        graph = Graph(signature)
        compute = graph.compiled(write(graph, op, signature))
        return kit.rounded_once(compute, signature.dtype, self.cast)

    def owns(self, value):
        return isinstance(value, np.ndarray | np.generic)

    def describe(self, tensor):
        return tensor.shape, tensor.dtype.name

    def asarray(self, value, dtype):
        return np.asarray(value, kit.numpy_dtype(dtype), order="C")

    def to_numpy(self, tensor):
        return np.asarray(tensor)


backend = OnnxRuntimeBackend()
