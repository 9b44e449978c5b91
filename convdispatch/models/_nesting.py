"""A Sequential with models among its layers."""

from __future__ import annotations

from typing import Any

from convdispatch.errors import InvalidArgument
from convdispatch.layers import Input
from convdispatch.models._growing import Growing, become, end_of, kind_like
from convdispatch.models._serialization import as_json


class Nesting(Growing):
    """A chain of layers and models; like every Sequential it does not list its input's layer."""

    def __init__(self, stack: Any, inner: Any) -> None:
        if stack._layers:
            start, *ends = stack.symbols()
        else:
            ends, own = [], inner.input
            if isinstance(own, list):
                end_of(inner, own[0])  # which says what is wrong
            start = Input(batch_shape=own.shape, dtype=own.dtype, name=f"{inner.name}_input")
        self._start([start], [*ends, end_of(inner, ends[-1] if ends else start)], stack.name)

    @property
    def layers(self) -> list[Any]:
        """The layers and models, first to last."""
        return [one for one in self._members if not getattr(one, "is_input", False)]

    @property
    def class_name(self) -> str:
        """The class's name in documents and pictures."""
        return "Sequential"

    def get_config(self) -> dict[str, Any]:
        """Return the name and the configurations of the layers and models as JSON types."""
        members, first = self.layers, self.layers[0]
        if getattr(first, "batch_input_shape", first) is None:
            members = list(self._members)  # with the input, which alone states the shape
        return {"name": self.name, "layers": [self._entry_of(one) for one in members]}

    def to_json(self, **json_options: Any) -> str:
        """Return the architecture, without weights, as JSON for `model_from_json`."""
        return as_json(self.class_name, self.get_config(), **json_options)


def nest(model: Any, inner: Any) -> None:
    """Add a model to a Sequential that is a chain of layers."""
    made = kind_like(type(model), Nesting)(model, inner)
    if model._has_own_backend and made.backend != model.backend:
        raise InvalidArgument(
            f"{inner.name!r} is on the backend {inner.backend!r} and the model on "
            f"{model.backend!r}. Add `{inner.name}.to({model.backend!r})` in its place."
        )
    made.trainable = model.trainable
    made._calls = model._calls
    become(model, made)
