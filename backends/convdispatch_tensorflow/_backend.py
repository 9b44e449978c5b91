"""The TensorFlow backend: eager, inside tf.function, and compiled by XLA."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch.errors import InvalidShape
from convdispatch.kit import per_variables
from convdispatch.ops import (
    FLOAT_DTYPES,
    Differentiable,
    Differentiated,
    Model,
    Op,
    PartialShape,
    Scan,
    ScanStep,
    Signature,
    Step,
)
from convdispatch_tensorflow._framework import tf
from convdispatch_tensorflow._functions import FUNCTIONS
from convdispatch_tensorflow._group import TensorflowGroup
from convdispatch_tensorflow._inference import Inference
from convdispatch_tensorflow._joining import initialize, joined
from convdispatch_tensorflow._lowering import lower
from convdispatch_tensorflow._random import RANDOM
from convdispatch_tensorflow._scanning import compile_scan
from convdispatch_tensorflow._training import compile_step, value_and_grad
from convdispatch_tensorflow._wrapping import WrappedModel

Array = npt.NDArray[Any]

_NAMES = {tf.as_dtype(name): name for name in FLOAT_DTYPES}


_AS_IT_IS = contextlib.nullcontext()


class TensorflowBackend:
    """Adapts TensorFlow's tensors and variables to `convdispatch.ops.Backend`."""

    name = "tensorflow"
    functions: Mapping[str, Callable[..., Any]] = FUNCTIONS
    random: Mapping[str, Callable[..., Any]] = RANDOM

    def __init__(self, device: str | None = None) -> None:
        self._device = device  # None: where TensorFlow puts it

    def lower(self, op: Op, signature: Signature) -> Callable[..., Any]:
        return self._placed(lower(op, signature, self))

    def conversion(self, dtype: str) -> str:
        if dtype.startswith("complex"):
            return "tf.math.real(x)"
        return "tf.strings.to_number(x)" if dtype == "string" else "tf.cast(x, tf.float32)"

    def owns(self, value: object) -> bool:
        return isinstance(value, tf.Tensor | tf.Variable)

    def describe(self, tensor: Any) -> tuple[PartialShape, str]:
        dtype = tensor.dtype  # at every call of a layer: the fewest and quickest of questions
        try:
            return tuple(tensor.shape.as_list()), _NAMES.get(dtype) or dtype.name
        except ValueError as exc:
            raise InvalidShape(
                "a layer computes for a known number of axes, and those of this tensor are not "
                "known while `tf.function` traces; received shape <unknown>. Say them with "
                "`tf.ensure_shape(x, (None, 28, 28, 1))`, with your own sizes, or in the "
                "function's `input_signature`."
            ) from exc

    def asarray(self, value: Array, dtype: str) -> Any:
        # By NumPy, which converts between any two types; tf.constant copies.
        with self._placing():
            return tf.constant(np.asarray(value, tf.as_dtype(dtype).as_numpy_dtype))

    def variable(self, value: Array, dtype: str) -> Any:
        with tf.init_scope(), self._placing():
            return tf.Variable(self.asarray(value, dtype))

    def assign(self, variable: Any, value: Any) -> Any:
        if self.owns(value):
            variable.assign(tf.cast(value, variable.dtype))
        else:
            variable.assign(self.asarray(value, variable.dtype.name))
        return variable

    def cast(self, tensor: Any, dtype: str) -> Any:
        return tf.cast(tensor, dtype)

    def to_numpy(self, tensor: Any) -> Array:
        if tf.is_symbolic_tensor(tensor):
            # Not an error of ours: `predict` takes it for one of compiling, and does without.
            raise TypeError(
                "a tensor that tf.function traces has no values yet; received a "
                f"{type(tensor).__name__}. Convert what the traced function returns, or call "
                "`predict` and `gradients` outside of tf.function."
            )
        array: Array = tensor.numpy()
        return array

    def outside_trace(self, fn: Callable[[], object]) -> object:
        with tf.init_scope():
            return fn()

    def compile(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        # Without autograph, which rewrites the source of `fn`: a traced function means the same
        # as the eager one or fails, and one without source causes no warning.
        compiled: Callable[..., Any] = tf.function(fn, autograph=False)
        return compiled

    def compile_inference(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        """Return `fn(variables, inputs)` compiled with the variables captured.

        They are read anew at each call all the same; as arguments each would cost 12 microseconds.
        """
        fn = self._placed(fn)
        return per_variables(lambda held: Inference(lambda x: fn(held, x)), kept=1)

    def compile_scan(self, step: ScanStep) -> Scan:
        return compile_scan(step)

    def value_and_grad(self, fn: Differentiable) -> Differentiated:
        return value_and_grad(fn)

    def compile_step(self, step: Step) -> Step:
        return compile_step(self._placed(step), self.describe)

    def devices(self) -> list[str]:
        found = [one.name.removeprefix("/device:") for one in tf.config.list_logical_devices()]
        return sorted(found, key=lambda name: name.startswith("CPU"))

    def on_device(self, device: str) -> TensorflowBackend | None:
        return TensorflowBackend(device) if device in self.devices() else None

    def _placed(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, computed on the backend's device where it has one of its own."""
        if self._device is None:
            return fn

        def placed(*given: Any) -> Any:
            with tf.device(self._device):
                return fn(*given)

        return placed

    def _placing(self) -> AbstractContextManager[Any]:
        if self._device is None:
            return _AS_IT_IS
        placing: AbstractContextManager[Any] = tf.device(self._device)
        return placing

    def group(self, variables: Sequence[Any]) -> TensorflowGroup | None:
        return joined(self, variables)

    def wrap(self, model: Model) -> WrappedModel:
        return WrappedModel(model)


initialize()  # before anything is computed
backend = TensorflowBackend()
