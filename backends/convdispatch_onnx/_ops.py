"""From the ops of a program to ONNX's nodes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convdispatch import kit
from convdispatch.ops import Conv, ConvTranspose, Op, Pool, Resize, Shape, Signature, Upsample
from convdispatch.programs import Instruction, Value
from convdispatch_onnx._graph import Graph

Pads = Sequence[tuple[int, int]]
Write = Callable[[Instruction, Graph], None]

_ACTIVATIONS = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh"}


def supports(op: Op, signature: Signature) -> bool:
    """Say whether ONNX has the op as it is."""
    if isinstance(op, Pool):  # a pad must be smaller than the window
        axes = kit.axes(op, signature)
        return all(max(axis.fitted) < axis.taps for axis in axes)
    if isinstance(op, Upsample | Resize):
        return isinstance(op, Upsample) and op.interpolation == "nearest"
    return True


def kernel_order(rank: int) -> Shape:
    """Return the order of axes that makes (out, in, *spatial) of a convolution's kernel."""
    return (0, 1) if rank == 2 else (rank - 1, rank - 2, *range(rank - 2))


def _first(one: Instruction, graph: Graph) -> str:
    """Return the tensor that an op reads, with its channels first."""
    x = one.operands[0]
    assert isinstance(x, Value)
    return graph.first_of(x) if one.options["op"].channels_last else graph.name_of(x)


def _finished(one: Instruction, graph: Graph, y: str) -> None:
    """Add the activation of an op, and bind its result, which has the channels first."""
    op = one.options["op"]
    activation = getattr(op, "activation", "linear")
    if activation != "linear":
        (y,) = graph.add(_ACTIVATIONS[activation], [y])
    if getattr(op, "channels_last", False):
        graph.bind_first(one.result, y)
    else:
        graph.bind(one.result, y)


def _weights(one: Instruction, graph: Graph) -> list[str]:
    return [graph.name_of(value) for value in one.operands[1:] if isinstance(value, Value)]


def _cropped(graph: Graph, x: str, pads: Pads) -> tuple[str, list[int]]:
    """Return `x` without what negative pads crop, and the others: all low ones, all high ones."""
    x = graph.moved(x, [(0, 0), (0, 0), *((min(a, 0), min(b, 0)) for a, b in pads)])
    return x, [max(low, 0) for low, _ in pads] + [max(high, 0) for _, high in pads]


def _conv(one: Instruction, graph: Graph) -> None:
    op: Conv = one.options["op"]
    axes = kit.axes(op, one.options["signature"])
    x, pads = _cropped(graph, _first(one, graph), [axis.fitted for axis in axes])
    (y,) = graph.add(
        "Conv",
        [x, *_weights(one, graph)],
        kernel_shape=[axis.taps for axis in axes],
        strides=op.strides,
        pads=pads,
        dilations=op.dilation,
        group=op.groups,
    )
    _finished(one, graph, y)


def _conv_transpose(one: Instruction, graph: Graph) -> None:
    op: ConvTranspose = one.options["op"]
    axes = kit.axes(op, one.options["signature"])
    fitted = [axis.fitted for axis in axes]
    extra = [max(-high, 0) for _, high in fitted]
    most = [max(pair) for pair in zip(op.strides, op.dilation, strict=True)]
    is_native = all(low >= 0 for low, _ in fitted) and all(
        n < size for n, size in zip(extra, most, strict=True)
    )
    kernel, *bias = _weights(one, graph)
    padded: dict[str, Any] = {}
    if is_native:
        pads = [low for low, _ in fitted] + [max(high, 0) for _, high in fitted]
        padded = {"pads": pads, "output_padding": extra}
    (y,) = graph.add(
        "ConvTranspose",
        [_first(one, graph), kernel, *(bias if is_native else [])],
        kernel_shape=[axis.taps for axis in axes],
        strides=op.strides,
        dilations=op.dilation,
        group=op.groups,
        **padded,
    )
    if not is_native:
        y = graph.moved(y, [(0, 0), (0, 0), *((-low, -high) for low, high in fitted)])
        for name in bias:
            along = graph.integers(-1, *[1] * len(axes))
            (y,) = graph.add("Add", [y, *graph.add("Reshape", [name, along])])
    _finished(one, graph, y)


def _dense(one: Instruction, graph: Graph) -> None:
    x = one.operands[0]
    assert isinstance(x, Value)
    kernel, *bias = _weights(one, graph)
    if len(x.shape) == 2:
        (y,) = graph.add("Gemm", [graph.name_of(x), kernel, *bias])
    else:
        (y,) = graph.add("MatMul", [graph.name_of(x), kernel])
        for name in bias:
            (y,) = graph.add("Add", [y, name])
    _finished(one, graph, y)


def _pool(one: Instruction, graph: Graph) -> None:
    op: Pool = one.options["op"]
    axes = kit.axes(op, one.options["signature"])
    x, pads = _cropped(graph, _first(one, graph), [axis.fitted for axis in axes])
    options: dict[str, Any] = {"kernel_shape": op.size, "strides": op.strides, "pads": pads}
    if op.kind == "max":
        (y,) = graph.add("MaxPool", [x], **options)
    else:
        counts = int(op.counts_pads or op.kind == "sum")
        (y,) = graph.add("AveragePool", [x], count_include_pad=counts, **options)
    if op.kind == "sum":
        cells = graph.constant(math.prod(op.size), one.result.dtype)
        (y,) = graph.add("Mul", [y, cells])
    _finished(one, graph, y)


def _pad(one: Instruction, graph: Graph) -> None:
    op = one.options["op"]
    if op.channels_last:
        y = graph.moved(_first(one, graph), [(0, 0), (0, 0), *op.pads])
        graph.bind_first(one.result, y)
    else:
        graph.bind(one.result, graph.moved(_first(one, graph), [(0, 0), (0, 0), *op.pads]))


def _upsample(one: Instruction, graph: Graph) -> None:
    op: Upsample = one.options["op"]
    scales = graph.constant(np.array([1, 1, *op.factors], np.float32))
    (y,) = graph.add(
        "Resize",
        [_first(one, graph), "", scales],
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
    _finished(one, graph, y)


def _normalize(one: Instruction, graph: Graph) -> None:
    x, mean, variance, gamma, beta = one.operands
    assert isinstance(x, Value)
    assert isinstance(mean, Value)
    axis, rank, count = one.options["axis"], len(x.shape), mean.shape[0] or 0
    parts = [np.ones(count) if gamma is None else gamma, np.zeros(count) if beta is None else beta]
    weights = [
        graph.name_of(part) if isinstance(part, Value) else graph.constant(part, x.dtype)
        for part in (*parts, mean, variance)
    ]
    kind, epsilon = "BatchNormalization", one.options["epsilon"]
    if axis == 1:
        graph.result(kind, [graph.name_of(x), *weights], one.result, epsilon=epsilon)
    elif axis == rank - 1:
        (y,) = graph.add(kind, [graph.first_of(x), *weights], epsilon=epsilon)
        graph.bind_first(one.result, y)
    else:
        order = [0, axis, *(i for i in range(1, rank) if i != axis)]
        (y,) = graph.add("Transpose", [graph.name_of(x)], perm=order)
        (y,) = graph.add(kind, [y, *weights], epsilon=epsilon)
        graph.result("Transpose", [y], one.result, perm=np.argsort(order).tolist())


OPS: dict[str, Write] = {
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "dense": _dense,
    "normalize": _normalize,
    "pad": _pad,
    "pool": _pool,
    "upsample": _upsample,
}
