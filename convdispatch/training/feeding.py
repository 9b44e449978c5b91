"""From a user's batch of arrays to the tensors of a step, checked against the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convdispatch.engine.plans import Latest
from convdispatch.engine.state_batches import require_batch
from convdispatch.engine.tensors import as_column
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.ops import Backend, PartialShape
from convdispatch.training.batches import Batch, Raw
from convdispatch.training.checking import Check
from convdispatch.training.reading import as_source, as_tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """Where data enter a step: an input of the model, or the target of an output."""

    name: str
    shape: PartialShape  # batch axis included, None where any size will do
    dtype: str
    is_sparse: bool = False  # whether it is classes, one number in place of a code
    is_temporal: bool = False  # whether its sample weights are those of time steps
    takes_any: bool = False  # whether a loss of the user's may want another shape
    checks: tuple[Check, ...] = ()  # of the numbers of an array


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeder:
    """Checks and converts the data of one model."""

    owner: str  # the model's name
    backend: Backend
    inputs: tuple[Port, ...]
    wanted: tuple[Port, ...]
    weights_dtype: str
    batch_size: int | None = None  # that of states, None where any will do
    # The specs of native tensors that are a batch as they are: those of one input and one target.
    _ready: Latest[Any, int] = field(default_factory=Latest, init=False, compare=False, repr=False)

    def sources(self, x: Any, y: Any, sample_weight: Any = None) -> Raw:
        """Return the sources of a user's arguments; raise where one is missing or does not fit."""
        given = Raw(
            x=self._by_port(x, self.inputs, "x"),
            y=self._by_port(y, self.wanted, "y"),
            weights=self._weights(sample_weight),
        )
        self._require_shapes(given)
        return given

    def whole(self, x: Any, y: Any, sample_weight: Any = None) -> Raw:
        """Return the sources of all samples; arrays in memory are checked before training."""
        given = self.sources(x, y, sample_weight)
        _check([one if _is_in_memory(one) else None for one in given.x], self.inputs)
        _check([one if _is_in_memory(one) else None for one in given.y], self.wanted)
        return given

    def inputs_alone(self, x: Any) -> list[Any]:
        """Return the sources of the inputs, for a model that only predicts."""
        given = self._by_port(x, self.inputs, "x")
        for source, port in zip(given, self.inputs, strict=True):
            _require_shape(source, port.shape, f"`x`: the input {port.name!r} of {self.owner!r}")
        return given

    def one_batch(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weights: Sequence[Any] = (),
        own: Callable[[Raw, Backend], Raw] | None = None,
    ) -> Batch:
        """Return the tensors of a user's one batch; `own` takes rows of it before that."""
        is_plain = sample_weight is None and not class_weights and type(x) is not np.ndarray
        owns, describe = self.backend.owns, self.backend.describe
        is_ready = is_plain and own is None and owns(x) and owns(y)
        key = (describe(x), describe(y)) if is_ready else None
        size = self._ready.get(key)
        if size is not None:
            return Batch(x=[x], y=[y], weights=[None], size=size)
        raw = self.sources(x, y, sample_weight)
        if not raw.x[0].shape[0]:
            raise InvalidShape("`x` must have at least one sample; received none.")
        if own is not None:
            return self.batch(own(raw, self.backend), class_weights)
        made = self.batch(raw, class_weights)
        one_each = len(made.x) == len(made.y) == 1
        if key is not None and one_each and made.x[0] is x and made.y[0] is y:
            self._ready.keep(key, made.size)
        return made

    def require_classes(self, targets: Sequence[Any], class_weights: Sequence[Any]) -> None:
        """Raise `InvalidArgument` for a class in arrays of targets that has no weight."""
        for port, by_class, target in zip(self.wanted, class_weights, targets, strict=True):
            if by_class is not None and type(target) is np.ndarray:  # in memory
                _times_class_weights(None, by_class, target, port, self.backend)

    def batch(self, raw: Raw, class_weights: Sequence[Any] = ()) -> Batch:
        """Return the tensors of the rows of one batch."""
        backend = self.backend
        require_batch(self.batch_size, int(raw.x[0].shape[0]))
        _check(raw.x, self.inputs)
        _check(raw.y, self.wanted)
        weights: list[Any] = []
        for place, (port, own) in enumerate(zip(self.wanted, raw.weights, strict=True)):
            by_class = class_weights[place] if class_weights else None
            if by_class is not None:
                own = _times_class_weights(own, by_class, raw.y[place], port, backend)
            weights.append(None if own is None else as_tensor(own, self.weights_dtype, backend))
        return Batch(
            x=[as_tensor(v, p.dtype, backend) for v, p in zip(raw.x, self.inputs, strict=True)],
            y=[
                as_tensor(_with_last_axis(v, p), p.dtype, backend)
                for v, p in zip(raw.y, self.wanted, strict=True)
            ],
            weights=weights,
            size=int(raw.x[0].shape[0]) if raw.part is None else raw.part.total or raw.part.stop,
            part=raw.part,
        )

    def _by_port(self, given: Any, ports: Sequence[Port], argument: str) -> list[Any]:
        """Return the source for each port from one value, a list or a dictionary by names."""
        names = ", ".join(repr(port.name) for port in ports)
        if given is None and not ports:  # no output has a loss
            return []
        if given is None:
            raise InvalidType(
                f"`{argument}` of {self.owner!r} must have data for {names}; received None."
            )
        if isinstance(given, Mapping):
            missing = [port.name for port in ports if port.name not in given]
            unknown = [name for name in given if name not in [port.name for port in ports]]
            if missing or unknown:
                wrong = f"nothing for {missing[0]!r}" if missing else f"{unknown[0]!r}"
                raise InvalidArgument(
                    f"`{argument}` of {self.owner!r} must name {names}; received {wrong}."
                )
            values = [given[port.name] for port in ports]
        elif len(ports) == 1:
            is_list = isinstance(given, list | tuple) and len(given) == 1
            values = list(given) if is_list and hasattr(given[0], "shape") else [given]
        else:
            if not isinstance(given, list | tuple) or len(given) != len(ports):
                is_list = isinstance(given, list | tuple)
                received = f"{len(given)} items" if is_list else f"a {type(given).__name__}"
                raise InvalidArgument(
                    f"`{argument}` of {self.owner!r} must be a list of {len(ports)} arrays, or a "
                    f"dictionary, for {names}; received {received}."
                )
            values = list(given)
        sources = [
            as_source(value, f"`{argument}`, for {port.name!r},", self.backend)
            for value, port in zip(values, ports, strict=True)
        ]
        if argument == "x":  # a loss may want targets as they are
            pairs = zip(sources, ports, strict=True)
            return [as_column(source, port.shape) for source, port in pairs]
        return sources

    def _weights(self, given: Any) -> list[Any]:
        """Return the sample weights of each wanted output, None for none."""
        ports = self.wanted
        if given is None:
            return [None] * len(ports)
        if isinstance(given, Mapping):
            unknown = [name for name in given if name not in [port.name for port in ports]]
            if unknown:
                raise InvalidArgument(
                    f"`sample_weight` of {self.owner!r} must name its outputs "
                    f"{', '.join(repr(port.name) for port in ports)}; received {unknown[0]!r}."
                )
            values = [given.get(port.name) for port in ports]
        elif len(ports) == 1:
            is_list = isinstance(given, list) and len(given) == 1 and hasattr(given[0], "shape")
            values = list(given) if is_list else [given]
        elif isinstance(given, list | tuple) and len(given) == len(ports):
            values = list(given)
        else:
            raise InvalidArgument(
                f"`sample_weight` of {self.owner!r} must be a list of {len(ports)} arrays or a "
                "dictionary by the outputs' names: it has several outputs."
            )
        return [
            None if v is None else as_source(v, "`sample_weight`", self.backend) for v in values
        ]

    def _require_shapes(self, given: Raw) -> None:
        for source, port in zip(given.x, self.inputs, strict=True):
            _require_shape(source, port.shape, f"`x`: the input {port.name!r} of {self.owner!r}")
        for source, port in zip(given.y, self.wanted, strict=True):
            _require_target(source, port, self.owner)
        counts = [int(source.shape[0]) for source in (*given.x, *given.y)]
        if len(set(counts)) > 1:
            raise InvalidShape(
                f"`x` and `y` of {self.owner!r} must have as many samples each; received {counts}."
            )
        for source, target, port in zip(given.weights, given.y, self.wanted, strict=True):
            if source is not None:
                _require_weights(source, target, port)


