"""The masks of Keras 3's documents, which it writes as operations beside the layers.

A call that takes a mask reads the result of such operations. A layer here has the mask of its
input, so a document is read where both are the same, and the operations go. Nothing computes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from convdispatch.engine.layer import Layer
from convdispatch.engine.layer_options import is_of_this_package
from convdispatch.errors import InvalidDocument
from convdispatch.layers import Concatenate, Embedding, Masking
from convdispatch.layers._merging import MergeLayer
from convdispatch.models._graph_documents import CallEntry, Source, history_of
from convdispatch.support.documents import shown

_HOMES = ("keras.src.ops", "keras.ops")
_OF_LAYERS = {"trainable", "layers"}
_OVER_LAST = {"axis": -1, "keepdims": False}


def is_operation(entry: Mapping[str, Any]) -> bool:
    """Return whether an entry of a document is an operation of Keras 3, which has no weights.

    In `.h5` files entries do not say their modules; there a layer says whether it is trained.

    >>> is_operation({"class_name": "Add", "module": "keras.src.ops.numpy", "config": {}})
    True
    >>> is_operation({"class_name": "Add", "module": "keras.layers", "config": {}})
    False
    """
    module, config, nodes = (entry.get(key) for key in ("module", "config", "inbound_nodes"))
    if module is not None or not isinstance(nodes, list) or not isinstance(config, Mapping):
        return isinstance(module, str) and module.startswith(_HOMES)
    is_called = any(isinstance(node, Mapping) for node in nodes)
    return is_called and _OF_LAYERS.isdisjoint(config)


class Masks:
    """The masks of a document's tensors, each expression under one number.

    Equal masks are equal numbers. `operations` are the entries of operations by name.
    """

    def __init__(self, operations: Mapping[str, Mapping[str, Any]]) -> None:
        self._operations = operations
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._written: dict[Source, int] = {}
        self._masks: dict[Source, int] = {}

    def require_of_layers(self, sources: Sequence[Source], what: str) -> None:
        """Raise `InvalidDocument` for a tensor that an operation makes: only masks are such."""
        for source in sources:
            if source.layer in self._operations:
                kind = self._operations[source.layer]["class_name"]
                raise InvalidDocument(
                    f"{what} is the result of the operation {shown(kind)}, {shown(source.layer)}. "
                    "Of operations beside the layers only those that make the masks of layers are "
                    "read. Use a layer in its place, such as `Add` or `Lambda`."
                )

    def called(self, layer: Any, entry: CallEntry, results: Sequence[Source]) -> None:
        """Note the masks of a call's results; raise where it is given another mask than its input.

        results: the tensors that the call makes.
        """
        masks = [self._masks.get(source) for source in entry.reads]
        has_state = isinstance(layer, Layer) and len(entry.reads) > 1
        if has_state and any(entry.masks) and not layer.reads_mask(len(entry.reads)):
            raise InvalidDocument(
                f"call {entry.call} of {shown(entry.layer)} is given a mask beside a state to "
                "begin with, which is not offered: Keras 3 computes without a mask beside a state, "
                "unless it is told otherwise. Save the model without `mask=`."
            )
        for own, given in zip(masks, entry.masks, strict=False):
            if given is not None and self._number(given) != own:
                raise InvalidDocument(
                    f"call {entry.call} of {shown(entry.layer)} is given a mask that is not that "
                    f"of its input, by {shown(given.layer)}. A layer here takes the mask of its "
                    "input, which `Masking` or `Embedding(mask_zero=True)` makes. Save the model "
                    "without `mask=`."
                )
        tokens = [self._leaf(source) for source in entry.reads]
        for source, mask in zip(results, self._after(layer, tokens, masks), strict=False):
            if mask is not None:
                self._masks[source] = mask

    # What the document says.

    def _number(self, source: Source) -> int:
        """Return the number of what a document computes; operations may read operations."""
        waiting, begun = [source], set[Source]()
        while waiting:
            one = waiting[-1]
            lacking = [] if one in self._written else self._lacking(one)
            if lacking and one in begun:
                raise InvalidDocument(f"the operation {shown(one.layer)} reads its own result.")
            begun.add(one)
            waiting += lacking
            if not lacking:
                self._written.setdefault(one, self._expressed(waiting.pop()))
        return self._written[source]

    def _lacking(self, source: Source) -> list[Source]:
        found: list[Source] = []
        pending = [self._node(source)]
        while pending:
            one = pending.pop()
            history = history_of(one)
            if history is not None:
                if history.layer in self._operations and history not in self._written:
                    found.append(history)
            elif isinstance(one, Mapping | list):
                pending += one.values() if isinstance(one, Mapping) else one
        return found

    def _node(self, source: Source) -> Any:
        """Return the arguments of the call that makes a tensor, None unless an operation does."""
        nodes = self._operations.get(source.layer, {}).get("inbound_nodes")
        if not isinstance(nodes, list) or source.call >= len(nodes):
            return None
        return nodes[source.call]

    def _expressed(self, source: Source) -> int:
        node = self._node(source)
        if not isinstance(node, Mapping) or source.output:
            return self._leaf(source)
        entry = self._operations[source.layer]
        config = entry.get("config")
        settings = dict(config) if isinstance(config, Mapping) else {}
        settings.pop("name", None)
        arguments, keywords = node.get("args"), node.get("kwargs") or {}
        own = [self._argument(one) for one in arguments] if isinstance(arguments, list) else []
        if keywords:
            own.append(self._argument(keywords))
        return self._operation(entry["class_name"], own, **settings)

    def _argument(self, value: Any) -> int:
        history = history_of(value)
        if history is not None:
            is_written = history.layer in self._operations
            return self._written[history] if is_written else self._leaf(history)
        if isinstance(value, list):
            return self._numbered("list", *(self._argument(one) for one in value))
        return self._value(value)

    # Expressions.

    def _numbered(self, *expression: Any) -> int:
        return self._numbers.setdefault(expression, len(self._numbers))

    def _leaf(self, source: Source) -> int:
        return self._numbered("tensor", source)

    def _value(self, value: Any) -> int:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return self._numbered("value", json.dumps(float(value) if is_number else value))

    def _operation(self, kind: str, arguments: Sequence[int], **settings: Any) -> int:
        return self._numbered(kind, json.dumps(settings, sort_keys=True), *arguments)

    # What Keras 3 makes of masks.

    def _after(
        self, layer: Any, tokens: Sequence[int], masks: Sequence[int | None]
    ) -> list[int | None]:
        """Return the masks of what a layer, or a nested model, makes of tensors with masks."""
        if not callable(getattr(type(layer), "graph", None)):
            return [self._made(layer, tokens, masks)] * layer.masked_outputs
        graph = layer.graph().flattened()
        inside, passed = list(tokens), list(masks)
        for node in graph.nodes:
            own = self._made(
                node.layer, [inside[n] for n in node.reads], [passed[n] for n in node.reads]
            )
            for place, _ in enumerate(node.writes):
                inside.append(self._numbered("inside", len(self._numbers)))
                passed.append(own if place < node.layer.masked_outputs else None)
        return [passed[number] for number in graph.outputs]

    def _made(self, layer: Any, tokens: Sequence[int], masks: Sequence[int | None]) -> int | None:
        if not layer.makes_mask([mask is not None for mask in masks]):
            return None
        if isinstance(layer, Masking):
            differs = self._operation("NotEqual", [tokens[0], self._value(layer.mask_value)])
            return self._operation("Any", [differs], **_OVER_LAST)
        if isinstance(layer, Embedding):
            return self._operation("NotEqual", [tokens[0], self._value(0)])
        if isinstance(layer, Concatenate):
            return self._joined(layer, tokens, masks)
        if isinstance(layer, MergeLayer):
            found, *rest = [mask for mask in masks if mask is not None]
            for one in rest:
                found = self._operation("LogicalOr", [found, one])
            return found
        if not is_of_this_package(type(layer)):
            return self._numbered("inside", len(self._numbers))  # nobody knows what it makes
        return masks[0]

    def _joined(
        self, layer: Concatenate, tokens: Sequence[int], masks: Sequence[int | None]
    ) -> int:
        whole = []
        for token, mask in zip(tokens, masks, strict=True):
            if mask is None:
                whole.append(self._operation("OnesLike", [token], dtype="bool"))
                continue
            wide = self._operation("ExpandDims", [mask], axis=-1)
            none = self._operation("ZerosLike", [token], dtype="bool")
            whole.append(self._operation("LogicalOr", [wide, none]))
        listed = self._numbered("list", *whole)
        return self._operation(
            "Any", [self._operation("Concatenate", [listed], axis=layer.axis)], **_OVER_LAST
        )
