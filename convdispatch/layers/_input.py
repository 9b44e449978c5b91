"""Inputs of functional models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from convdispatch.engine.layer import Layer
from convdispatch.engine.resolved import Forward, Resolved
from convdispatch.engine.specs import Spec
from convdispatch.engine.symbols import Call, Symbol
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.ops import FLOAT_DTYPES, INTEGER_DTYPES


class InputLayer(Layer):
    """A place where a model gets a tensor, which it returns; `Input` makes one.

        input   any shape
        output  the same

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type.

    Source: Keras 2.2.4 `InputLayer`.

    >>> from convdispatch.layers import InputLayer
    >>> InputLayer(input_shape=(8, 1)).compute_output_shape((None, 8, 1))
    (None, 8, 1)
    """

    family = "input"
    dtypes = (*FLOAT_DTYPES, *INTEGER_DTYPES)
    is_input = True

    @property
    def _inbound_nodes(self) -> list[Any]:
        return list(self._calls)  # as Keras calls them

    def to(self, backend: str, *, dtype: str | None = None, device: str | None = None) -> Self:
        """Return the same on another backend; an input of integers stays one."""
        wanted = dtype if self.dtype in FLOAT_DTYPES else None
        return super().to(backend, dtype=wanted, device=device)

    def _require_dtype(self, dtype: str) -> None:
        if dtype not in self.dtypes:
            super()._require_dtype(dtype)

    def resolve(self, spec: Spec) -> Resolved:
        """Return what the layer makes of inputs of that spec: the same."""

        def lower(dtype: str, activation: Any) -> Forward:
            return lambda weights, inputs: inputs

        return Resolved(output_shape=(None, *spec.shape[1:]), lower=lower)


def Input(  # noqa: N802  # Keras's name, which users write as if it were a class
    shape: Sequence[int | None] | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    dtype: str | None = None,
) -> Symbol:
    """Return a symbolic tensor, from which layers make others, and `Model` a model.

    shape: without the batch axis; None for a size that is unknown.
    batch_shape: with the batch axis, in place of `shape`.
    name: of the input's layer in the model.
    dtype: the element type; None takes the configured one.

    Raises `InvalidArgument` unless one of the shapes is given. Source: Keras 2.2.4 `Input`.

    >>> from convdispatch import Model, layers
    >>> x = layers.Input((8, 1))
    >>> Model(x, layers.Conv1D(2, 3)(x)).output_shape
    (None, 6, 2)
    """
    if (shape is None) == (batch_shape is None):
        received = "none" if shape is None else "both"
        raise InvalidArgument(
            f"one of `shape` and `batch_shape` must say the input's shape; received {received}."
        )
    stated = {"batch_input_shape": batch_shape} if shape is None else {"input_shape": shape}
    layer = InputLayer(**stated, name=name, dtype=dtype)
    whole = layer.batch_input_shape
    if not whole:
        raise InvalidShape("`batch_shape` must have a batch axis; received ().")
    layer.build(whole)
    spec = Spec(whole, layer.dtype)
    call = Call(layer, (), [spec], takes_list=False, gives_list=False)
    return call.outputs[0]
