"""What any model is made of: a layer alone, a stack, a graph. Whoever works on models asks here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from convdispatch.engine.graph import Graph, chain
from convdispatch.engine.layer import Layer
from convdispatch.engine.specs import Spec
from convdispatch.engine.tensors import as_native
from convdispatch.errors import InvalidShape, InvalidType
from convdispatch.models._members import require_shape
from convdispatch.models._model import Model
from convdispatch.models._sequential import Sequential
from convdispatch.runtime.registry import registry

AnyModel: TypeAlias = Layer | Sequential | Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The layers of a model that have weights of their own, and the graph of their calls."""

    layers: tuple[Layer, ...]
    graph: Graph  # without nested models

    def output_specs(self, inputs: Sequence[Spec]) -> list[Spec]:
        """Return the specs of the outputs for those of the inputs."""

        def call(place: int, layer: Layer, spec: Any) -> Spec:
            return Spec(layer.compute_output_shape(spec.shape), spec.dtype)

        return self.graph.run(call, inputs)

    def unlisted(self, outputs: list[Any]) -> Any:
        """Return the outputs as the model does: as a list or, where it is one, alone."""
        return outputs if self.graph.gives_list else outputs[0]


def require_model(model: object) -> None:
    """Raise `InvalidType` unless it is a layer or a model, and `InvalidShape` for an empty one."""
    if not isinstance(model, Layer | Sequential | Model):
        raise InvalidType(
            "`model` must be a convdispatch layer, a Sequential or a Model; received "
            f"{type(model).__name__}."
        )
    if isinstance(model, Sequential) and not model.layers:
        raise InvalidShape(f"{model.name!r} has no layers to apply.")


def input_dtypes(model: AnyModel) -> list[str]:
    """Return the element type that each input of the model is made for."""
    if isinstance(model, Model):
        return [spec.dtype for spec in model.graph().inputs]
    return [model.layers[0].dtype if isinstance(model, Sequential) else model.dtype]


def as_many(model: AnyModel, x: Any) -> list[Any]:
    """Return what each input gets of `x`; raise where one gets nothing, or of a wrong shape."""
    if not isinstance(model, Model):
        return [x]
    given = model._by_input(x)
    for one, name, spec in zip(given, model.input_names, model.graph().inputs, strict=True):
        require_shape(tuple(getattr(one, "shape", spec.shape)), spec, name, model.name)
    return given


def native_inputs(model: AnyModel, x: Any) -> list[Any]:
    """Return a native tensor for each input of a model."""
    require_model(model)
    backend = registry.load(model.backend)
    if isinstance(model, Model):
        return model._inputs_of(x)
    first = model.layers[0] if isinstance(model, Sequential) else model
    return [as_native(backend, x, first.dtype)]


def parts_of(model: AnyModel) -> Parts:
    """Return what a model is made of."""
    require_model(model)
    if isinstance(model, Layer | Sequential):
        layers = [model] if isinstance(model, Layer) else model.layers
        spec = Spec((None,), layers[0].dtype)  # whatever shape it is given
        return Parts(layers=tuple(layers), graph=chain(layers, spec))
    return Parts(layers=tuple(model._layers), graph=model._flat_graph())
