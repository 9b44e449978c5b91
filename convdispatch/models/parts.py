"""What any model is made of, be it a single layer, a stack or a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from convdispatch.engine.graph import Graph, Node, chain
from convdispatch.engine.layer import Layer
from convdispatch.engine.masks import with_masks
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidShape, InvalidType
from convdispatch.models._members import require_shape
from convdispatch.models._model import Model
from convdispatch.models._sequential import Sequential
from convdispatch.ops import FLOAT_DTYPES, PartialShape
from convdispatch.runtime.registry import registry

AnyModel: TypeAlias = Layer | Sequential | Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The layers of a model that have weights of their own, and the graph of their calls."""

    layers: tuple[Layer, ...]
    graph: Graph  # without nested models

    def output_specs(self, inputs: Sequence[Spec]) -> list[Spec]:
        """Return the specs of the outputs for those of the inputs."""

        def call(place: int, layer: Layer, specs: Any) -> Any:
            return layer.output_specs(specs)

        return self.graph.run(call, inputs)

    def unlisted(self, outputs: list[Any]) -> Any:
        """Return the outputs as the model does: as a list, or the only one by itself."""
        return outputs if self.graph.gives_list else outputs[0]


def require_model(model: object) -> None:
    """Raise `InvalidType` unless it is a layer or a model, and `InvalidShape` for an empty one."""
    if not isinstance(model, Layer | Sequential | Model):
        raise InvalidType(
            "`model` must be a convdispatch layer, a Sequential or a Model; received "
            f"{type(model).__name__}."
        )
    if isinstance(model, Sequential) and not model._layers:
        raise InvalidShape(f"{model.name!r} has no layers to apply.")


def input_dtypes(model: AnyModel, count: int = 1) -> list[str]:
    """Return the element type that each of so many inputs of the model is made for."""
    if isinstance(model, Model):
        return [spec.dtype for spec in model.graph().inputs]
    return [_first(model).input_dtype] * count


def computing_dtype(model: AnyModel) -> str:
    """Return the element type that the model computes in: that of its inputs, unless integers."""
    found = [dtype for dtype in input_dtypes(model) if dtype in FLOAT_DTYPES]
    if found:
        return found[0]
    layers = [model] if isinstance(model, Layer) else parts_of(model).layers
    return next(layer.dtype for layer in layers if not layer.is_input)


def _first(model: Layer | Sequential) -> Layer:
    return model._layers[0] if isinstance(model, Sequential) else model


def as_many(model: AnyModel, x: Any) -> list[Any]:
    """Return what each input gets of `x`; raise where one gets nothing, or of a wrong shape."""
    is_list = isinstance(model, Layer) and model.takes_list and isinstance(x, list | tuple)
    if is_list and (getattr(model, "takes_one", True) is False or _are_tensors(x)):
        return list(x)
    if not isinstance(model, Model):
        return [x]
    given = model._by_input(x)
    for one, name, spec in zip(given, model.input_names, model.graph().inputs, strict=True):
        require_shape(tuple(getattr(one, "shape", spec.shape)), spec, name, model.name)
    return given


def _are_tensors(x: Sequence[Any]) -> bool:
    return all(hasattr(one, "shape") for one in x)


def native_inputs(model: AnyModel, x: Any) -> list[Any]:
    """Return a native tensor for each input of a model."""
    require_model(model)
    backend = registry.load(model.backend)
    if isinstance(model, Model):
        return model._inputs_of(x)
    native = _first(model)._as_native(backend, x)
    return native if isinstance(native, list) else [native]


def build_for(model: AnyModel, shapes: Sequence[PartialShape]) -> None:
    """Build a model, if it is not built, for inputs of these shapes."""
    if not model.built:
        samples: Any = [(None, *shape[1:]) for shape in shapes]
        takes_one = getattr(model, "takes_one", True)
        model.build(samples[0] if takes_one and len(samples) == 1 else samples)


def parts_of(model: AnyModel, inputs: Sequence[Spec] = ()) -> Parts:
    """Return what a model is made of.

    A layer that takes a list, or returns one, has a graph for such inputs, or for those that it is
    built for. Raises `InvalidShape` where it is not built.
    """
    require_model(model)
    if isinstance(model, Layer) and (inputs or model.takes_list):
        return Parts(layers=(model,), graph=_of_layer(model, list(inputs) or _built_for(model)))
    if isinstance(model, Layer | Sequential):
        layers = [model] if isinstance(model, Layer) else model._layers
        spec = Spec((None,), layers[0].input_dtype)  # whatever shape it is given
        return Parts(layers=tuple(layers), graph=with_masks(chain(layers, spec)))
    return Parts(layers=tuple(model._layers), graph=model._flat_graph())


def _built_for(layer: Layer) -> list[Spec]:
    shapes = layer.built_shape
    listed = shapes if isinstance(shapes, list) else [shapes]
    return [Spec(shape, layer.input_dtype) for shape in listed]


def _of_layer(layer: Layer, inputs: list[Spec]) -> Graph:
    """Return the graph of the call of a single layer with so many inputs."""
    count = len(inputs)
    takes_list = count > 1 or not layer.takes_one
    given = layer.output_specs(inputs if takes_list else inputs[0])
    writes = tuple(range(count, count + (len(given) if isinstance(given, list) else 1)))
    node = Node(
        layer=layer,
        reads=tuple(range(count)),
        writes=writes,
        takes_list=takes_list,
        gives_list=isinstance(given, list),
    )
    graph = Graph(inputs=tuple(inputs), nodes=(node,), outputs=writes, gives_list=node.gives_list)
    return with_masks(graph)
