"""MLX's convolutions and table of functions; `kit.derived` builds the rest."""

import mlx.core as mx
import numpy as np

from convdispatch import kit
from convdispatch.ops import Conv, Pad


def _dtype(name):
    return mx.bool_ if name == "bool" else getattr(mx, name)


def _take(x, indices, axis):
    cells = kit.as_slice(indices, x.shape[axis])  # a slice's gradient is a copy and not a sum
    if cells is None:
        return mx.take(x, mx.array(indices), axis)
    return x[(slice(None),) * (axis % x.ndim) + (cells,)]


def _one_hot(indices, depth, dtype):
    return (mx.expand_dims(mx.array(indices), -1) == mx.arange(depth)).astype(_dtype(dtype))


OWN = {
    "argmax": lambda x, axis: mx.argmax(x, axis).astype(mx.int32),
    # MLX's passes no gradient at the ends.
    "clip": lambda x, low, high: mx.where(x < low, low, mx.where(x > high, high, x)),
    "one_hot": _one_hot,
    "pad": lambda x, pads, value=0.0: mx.pad(x, pads, constant_values=value),
    "relu": lambda x: mx.maximum(x, 0),
    "sign": lambda x: mx.where(x == x, mx.sign(x), x),  # MLX's of NaN is 0
    # MLX finds no size for -1 in an empty tensor.
    "reshape": lambda x, shape: mx.reshape(x, [0 if n < 0 and not x.size else n for n in shape]),
    "take": _take,
}
FUNCTIONS = kit.functions_from(
    mx,
    OWN,
    halves=(mx.float16, mx.bfloat16),
    single=mx.float32,
    cast=lambda x, dtype: x.astype(dtype),
)


def _convolution(op, signature):
    """Return the convolution of (x, kernel) without bias and activation."""
    pads = [axis.fitted for axis in kit.axes(op, signature)]
    to_last, to_first = kit.permutations(len(pads))
    # MLX crops before it pads, and no more cells than there are.
    crops = Pad(pads=tuple(pads), channels_last=op.channels_last)
    crop = kit.derived(crops, signature, backend) if np.min(pads) < 0 else None
    padding = ([0], [0]) if crop else tuple(map(list, zip(*pads, strict=True)))

    def convolve(x, kernel):
        if not len(x):  # on which the gradients of MLX divide by zero
            return convolve(mx.zeros((1, *x.shape[1:]), x.dtype), kernel)[:0]
        x = crop(x) if crop else x
        y = mx.conv_general(
            x if op.channels_last else mx.transpose(x, to_last),
            mx.moveaxis(kernel, -1, 0),
            stride=op.strides,
            padding=padding,
            kernel_dilation=op.dilation,
            groups=op.groups,
        )
        return y if op.channels_last else mx.transpose(y, to_first)

    return convolve


class MlxBackend:
    """Adapts `mlx.core`, whose tensors are computed on demand and never change."""

    name, functions = "mlx", FUNCTIONS
    value_and_grad = staticmethod(mx.value_and_grad)

    def __init__(self):
        self.random = {name: kit.over_tensors(draw, self) for name, draw in kit.draws.items()}

    def lower(self, op, signature):
        if not isinstance(op, Conv) or (op.groups > 1 and len(op.strides) > 2):
            # MLX has no groups over three axes, and no right gradient of `input_dilation`.
            return kit.derived(op, signature, self)
        finished = kit.finished(op, FUNCTIONS, _convolution(op, signature))
        return kit.rounded_once(finished, signature.dtype, self.cast)

    def owns(self, value):
        return isinstance(value, mx.array)

    def describe(self, tensor):
        return tuple(tensor.shape), str(tensor.dtype).rpartition(".")[2].rstrip("_")

    def asarray(self, value, dtype):
        return mx.array(np.array(value, kit.numpy_dtype(dtype), order="C"), _dtype(dtype))

    def cast(self, tensor, dtype):  # MLX's gradients go on through integers, or raise there
        tensor = mx.stop_gradient(tensor) if "int" in dtype else tensor
        return tensor.astype(_dtype(dtype))

    def to_numpy(self, tensor):
        if tensor.dtype != mx.bfloat16:
            return np.array(tensor)
        return np.array(tensor.view(mx.uint16)).view(kit.numpy_dtype("bfloat16"))

    def compile(self, fn):
        return fn  # `mx.compile` calls a C++ compiler for each graph

    def compile_step(self, step):
        checked = kit.checked_step(step, self.describe)

        def run(variables, inputs):
            new, result = checked(variables, inputs)
            mx.eval(new, result)
            return new, result

        return run

    def wrap(self, model):
        return kit.as_function(model)


backend = MlxBackend()
