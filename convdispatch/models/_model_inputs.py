"""The inputs of a model with several inputs, and a tensor for each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convdispatch.engine.graph import Graph
from convdispatch.engine.tensors import as_array_or_native, as_column, as_native
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.models._members import require_shape
from convdispatch.runtime.registry import registry


class ModelInputs:
    """Something with named inputs, each of which has a spec."""

    name: str
    backend: str
    _graph: Graph
    _flat: Graph  # without nested models
    _types: tuple[str, ...]  # element types that arrays and lists get
    _input_names: tuple[str, ...]

    def _inputs_in_row(self, inputs: Any) -> Any:
        raise NotImplementedError

    def _inputs_of(self, inputs: Any) -> list[Any]:
        """Return a native tensor for each input; raise if one is missing or does not fit."""
        backend, specs = registry.load(self.backend), self._graph.inputs
        given = self._by_input(inputs)
        self._check_arrays(given)
        tensors = []
        every = zip(given, self._input_names, specs, self._types, strict=True)
        for value, name, spec, dtype in every:
            native = as_native(backend, value, dtype)
            require_shape(backend.describe(native)[0], spec, name, self.name)
            tensors.append(native)
        return tensors

    def _by_input(self, inputs: Any) -> list[Any]:
        """Return the value passed for each input."""
        inputs = self._inputs_in_row(inputs)
        if isinstance(inputs, Mapping):
            unknown = set(inputs) ^ set(self._input_names)
            if unknown:
                raise InvalidArgument(
                    f"`inputs` of {self.name!r} must name "
                    f"{', '.join(map(repr, self._input_names))}; received "
                    f"{', '.join(map(repr, inputs)) or 'none'}."
                )
            return [inputs[name] for name in self._input_names]
        if len(self._graph.inputs) == 1:
            is_list = isinstance(inputs, list | tuple) and len(inputs) == 1
            return list(inputs) if is_list and hasattr(inputs[0], "shape") else [inputs]
        if not isinstance(inputs, list | tuple):
            raise InvalidType(
                f"`inputs` of {self.name!r} must be a list of {len(self._input_names)} tensors or "
                f"a dictionary by the names {', '.join(map(repr, self._input_names))}; received "
                f"{type(inputs).__name__}."
            )
        self._require_as_many(inputs, "`inputs`")
        return list(inputs)

    def _check_arrays(self, given: Sequence[Any]) -> None:
        """Raise for an array of integers that a layer does not take, such as an embedding."""
        for place, one in enumerate(given):
            if isinstance(one, np.ndarray) and one.dtype.kind in "iuf":
                for node in self._flat.nodes:
                    if place in node.reads:
                        node.layer.check_array(one)

    @property
    def _input_dtypes(self) -> list[str]:
        return list(self._types)

    def _given(self, x: Any) -> list[Any]:
        backend = registry.load(self.backend)
        pairs = zip(self._by_input(x), self._types, strict=True)
        given = [as_array_or_native(backend, one, dtype) for one, dtype in pairs]
        self._check_arrays(given)
        specs = self._graph.inputs
        given = [as_column(one, spec.shape) for one, spec in zip(given, specs, strict=True)]
        for one, name, spec in zip(given, self._input_names, self._graph.inputs, strict=True):
            require_shape(tuple(one.shape), spec, name, self.name)
        counts = [one.shape[0] for one in given]
        if len(set(counts)) > 1:
            raise InvalidShape(
                f"the inputs of {self.name!r} must all have the same number of samples; "
                f"received {counts}."
            )
        return given

    def _require_as_many(self, given: Sequence[Any], what: str) -> None:
        if len(given) != len(self._input_names):
            raise InvalidArgument(
                f"{what} of {self.name!r} must have one for each of its inputs "
                f"{', '.join(map(repr, self._input_names))}; received {len(given)}."
            )
