"""The common part of layers with an epilogue: a bias, an activation and a penalty of the output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from convdispatch.engine.arguments import as_bool
from convdispatch.engine.plans import Function, in_float32, record, recorded
from convdispatch.engine.weight_options import WithWeightOptions
from convdispatch.errors import InvalidArgument
from convdispatch.formulas import activations, regularizers
from convdispatch.formulas.activations import Activation
from convdispatch.layers._lowering import LoweringLayer
from convdispatch.ops import HALF_DTYPES, Backend, Tensor
from convdispatch.runtime.dispatch import BACKEND, require_supported
from convdispatch.types import ActivationLike, RegularizerLike

# Of the element type and the activation.
Lower: TypeAlias = Callable[[str, Any], Function]


class EpilogueLayer(LoweringLayer, WithWeightOptions):
    """A layer with a bias and an activation after its product."""

    def _keep_epilogue(
        self, activation: ActivationLike, use_bias: bool, activity_regularizer: RegularizerLike
    ) -> None:
        self.activation = checked_activation(self._named("activation", activation))
        self.use_bias = as_bool(use_bias, self.spelled("use_bias"))
        self.activity_regularizer = self._named("activity_regularizer", activity_regularizer)

    @property
    def bias(self) -> Any:
        """The bias variable, None before `build` and without bias."""
        return self._variable("bias")

    def _epilogue_config(self) -> dict[str, Any]:
        return {
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            **self._weight_options_config("bias"),
        }

    # Half precision is rounded once, at the end of the layer.

    def _lowered_once(
        self, lower: Callable[[str, Any], Function]
    ) -> Callable[[str, Any], Function]:
        """Return `lower`, which rounds after every step, rounding half precision at the end."""

        def lower_once(dtype: str, activation: Any) -> Function:
            if dtype not in HALF_DTYPES or not self._rounds_between(activation):
                return lower(dtype, activation)
            return self._in_float32(lower, dtype, activation)

        return lower_once

    def _in_float32(self, lower: Lower, dtype: str, activation: Any) -> Function:
        backend = self._backend()
        with recorded() as lowered:
            function = lower("float32", activation)
        for op, signature, by in lowered:
            if by == BACKEND:
                require_supported(backend, op, replace(signature, dtype=dtype))
            record(op, signature, by)
        return in_float32(function, backend, dtype)

    def _rounds_between(self, activation: Any) -> bool:
        """Return whether ops and formulas follow one another; a user's function is unknown."""
        return isinstance(activation, Activation) and activation.fused is None


def checked_activation(activation: Any) -> Any:
    """Return the activation, or raise `InvalidArgument` where it changes its input's shape."""
    if isinstance(activation, Activation) and not activation.keeps_shape:
        raise InvalidArgument(
            f"`activation` must keep the shape of its input; received {activation.name!r}, which "
            "does not. Apply it to the layer's output instead."
        )
    return activation


def split_activation(
    activation: Any, backend: Backend, dtype: str
) -> tuple[str, Callable[[Tensor], Tensor] | None]:
    """Return the part that an op computes, and the rest that follows it, None if there is none."""
    if isinstance(activation, Activation) and activation.fused is not None:
        return activation.fused, None
    functions = backend.functions

    def finish(outputs: Tensor) -> Tensor:
        if isinstance(activation, Activation):
            activated = activation.compute(functions, outputs)
        else:
            activated = activation(outputs)
        # A user's function may promote, and so may arithmetic with Python numbers.
        return backend.cast(activated, dtype)

    return "linear", finish
