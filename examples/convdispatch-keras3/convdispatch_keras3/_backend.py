"""Keras as a backend: its functions, and what it has no name for from the framework below."""

import contextlib
import importlib

import keras
from keras import activations, ops

from convdispatch import kit
from convdispatch.ops import REQUIRED_FUNCTIONS
from convdispatch_keras3._ops import written

NAME = keras.backend.backend()
FRAMEWORK = importlib.import_module(NAME)  # for gradients and compilers: Keras has no name for them
FUNCTIONS = {name: getattr(ops, name, activations.linear) for name in REQUIRED_FUNCTIONS}
FUNCTIONS |= {  # which have other arguments in Keras
    "one_hot": lambda indices, depth, dtype: ops.one_hot(indices, depth, dtype=dtype),
    "pad": lambda x, pads, value=0.0: ops.pad(x, pads, constant_values=value),
}


class Keras3Backend:
    """Adapts `keras.ops`, on whichever framework Keras runs."""

    name, functions = "keras3", FUNCTIONS
    owns, asarray, cast = map(staticmethod, (ops.is_tensor, ops.convert_to_tensor, ops.cast))
    to_numpy = staticmethod(ops.convert_to_numpy)
    variable = staticmethod(lambda value, dtype: keras.Variable(value, dtype=dtype).value)

    def lower(self, op, signature):
        return written(op, signature) or kit.derived(op, signature, self)

    def describe(self, tensor):
        return tuple(tensor.shape), keras.backend.standardize_dtype(tensor.dtype)

    def assign(self, variable, value):
        dtype = self.describe(variable)[1]
        new = self.cast(value, dtype) if self.owns(value) else self.asarray(value, dtype)
        if NAME == "torch":
            variable.detach().copy_(new)  # the same memory, and not recorded
            return variable
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
                aux.append(kit.map_tree(lambda tensor: tensor.detach(), tree))
                return value

            gradients, value = FRAMEWORK.func.grad_and_value(scalar)(tensors)
            return (value, aux[-1]), gradients

        if NAME == "torch":
            return functional
        if NAME == "tensorflow":
            return taped
        return FRAMEWORK.jit(FRAMEWORK.value_and_grad(fn, has_aux=True))


backend = Keras3Backend()
