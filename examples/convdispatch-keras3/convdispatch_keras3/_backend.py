"""Every op as the calls that a user of Keras would write for it.

Keras's words for padding are used wherever they mean what the op's numbers say. A backend that is
to be right does better without them; here Keras's own reading of its words is what is tested.
"""

import contextlib
import importlib

import keras
import numpy as np
from keras import activations, ops

from convdispatch.errors import UnsupportedOp
from convdispatch.kit import map_tree
from convdispatch.ops import REQUIRED_FUNCTIONS, ConvTranspose, Op, Pad, Upsample

NAME = keras.backend.backend()
FRAMEWORK = importlib.import_module(NAME)  # for gradients and compilers: Keras has no name for them
FUNCTIONS = {name: getattr(ops, name, activations.linear) for name in REQUIRED_FUNCTIONS}
FUNCTIONS |= {  # which have other arguments in Keras
    "one_hot": lambda indices, depth, dtype: ops.one_hot(indices, depth, dtype=dtype),
    "pad": lambda x, pads, value=0.0: ops.pad(x, pads, constant_values=value),
}


def lower(op, signature):
    """Return the function that computes the op."""
    if not isinstance(op, Op):
        raise UnsupportedOp(f"Keras has nothing for {op!r}. Use an op of `convdispatch.ops`.")
    first, layout = (1, "channels_last") if op.channels_last else (2, "channels_first")
    if isinstance(op, Pad):
        return lambda x: _pad(x, op.pads, first)
    if isinstance(op, Upsample):
        return lambda x: _upsample(x, op, first, layout)
    *taps, channels, _ = signature.weight_shapes[0]
    size = np.array(signature.input_shape[first - 1 :][: len(taps)])
    reach = np.array(op.dilation) * (np.array(taps) - 1) + 1
    function, (words, before), after = ops.conv, _forward(op, size, reach), ()
    if isinstance(op, ConvTranspose):
        function, before, (words, after) = ops.conv_transpose, (), _transposed(op, size, reach)
    elif channels == 1 < op.groups and len(taps) < 3:  # there are depthwise layers of 1 and 2 axes
        function, channels = ops.depthwise_conv, op.groups
    words |= {"strides": op.strides, "dilation_rate": op.dilation, "data_format": layout}

    def compute(x, kernel, bias=None):
        kernel = ops.reshape(kernel, (*taps, channels, -1))
        y = _pad(function(_pad(x, before, first), kernel, **words), after, first)
        if bias is not None:
            y = ops.add(y, ops.reshape(bias, (-1,) + (1,) * (len(taps) * (first - 1))))
        return getattr(ops, op.activation, activations.linear)(y)

    return compute


def _forward(op, size, reach):
    total = np.maximum((-(-size // op.strides) - 1) * op.strides + reach - size, 0)
    is_same = np.array_equal(op.pads, np.stack([total // 2, total - total // 2], 1))
    return ({"padding": "same"}, ()) if is_same else ({"padding": "valid"}, op.pads)


def _transposed(op, size, reach):
    low, result, usual = np.array(op.pads)[:, 0], np.array(op.output_size), size * op.strides
    full = usual - op.strides + reach
    valid = ("valid", 0 * low, np.maximum(full, usual), full)
    same = ("same", np.maximum(full - result, 0) // 2, usual, usual - op.strides + reach % 2)
    for padding, begin, default, least in (valid, same):
        extra = result - least
        if np.array_equal([low, result], [begin, default]):
            return {"padding": padding}, ()
        # Keras asks for an output padding of less than the stride.
        if np.array_equal(low, begin) and ((extra >= 0) & (extra < op.strides)).all():
            return {"padding": padding, "output_padding": tuple(extra.tolist())}, ()
    # Keras has no argument for it: the wanted cells are cut from the largest result.
    return {"padding": "valid"}, np.stack([-low, result + low - valid[2]], 1).tolist()


def _pad(x, pads, first):
    kept = [slice(max(-low, 0), min(high, 0) or None) for low, high in pads]
    x = x[(slice(None),) * first + tuple(kept)] if np.min(pads, initial=0) < 0 else x
    around = [(0, 0)] * len(x.shape)
    around[first : first + len(pads)] = [(max(low, 0), max(high, 0)) for low, high in pads]
    return ops.pad(x, around) if np.any(around) else x


def _upsample(x, op, first, layout):
    if op.interpolation == "bilinear":
        size = np.multiply(x.shape[first : first + 2], op.factors).tolist()
        return ops.image.resize(x, size, interpolation="bilinear", data_format=layout)
    for axis, factor in enumerate(op.factors, first):
        x = ops.repeat(x, factor, axis=axis)
    return x


class Keras3Backend:
    """Adapts `keras.ops`, on whichever framework Keras runs."""

    name, functions, lower = "keras3", FUNCTIONS, staticmethod(lower)
    owns, asarray, cast = map(staticmethod, (ops.is_tensor, ops.convert_to_tensor, ops.cast))
    to_numpy = staticmethod(ops.convert_to_numpy)
    variable = staticmethod(lambda value, dtype: keras.Variable(value, dtype=dtype).value)

    def describe(self, tensor):
        return tuple(tensor.shape), keras.backend.standardize_dtype(tensor.dtype)

    def assign(self, variable, value):
        dtype = self.describe(variable)[1]
        new = self.cast(value, dtype) if self.owns(value) else self.asarray(value, dtype)
        if NAME == "torch":  # not recorded
            return variable.requires_grad_(False).copy_(new).requires_grad_()
        return variable.assign(new) if NAME == "tensorflow" else new

    def outside_trace(self, fn):
        escape = {"tensorflow": "init_scope", "jax": "ensure_compile_time_eval"}.get(NAME, "")
        with getattr(FRAMEWORK, escape, contextlib.nullcontext)():
            return fn()

    def compile(self, fn):
        if NAME == "tensorflow":
            return FRAMEWORK.function(fn, autograph=False, jit_compile=True)
        return FRAMEWORK.jit(fn) if NAME == "jax" else FRAMEWORK.compile(fn)

    def value_and_grad(self, fn):
        def taped(tensors):
            with FRAMEWORK.GradientTape() as tape:
                tape.watch(tensors)
                value, aux = fn(tensors)
            return (value, aux), tape.gradient(value, tensors, unconnected_gradients="zero")

        def functional(tensors):
            aux = []  # torch.func takes tensors only

            def scalar(tensors):
                value, tree = fn(tensors)
                aux.append(map_tree(lambda tensor: tensor.detach(), tree))
                return value

            gradients, value = FRAMEWORK.func.grad_and_value(scalar)(tensors)
            return (value, aux[-1]), gradients

        if NAME == "torch":
            return functional
        if NAME == "tensorflow":
            return taped
        return FRAMEWORK.jit(FRAMEWORK.value_and_grad(fn, has_aux=True))


backend = Keras3Backend()
