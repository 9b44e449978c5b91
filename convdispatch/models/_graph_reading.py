"""Functional models from configurations: layers are made, and called as the document says."""

from __future__ import annotations

import contextlib
import heapq
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from convdispatch.engine.layer import Layer
from convdispatch.engine.specs import Spec
from convdispatch.engine.symbols import Call, Symbol
from convdispatch.errors import InvalidDocument
from convdispatch.models._entries import (
    LayerEntry,
    begins_with_branches,
    checked_door,
    classes_of,
    door_of,
    holds_models,
    layer_entries,
)
from convdispatch.models._graph_documents import (
    CallEntry,
    Source,
    call_entries,
    counted_from_zero,
    sources,
)
from convdispatch.models._mask_documents import Masks, is_operation
from convdispatch.models._model import Model
from convdispatch.models._sequential import Sequential
from convdispatch.models._serialization import layer_of
from convdispatch.models._structures import is_nested, leaves, packed
from convdispatch.runtime import selection
from convdispatch.support.documents import DocumentLimits, refusing, require_readable, shown

FUNCTIONAL = ("Model", "Functional")


class GraphReader:
    """Makes one functional model from a configuration; nested models have their own readers."""

    def __init__(
        self,
        custom_objects: Mapping[str, type[Layer]],
        backend: str | None,
        door: str | None,
        limits: DocumentLimits,
        model: type[Model] = Model,
    ) -> None:
        self._class = model
        self._custom_objects = custom_objects
        self._backend = backend
        self._door = checked_door(door)
        self._limits = limits
        self._layers = 0  # made so far, in nested models too
        self._parameters = 0

    def model(self, config: Any) -> Model:
        """Return the model; raise `InvalidDocument` for any fault."""
        with self._reading(config):
            return self._model(config)

    def branched(self, config: Any, sequential: type[Sequential]) -> Any:
        """Return Keras 1's `Sequential` that begins with a `Merge` of models."""
        with self._reading(config):
            return self._branched(config, sequential)

    def nesting(self, config: Any, sequential: type[Sequential]) -> Any:
        """Return a `Sequential` with models among its layers."""
        with self._reading(config):
            return self._nesting(config, sequential)

    @contextlib.contextmanager
    def _reading(self, config: Any) -> Iterator[None]:
        require_readable(config, self._limits)
        with selection.use_stated_backend(self._backend), refusing("the document"):
            yield

    def _branched(self, config: Any, sequential: type[Sequential]) -> Any:
        merging, *others = layer_entries(config)
        own = dict(merging["config"])
        entries = layer_entries(own.pop("layers"))
        if not entries:
            raise InvalidDocument("a Merge that begins a Sequential must have `layers`: models.")
        self._layers += 1 + len(entries) + len(others)
        self._limits.require("layers", self._layers, f"it has {self._layers:,} layers and more")
        door, branches = door_of([merging, *others], self._door), []
        for entry in entries:
            branches.append(self._layer(entry, door))
            made = sum(branch.count_params() for branch in branches if branch.built)
            self._limits.require("parameters", made, f"its branches hold {made:,} parameters")
        first = self._layer({**merging, "config": own}, door)
        first.branches = branches
        name = config.get("name") if isinstance(config, Mapping) else None
        model = sequential(name=name)
        model.add(first)
        for entry in others:
            model.add(self._layer(entry, door))
        return model

    def _nesting(self, config: Any, sequential: type[Sequential]) -> Any:
        entries = layer_entries(config)
        self._layers += len(entries)
        self._limits.require("layers", self._layers, f"it has {self._layers:,} layers and more")
        door = door_of(entries, self._door)
        model: Any = sequential(name=config.get("name") if isinstance(config, Mapping) else None)
        for entry in entries:
            layer = self._layer(entry, door)
            if isinstance(entry["config"], list) and isinstance(entry.get("name"), str):
                layer.name = entry["name"]  # of Keras 1, whose stacks have none in their own files
            if len(model):
                self._require_few_parameters(layer, [model.output.spec])
            elif isinstance(layer, Layer) and layer.batch_input_shape is not None:
                spec = Spec(layer.batch_input_shape, layer.input_dtype)
                self._require_few_parameters(layer, [spec])
            model.add(layer)
        return model

    def _model(self, config: Any) -> Model:
        entries = config.get("layers") if isinstance(config, Mapping) else None
        if not isinstance(entries, list):
            raise InvalidDocument(
                "`config` of a functional model must have a list of `layers`; received "
                f"{shown(config)}."
            )
        self._layers += len(entries)
        self._limits.require("layers", self._layers, f"it has {self._layers:,} layers and more")
        known: dict[Source, Symbol] = {}
        pending: list[CallEntry] = []
        made: dict[str, Any] = {}
        named = _named(entries)
        door = door_of(entries, self._door)
        masks = Masks({name: entry for entry, name in named if is_operation(entry)})
        for entry, name in named:
            if is_operation(entry):
                continue
            layer = made[name] = self._layer(entry, door)
            if isinstance(entry["config"], list):  # a stack of Keras 1, whose name is the entry's
                layer.name = name
            if entry["class_name"] == "InputLayer":
                known[Source(name, 0, 0)] = _input(layer)
            pending += call_entries(name, entry.get("inbound_nodes") or [])
        ending = sources(config.get("output_layers"), "`output_layers`")
        wanted = leaves(ending)
        kinds = {name: entry["class_name"] for entry, name in named}
        models = {name: kinds[name] for name, one in made.items() if not isinstance(one, Layer)}
        counted, ended = counted_from_zero(pending, wanted, models)
        pending = [replace(one, reads=tuple(map(counted, one.reads))) for one in pending]
        masks.require_of_layers(wanted, "an output")
        self._call_all(pending, _order(config.get("call_order")), made, known, masks)
        beginning = sources(config.get("input_layers"), "`input_layers`")
        inputs = packed(beginning, (_known(known, one) for one in leaves(beginning)))
        outputs = packed(ending, [_known(known, ended(one)) for one in wanted])
        if not outputs:
            raise InvalidDocument("`output_layers` must name an output; received none.")
        is_list = is_nested(outputs) or len(outputs) > 1 or config.get("returns_list") is True
        return self._class(inputs, outputs if is_list else outputs[0], config.get("name"))

    def _layer(self, entry: Mapping[str, Any], door: str) -> Any:
        if entry["class_name"] in FUNCTIONAL:
            return self._model(entry["config"])
        if entry["class_name"] == "Sequential":
            if begins_with_branches(entry["config"]):
                return self._branched(entry["config"], Sequential)
            if holds_models(entry["config"]):
                return self._nesting(entry["config"], Sequential)
            return Sequential.from_config(
                entry["config"],
                custom_objects=self._custom_objects,
                backend=self._backend,
                door=self._door,
                limits=self._limits,
            )
        (found,) = classes_of([entry], self._custom_objects, door)
        title = f"the layer {shown(entry.get('name'))}, {entry['class_name']}"
        wanted = LayerEntry(layer_class=found, config=entry["config"], title=title)
        return layer_of(wanted, self._backend, self._limits)

    def _call_all(
        self,
        entries: list[CallEntry],
        order: Mapping[tuple[str, int], int],
        made: Mapping[str, Any],
        known: dict[Source, Symbol],
        masks: Masks,
    ) -> None:
        """Make the calls in the document's order, or in one in which each finds what it reads."""
        ranks = [order.get((one.layer, one.call), place) for place, one in enumerate(entries)]
        for one in entries:
            masks.require_of_layers(one.reads, f"an input of {shown(one.layer)}")
        missing = [{source for source in one.reads if source not in known} for one in entries]
        waiting: dict[Source, list[int]] = {}
        for place, sources_of_one in enumerate(missing):
            for source in sources_of_one:
                waiting.setdefault(source, []).append(place)
        ready = [(ranks[place], place) for place, lacks in enumerate(missing) if not lacks]
        heapq.heapify(ready)
        left = set(range(len(entries)))
        while ready:
            _, place = heapq.heappop(ready)
            left.discard(place)
            results = self._call(entries[place], made, known)
            masks.called(made[entries[place].layer], entries[place], results)
            for source in results:
                for other in waiting.pop(source, ()):
                    missing[other].discard(source)
                    if not missing[other]:
                        heapq.heappush(ready, (ranks[other], other))
        if left:
            names = ", ".join(sorted({shown(entries[place].layer) for place in left})[:12])
            raise InvalidDocument(
                f"the calls of {names} read tensors that no earlier call makes: a circle, or a "
                "tensor that the document lacks."
            )

    def _call(
        self, entry: CallEntry, made: Mapping[str, Any], known: dict[Source, Symbol]
    ) -> list[Source]:
        """Make one call, and return the tensors that are known by it."""
        layer = made[entry.layer]
        symbols = [known[source] for source in entry.reads]
        self._require_few_parameters(layer, [symbol.spec for symbol in symbols])
        result = layer(symbols if entry.takes_list else symbols[0])
        result = result if isinstance(layer, Layer) else layer.in_row(result)
        found = []
        for place, symbol in enumerate(result if isinstance(result, list) else [result]):
            found.append(Source(entry.layer, entry.call, place))
            known[found[-1]] = symbol
        return found

    def _require_few_parameters(self, layer: Any, specs: list[Spec]) -> None:
        """Raise before too many weights of a layer are made."""
        if not isinstance(layer, Layer) or layer.built:
            return
        is_list = layer.takes_list and (len(specs) > 1 or not layer.takes_one)
        declared = layer.resolved(specs if is_list else specs[0]).declarations
        self._parameters += sum(math.prod(weight.shape) for weight in declared)
        self._limits.require(
            "parameters",
            self._parameters,
            f"its weights hold at least {self._parameters:,} parameters",
        )