def _check(sources: Sequence[Any], ports: Sequence[Port]) -> None:
    """Raise where an array has numbers that do not fit."""
    for source, port in zip(sources, ports, strict=True):
        if port.checks and isinstance(source, np.ndarray):
            for check in port.checks:
                check(source)


def _is_in_memory(source: Any) -> bool:
    return isinstance(source, np.ndarray) and not isinstance(source, np.memmap)


def _require_shape(source: Any, wanted: PartialShape, what: str) -> None:
    shape = tuple(source.shape)
    if not _fits(shape, wanted):
        raise InvalidShape(f"{what} takes the shape {wanted}; received {shape}.")


def _require_target(source: Any, port: Port, owner: str) -> None:
    shape = tuple(source.shape)
    if not shape:
        raise InvalidShape(f"`y` of {owner!r} must have an axis of samples; received a number.")
    if port.takes_any:
        return
    allowed = [port.shape]
    if port.shape[-1] == 1:
        allowed.append(port.shape[:-1])  # the axis of size 1 may be left out
    if not any(_fits(shape, one) for one in allowed):
        hint = ""
        if not port.is_sparse and len(shape) <= 2 and shape[1:] in ((), (1,)):
            hint = (
                " For classes as numbers use a sparse loss, such as "
                "'sparse_categorical_crossentropy', or `to_categorical(y)`."
            )
        raise InvalidShape(
            f"`y` for the output {port.name!r} of {owner!r} must have the shape {port.shape}; "
            f"received {shape}.{hint}"
        )


