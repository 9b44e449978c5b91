"""A stack of layers, each fed with the output of the one before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, Self, overload

from convdispatch.engine.graph import Graph, chain
from convdispatch.engine.layer import Layer
from convdispatch.engine.masks import apply_layer, compute
from convdispatch.engine.specs import Spec
from convdispatch.engine.symbols import Call, Symbol, symbols_in
from convdispatch.engine.whole import read_whole
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.models import _naming as naming
from convdispatch.models import _serialization
from convdispatch.models._branches import start
from convdispatch.models._copies import CopiedStack
from convdispatch.models._exporting import Exportable
from convdispatch.models._flat_weights import StackedWeights
from convdispatch.models._inference import Predicting
from convdispatch.models._members import (
    as_member,
    member_of,
    require_one_output,
    require_takes_one,
)
from convdispatch.models._nesting import nest
from convdispatch.models._shapes import ShapedStack
from convdispatch.models._telling import Telling
from convdispatch.models._tops import Top
from convdispatch.ops import PartialShape
from convdispatch.runtime import selection
from convdispatch.runtime.registry import registry
from convdispatch.support.documents import DEFAULT_LIMITS, DocumentLimits
from convdispatch.support.locks import Lock
from convdispatch.types import ArrayInput, NativeTensor, SomeTensor


class Sequential(Telling, Predicting, Exportable, CopiedStack, ShapedStack):
    """Layers applied in the order in which they were added, all on one backend.

    The backend is the argument, or that of the first layer if it was given one, or the current
    one. Where the first layer states its input shape, layers are built as they are added.

    >>> from convdispatch.layers import Conv2D, UpSampling2D
    >>> model = Sequential([Conv2D(8, 3, strides=2, input_shape=(28, 28, 1)), UpSampling2D(2)])
    >>> model.output_shape
    (None, 26, 26, 8)
    """

    def __init__(
        self,
        layers: Iterable[Any] | None = None,
        name: str | None = None,
        *,
        backend: str | None = None,
    ) -> None:
        self._layers: list[Layer] = []
        self._symbols: list[Symbol] = []
        self._calls: list[Call] = []
        self._lock = Lock()
        self.name = name  # type: ignore[assignment] # None becomes a name in __setattr__
        self._bind(selection.resolve_backend(backend))
        self._has_own_backend = backend is not None
        if not isinstance(layers, Iterable | None):
            raise InvalidType(
                f"`layers` must be a list of layers; received {type(layers).__name__}."
            )
        for layer in layers or ():
            self.add(layer)

    # The stack.

    @property
    def layers(self) -> list[Layer]:
        """The layers, first to last."""
        return list(self._layers)

    def add(self, layer: Any) -> None:
        """Add a layer at the end, and build it if its input shape is known.

        A symbol from `Input` stands for its layer, where it is the first. A model is a layer too.
        """
        if isinstance(layer, StackedWeights):
            with self._lock.held():
                nest(self, layer)
            return
        layer = as_member(layer, is_first=not self._layers)
        branches = getattr(layer, "branches", None)
        if branches:  # of Keras 1's `Merge`
            start(self, layer, branches)
            return
        require_takes_one(layer)
        with self._lock.held():
            self._add(layer)

    def _add(self, layer: Layer) -> None:
        top = self._top = Top.now(self._layers, self._top)
        if top.has(layer):
            raise InvalidArgument(
                f"the model already holds this very layer, {layer.name!r}; make another one."
            )
        backend = self._backend_with(layer)
        before = layer.backend
        with naming.made_room(self._layers, layer) if layer.name in top.names else nullcontext():
            layer.bind(backend)
            try:
                shape = self._fit(layer, top.shape)
            except Exception:
                layer.bind(before)
                raise
        self._bind(backend)
        self._layers.append(layer)
        try:
            self._note_mask_of_last()
        except Exception:
            self._layers.pop()
            raise
        layer.stay()
        layer._stacks.add(self)
        top.put(layer, shape)
        self.record_calls()

    def pop(self) -> Layer:
        """Remove the last layer and return it."""
        with self._lock.held():
            if not self._layers:
                raise InvalidArgument("the model has no layer to take off.")
            layer = self._layers.pop()
            layer._stacks.discard(self)
            del self._symbols[len(self._layers) + 1 :]
            self._note_masks()
            return layer

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return the layer of that name, or else at that place, from 0 at the bottom."""
        found: Layer = member_of(self.name, self._layers, name, index)
        return found

    def _backend_with(self, layer: Layer) -> str:
        """Return the model's backend once the layer is in it."""
        is_bound = layer.built or layer.has_own_backend
        if not self._layers and not self._has_own_backend and is_bound:
            return layer.backend
        if is_bound and layer.backend != self.backend:
            raise InvalidArgument(
                f"{layer.name!r} is bound to the backend {layer.backend!r} and the model to "
                f"{self.backend!r}. Add `layer.to({self.backend!r})` instead."
            )
        return self.backend

    def _fit(self, layer: Layer, shape: PartialShape | None) -> PartialShape | None:
        """Build the layer for its input shape, or check that it fits; return the output's shape.

        Without a shape nothing can be said yet.
        """
        if not self._layers:
            shape = layer.built_shape if layer.built else layer.batch_input_shape
        if shape is None:
            return None
        if not layer.built:
            layer.build(shape)
        return require_one_output(layer, layer.compute_output_shape(shape))

    # Computing.

    @overload
    def __call__(self, inputs: ArrayInput) -> NativeTensor: ...
    @overload
    def __call__(self, inputs: SomeTensor) -> SomeTensor: ...
    def __call__(self, inputs: Any) -> Any:
        """Apply the layers to a tensor of the model's backend, or to a NumPy array."""
        if isinstance(inputs, Symbol | list | tuple):
            symbols = symbols_in(inputs)
            if symbols is not None:
                return self._called_with(symbols)
        layers = list(self._layers)
        if not _are_made(layers):
            inputs = self._built_for(inputs)
            layers = list(self._layers)
        return self._applied(layers, inputs)

    def _called_with(self, symbols: Sequence[Symbol]) -> Symbol:
        """Return the symbolic output for a symbolic input; builds the layers if need be."""
        if len(symbols) != 1:
            raise InvalidArgument(
                f"{self.name!r} takes one input; received a list of {len(symbols)}."
            )
        spec = symbols[0].spec
        if not self.built:
            self.build(spec.shape)
        for layer in self._layers:
            spec = layer.output_specs(spec)
        call = Call(self, symbols, [spec], takes_list=False, gives_list=False)
        return call.outputs[0]

    def graph(self) -> Graph:
        """Return the chain of the layers' calls, for the input that the first one was built for."""
        layers = self._built_layers()
        whole = chain(layers, Spec(layers[0].built_shape, layers[0].input_dtype))
        return replace(whole, masked=self._masked) if self._masked else whole

    def _inputs_of(self, inputs: Any) -> list[Any]:
        return [self._layers[0]._as_native(registry.load(self.backend), inputs)]

    def _applied(self, layers: Sequence[Layer], inputs: Any) -> Any:
        """Apply the layers, all with the weights of one time."""
        if self._masked:
            given = self._inputs_of(inputs)
            return read_whole(layers, lambda: compute(self.graph(), apply_layer, given)[0])
        noted, outputs = [], inputs
        for layer in layers:
            noted.append(layer._variables)
            outputs = layer(outputs)
        for layer, variables in zip(layers, noted, strict=True):
            if layer._variables is not variables:  # set meanwhile: some had the old ones
                with self._alone() as layers:
                    for layer in layers:
                        inputs = layer(inputs)
                    return inputs
        return outputs

    # Configuration.

    def get_config(self) -> dict[str, Any]:
        """Return the name and the layers' configurations as JSON types."""
        layers = [_serialization.layer_entry(layer) for layer in self._layers]
        return {"name": self.name, "layers": layers}

    @classmethod
    def from_config(
        cls,
        config: Mapping[str, Any] | list[Any],
        *,
        custom_objects: Mapping[str, type[Layer]] | None = None,
        backend: str | None = None,
        door: str | None = None,
        limits: DocumentLimits = DEFAULT_LIMITS,
    ) -> Self:
        """Make a model from what `get_config` returned; arguments as of `model_from_json`."""
        return _serialization.model_from(
            cls,
            config,
            custom_objects=custom_objects or {},
            backend=backend,
            door=door,
            limits=limits,
        )

    def to_json(self, **json_options: Any) -> str:
        """Return the architecture, without weights, as JSON for `model_from_json`."""
        return _serialization.as_json(type(self).__name__, self.get_config(), **json_options)

    def to(self, backend: str, *, dtype: str | None = None, device: str | None = None) -> Self:
        """Return the same model with the same weights on another backend.

        `dtype` asks for weights of another element type as well, `device` for one of the backend's
        devices: there the copy computes, and there its inputs go.
        """
        backend = selection.resolve_backend(backend, device)
        moved = type(self)(name=self.name, backend=backend)
        if self._layers and self._known_shape() is not None:
            self.ensure_built("to")  # the copy has the weights that this model will have
        with self._alone() as layers:
            copies = [layer.to(backend, dtype=dtype) for layer in layers]
        for layer in copies:
            moved.add(layer)
        moved.trainable = self.trainable
        if self.dialect is not moved.dialect:  # of a file
            vars(moved)["dialect"] = self.dialect
        return moved

    def _bind(self, backend: str) -> None:
        object.__setattr__(self, "backend", backend)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def __repr__(self) -> str:
        names = ", ".join(layer.name for layer in self._layers)
        return f"<{type(self).__name__} {self.name!r} on {self.backend!r}: {names}>"


def _are_made(layers: Sequence[Layer]) -> bool:
    """Return whether there are layers and all of them have their weights."""
    for layer in layers:  # half of the time of `all(...)`, at every call of a model
        if not layer._is_made:
            return False
    return bool(layers)