def _named(entries: list[Any]) -> list[tuple[Mapping[str, Any], str]]:
    """Return the entries with the names of their layers, which differ."""
    named: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        is_whole = isinstance(entry, Mapping) and isinstance(entry.get("class_name"), str)
        config = entry.get("config") if is_whole else None
        given = config.get("name") if isinstance(config, Mapping) else None
        name = entry.get("name", given) if is_whole else None
        # Up to Keras 2.2.2 a Sequential's is the list of its layers.
        is_stack = isinstance(config, list) and entry["class_name"] == "Sequential"
        is_whole = is_stack or isinstance(config, Mapping)
        if not isinstance(name, str) or name in named or not is_whole:
            raise InvalidDocument(
                "each of `layers` must have a `class_name`, a `config` and a name of its own; "
                f"received {shown(entry)}."
            )
        named[name] = entry
    return [(entry, name) for name, entry in named.items()]


def _order(listed: Any) -> dict[tuple[str, int], int]:
    """Return the place of each call in the order that a document of ours states."""
    pairs = listed if isinstance(listed, list) else []
    return {
        (pair[0], pair[1]): place
        for place, pair in enumerate(pairs)
        if isinstance(pair, list)
        and len(pair) == 2
        and isinstance(pair[0], str)
        and isinstance(pair[1], int)
    }


def _input(layer: Any) -> Symbol:
    shape = layer.batch_input_shape
    if shape is None:
        raise InvalidDocument(f"the input {layer.name!r} does not state its shape.")
    layer.build(shape)
    call = Call(layer, (), [Spec(shape, layer.dtype)], takes_list=False, gives_list=False)
    return call.outputs[0]


def _known(known: Mapping[Source, Symbol], source: Source) -> Symbol:
    if source not in known:
        raise InvalidDocument(
            f"the document names output {source.output} of call {source.call} of {source.layer!r}, "
            "which it does not have."
        )
    return known[source]