def _fits(shape: Sequence[int], wanted: PartialShape) -> bool:
    pairs = zip(shape[1:], wanted[1:], strict=True)
    return len(shape) == len(wanted) and all(w is None or s == w for s, w in pairs)


def _require_weights(source: Any, target: Any, port: Port) -> None:
    shape, samples = tuple(source.shape), int(target.shape[0])
    rank = 2 if port.is_temporal else 1
    wanted = f"({samples}, time steps)" if port.is_temporal else f"({samples},)"
    if len(shape) != rank or shape[0] != samples:
        advice = "" if port.is_temporal else " For one a time step `sample_weight_mode='temporal'`."
        raise InvalidShape(
            f"`sample_weight` for {port.name!r} must have the shape {wanted}; received "
            f"{shape}.{advice}"
        )


def _with_last_axis(value: Any, port: Port) -> Any:
    """Return targets with the last axis of one cell that the output has.

    A user's loss gets it only for one number a sample, as in every Keras.
    """
    rank = len(value.shape)
    if rank == len(port.shape) - 1 and (rank == 1 or not port.takes_any):
        return value.reshape((*value.shape, 1))
    return value


def _times_class_weights(
    weights: Any, by_class: Mapping[int, float], target: Any, port: Port, backend: Backend
) -> Any:
    """Return the sample weights times those of the samples' classes."""
    codes = np.asarray(target if isinstance(target, np.ndarray) else backend.to_numpy(target))
    if codes.ndim > 2:
        raise InvalidArgument(
            f"`class_weight` is for outputs of one class a sample; {port.name!r} has the shape "
            f"{port.shape}. Use `sample_weight` with `sample_weight_mode='temporal'`."
        )
    is_coded = codes.ndim == 2 and codes.shape[1] > 1
    classes = codes.argmax(axis=1) if is_coded else codes.reshape(-1)
    known = {float(name): float(weight) for name, weight in by_class.items()}
    missing = sorted({float(one) for one in np.unique(classes)} - set(known))
    if missing:
        raise InvalidArgument(
            f"`class_weight` must have a weight for every class; received none for {missing[0]:g}."
        )
    found = np.array([known[float(one)] for one in classes])
    if weights is None:
        return found
    own = np.asarray(weights if isinstance(weights, np.ndarray) else backend.to_numpy(weights))
    return own * (found if own.ndim == 1 else found[:, None])
