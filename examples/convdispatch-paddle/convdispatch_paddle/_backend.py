"""Paddle's convolutions, table of functions and autograd, on eager tensors."""

import threading
from dataclasses import replace
from itertools import zip_longest

import numpy as np
import paddle
from paddle.nn import functional

from convdispatch import kit
from convdispatch.ops import Conv, ConvTranspose, Pad

_state = threading.local()  # of each thread: how many functions are being differentiated


def _one_hot(indices, depth, dtype):
    places = paddle.to_tensor(indices).astype("int64")[..., None]
    return (places == paddle.arange(depth)).astype(dtype)


def _reduced(function):
    def reduce(x, axis=None, keepdims=False):
        chosen = paddle.any if x.dtype == paddle.bool else function
        return x if axis == () else chosen(x, axis, keepdim=keepdims)  # Paddle takes () for all

    return reduce


FUNCTIONS = kit.functions_from(
    paddle,
    {
        **{name: _reduced(getattr(paddle, name)) for name in ("max", "mean", "sum")},
        "concatenate": paddle.concat,
        "one_hot": _one_hot,
        "pad": lambda x, pads, value=0.0: functional.pad(
            x, np.ravel(pads).tolist(), value=value, pad_from_left_axis=True
        ),
        "power": lambda x, y: paddle.pow(x if hasattr(x, "dtype") else paddle.full_like(y, x), y),
        "relu": lambda x: functional.relu(x) if x.is_floating_point() else paddle.clip(x, 0),
        "stop_gradient": paddle.Tensor.detach,
        "take": lambda x, indices, axis: x.contiguous()[  # Paddle misreads a transposed one
            (slice(None),) * (axis % x.ndim) + (paddle.to_tensor(indices),)
        ],
    },
    halves=(),
    single="float32",
    cast=paddle.cast,
    typed=lambda number, tensor: paddle.full([], number, tensor.dtype),
)
LAYOUTS = {1: ("NCL", "NLC"), 2: ("NCHW", "NHWC"), 3: ("NCDHW", "NDHWC")}


def _convolution(op, signature):
    """Return the convolution of (x, kernel), or its transpose, without bias and activation."""
    rank, is_forward, same = len(op.strides), isinstance(op, Conv), FUNCTIONS["linear"]
    pads, move = np.array([axis.fitted for axis in kit.axes(op, signature)]), same
    if pads.min() < 0:  # Paddle does not crop
        around = Pad(pads=(pads if is_forward else -pads).tolist(), channels_last=op.channels_last)
        anywhere = replace(signature, input_shape=(None,) * (rank + 1))
        move, pads = kit.derived(around, anywhere, backend), 0 * pads
    before, behind = (move, same) if is_forward else (same, move)
    convolve = getattr(functional, f"conv{rank}d" + ("" if is_forward else "_transpose"))
    options = {"stride": op.strides, "padding": pads.ravel().tolist(), "dilation": op.dilation}
    options |= {"groups": op.groups, "data_format": LAYOUTS[rank][op.channels_last]}
    order = [rank + 1, rank, *range(rank)]
    return lambda x, kernel: behind(convolve(before(x), kernel.transpose(order), **options))


def _value_and_grad(fn):
    def compute(tensors):
        _state.depth = getattr(_state, "depth", 0) + 1
        is_inner = _state.depth > 1 or not all(tensor.stop_gradient for tensor in tensors)
        try:
            with paddle.enable_grad():
                leaves = [x.detach() if x.stop_gradient else x.clone() for x in tensors]
                for leaf in leaves:
                    leaf.stop_gradient = False
                value, aux = fn(leaves)
                options = {"create_graph": is_inner, "allow_unused": True}
                found = [] if value.stop_gradient else paddle.grad(value, leaves, **options)
        finally:
            _state.depth -= 1
        pairs = zip_longest(found, leaves)
        gradients = [paddle.zeros_like(leaf) if one is None else one for one, leaf in pairs]
        if not is_inner:
            value, aux = kit.map_tree(paddle.Tensor.detach, (value, aux))
        return (value, aux), gradients

    return compute


class PaddleBackend:
    """Adapts Paddle's eager tensors."""

    name, functions = "paddle", FUNCTIONS
    cast, wrap = staticmethod(paddle.cast), staticmethod(kit.as_function)
    compile, value_and_grad = staticmethod(FUNCTIONS["linear"]), staticmethod(_value_and_grad)

    def lower(self, op, signature):
        if isinstance(op, Conv | ConvTranspose):
            return kit.finished(op, FUNCTIONS, _convolution(op, signature))
        return kit.derived(op, signature, self)

    def owns(self, value):
        return isinstance(value, paddle.Tensor)

    def describe(self, tensor):
        return tuple(tensor.shape), tensor.dtype.name.lower()

    def asarray(self, value, dtype):
        value = np.array(value, kit.numpy_dtype(dtype), order="C")
        return paddle.to_tensor(value.view("uint16") if dtype == "bfloat16" else value)

    def to_numpy(self, tensor):
        values = tensor.detach().numpy()  # Paddle gives bfloat16 as uint16
        return values.view(kit.numpy_dtype("bfloat16")) if values.dtype == "uint16" else values

    def compile_step(self, step):
        return kit.checked_step(step, self.describe)


backend = PaddleBackend()
backend.random = {name: kit.over_tensors(draw, backend) for name, draw in kit.draws.items()}
