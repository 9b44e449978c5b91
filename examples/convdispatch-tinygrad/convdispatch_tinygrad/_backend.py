"""tinygrad's convolutions, pooling, functions and autograd, on lazy tensors."""

import os
import shutil
import sysconfig

import numpy as np
from tinygrad import Tensor, dtypes

from convdispatch import kit
from convdispatch.ops import FLOAT_DTYPES, INTEGER_DTYPES, Conv, ConvTranspose, Pool

# What compiles tinygrad's kernels; pip puts one beside Python, which need not be on the path.
os.environ.setdefault("CC", shutil.which("clang", path=sysconfig.get_path("scripts")) or "clang")
NAMES = {getattr(dtypes, name): name for name in (*INTEGER_DTYPES, *FLOAT_DTYPES)}


def _tensor(indices):
    return indices if isinstance(indices, Tensor) else Tensor(np.array(indices))


FUNCTIONS = kit.functions_from(
    Tensor,
    {
        "concatenate": lambda tensors, axis: Tensor.cat(*tensors, dim=axis),
        "stack": lambda tensors, axis: Tensor.stack(*tensors, dim=axis),
        "equal": lambda x, y: x == y,
        "not_equal": lambda x, y: x != y,
        "less": lambda x, y: x < y,
        "less_equal": lambda x, y: x <= y,
        "greater": lambda x, y: x > y,
        "greater_equal": lambda x, y: x >= y,
        "max": lambda x, axis=None, keepdims=False: x.max(axis, keepdims),
        "mean": lambda x, axis=None, keepdims=False: x.mean(axis, keepdims),
        "sum": lambda x, axis=None, keepdims=False: x.sum(axis, keepdims),
        "one_hot": lambda indices, depth, dtype: (
            _tensor(indices).unsqueeze(-1) == Tensor.arange(depth)
        ).cast(dtype),
        "pad": lambda x, pads, value=0.0: x.pad(tuple(map(tuple, pads)), value=value),
        "power": lambda x, y: x**y,
        "stop_gradient": Tensor.detach,
        "take": lambda x, indices, axis: x[(slice(None),) * (axis % x.ndim) + (_tensor(indices),)],
        "transpose": Tensor.permute,
    },
    halves=(dtypes.float16, dtypes.bfloat16),
    single=dtypes.float32,
    cast=Tensor.cast,
    typed=lambda number, tensor: Tensor(number, dtype=tensor.dtype),
)


def _in_first(op, compute):
    """Compute on channels first, whatever the layout of the op."""
    if not op.channels_last:
        return compute
    to_last, to_first = kit.permutations(len(op.strides))
    return lambda x, *weights: compute(x.permute(to_first), *weights).permute(to_last)


def _options(op, signature):
    pads = [axis.fitted for axis in kit.axes(op, signature)]
    return {"stride": op.strides, "padding": tuple(np.ravel(pads[::-1]).tolist())}


def _convolution(op, signature):
    """Return the convolution of (x, kernel), or its transpose, without bias and activation."""
    convolve = Tensor.conv2d if isinstance(op, Conv) else Tensor.conv_transpose2d
    options = {"dilation": op.dilation, "groups": op.groups, **_options(op, signature)}
    order = (len(op.strides) + 1, len(op.strides), *range(len(op.strides)))
    return _in_first(op, lambda x, kernel: convolve(x, kernel.permute(order), **options))


def _pool(op, signature):
    options = {"kernel_size": op.size, **_options(op, signature)}
    if op.kind == "max":
        return _in_first(op, lambda x: x.max_pool2d(**options))
    return _in_first(op, lambda x: x.avg_pool2d(**options, count_include_pad=op.counts_pads))


class TinygradBackend:
    """Adapts tinygrad's lazy tensors."""

    name, functions = "tinygrad", FUNCTIONS
    cast = staticmethod(Tensor.cast)
    compile, wrap = staticmethod(FUNCTIONS["linear"]), staticmethod(kit.as_function)

    def lower(self, op, signature):
        if isinstance(op, Conv | ConvTranspose):
            computed = kit.finished(op, FUNCTIONS, _convolution(op, signature))
        elif isinstance(op, Pool) and op.kind != "sum":
            computed = _pool(op, signature)
        else:
            return kit.derived(op, signature, self)
        return kit.rounded_once(computed, signature.dtype, self.cast)

    def owns(self, value):
        return isinstance(value, Tensor)

    def describe(self, tensor):
        return tuple(tensor.shape), NAMES[tensor.dtype]

    def asarray(self, value, dtype):
        value = np.array(value, kit.numpy_dtype(dtype), order="C")
        if dtype == "bfloat16":
            return Tensor(value.view("uint16")).bitcast(dtypes.bfloat16).realize()
        return Tensor(value).realize()

    def to_numpy(self, tensor):
        if tensor.dtype != dtypes.bfloat16:
            return tensor.numpy()  # below: the bits of a constant do not compile
        return tensor.contiguous().bitcast(dtypes.uint16).numpy().view(kit.numpy_dtype("bfloat16"))

    def value_and_grad(self, fn):
        def compute(tensors):
            leaves = [x.clone() for x in tensors]  # the same tensor twice has two gradients
            value, aux = fn(leaves)
            return (value, aux), value.gradient(*leaves)

        return compute

    def compile_step(self, step):
        return kit.checked_step(step, self.describe)


backend = TinygradBackend()
backend.random = {name: kit.over_tensors(draw, backend) for name, draw in kit.draws.items()}
