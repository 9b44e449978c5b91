"""Checks that bad input is refused: the right error, on any backend, before anything is computed.

A layer's complaint is the frontend's, and a backend can spoil it: by describing a tensor wrongly,
by owning what is not its own, by refusing or crashing where it is only asked to hold an array.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from convdispatch import errors, layers
from convdispatch.conformance.case import Mismatch
from convdispatch.conformance.cases.layer_rows import SETTINGS, require_registered, with_lowering
from convdispatch.engine.layer import Layer
from convdispatch.ops import FLOAT_DTYPES, Backend, Op, Shape, Signature


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A layer that cannot be made, or that cannot take inputs of that shape and element type.

    `error` is a class of `convdispatch.errors` and `says` a part of its message. Without an
    `input_shape` the constructor has to refuse. Where `built_for` is given, the layer is built for
    that shape before it is called.
    """

    layer: str
    arguments: dict[str, Any]
    error: str
    says: str
    input_shape: Shape | None = None
    dtype: str = "float32"
    built_for: tuple[int | None, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownOp:
    """An op that no backend knows, with the fields that every convolution has."""

    strides: tuple[int, ...] = (1,)
    pads: tuple[tuple[int, int], ...] = ((0, 0),)
    dilation: tuple[int, ...] = (1,)
    groups: int = 1
    channels_last: bool = True
    bias: bool = False
    activation: str = "linear"


@dataclass(frozen=True)
class Stranger:
    """A tensor of a framework that no backend adapts: it looks like an array and becomes one."""

    shape: Shape
    dtype: Any = field(default_factory=lambda: np.dtype("float32"))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.zeros(self.shape, dtype or self.dtype)


# What is no input for a layer, by what it is.
STRANGE: dict[str, Callable[[], object]] = {
    "a-foreign-tensor": lambda: Stranger((1, 5, 5, 3)),
    "none": lambda: None,
    "a-text": lambda: "text",
    "a-mapping": lambda: {"x": 1.0},
    "a-set": lambda: {1.0},
    "a-function": lambda: len,
    "a-type": lambda: np.ndarray,
}


def refuses(backend: Backend, refusal: Refusal) -> None:
    """Require the error that the row states, before any op is lowered."""
    require_registered(backend)
    layer_class = with_lowering(getattr(layers, refusal.layer), _lowered_too_early)
    wanted: type[Exception] = getattr(errors, refusal.error)
    _require_complaint(lambda: _attempt(backend, layer_class, refusal), wanted, refusal.says)


def refuses_strange_inputs(backend: Backend, kind: str) -> None:
    """Require that a layer refuses such objects, before and after it is built."""
    require_registered(backend)
    strange = STRANGE[kind]()
    if backend.owns(strange):
        raise Mismatch(f"`owns` takes {strange!r} as a tensor of the backend")
    layer = _made(with_lowering(layers.Conv2D, _lowered_too_early), backend.name, _TINY)
    says = "`inputs` must be a NumPy array, nested lists of numbers or a tensor of the layer's own"
    _require_complaint(lambda: layer(strange), errors.InvalidType, says)
    layer.build((None, None, None, 3))
    _require_complaint(lambda: layer(strange), errors.InvalidType, says)


def refuses_own_integers(backend: Backend) -> None:
    """Require that a layer refuses the backend's own integers, if it has any."""
    require_registered(backend)
    layer = _made(with_lowering(layers.Conv2D, _lowered_too_early), backend.name, _TINY)

    def attempt() -> None:
        layer(backend.cast(backend.asarray(np.ones((1, 5, 5, 3)), "float32"), "int32"))

    # A backend without integers refuses the cast instead.
    kinds = (errors.InvalidType, errors.UnsupportedOp)
    _require_complaint(attempt, kinds, "int32")


def is_foreign_elsewhere(backend: Backend) -> None:
    """Require that another backend's layer refuses this one's tensor, and says how to convert."""
    require_registered(backend)
    tensor = backend.asarray(np.zeros((1, 5, 5, 3)), "float32")
    if isinstance(tensor, np.ndarray):  # which every backend takes, and copies
        return
    elsewhere = _made(with_lowering(layers.Conv2D, _lowered_too_early), "numpy", _TINY)
    says = "Convert it with `convdispatch.to_numpy(x)`, or move the layer to its backend"
    _require_complaint(lambda: elsewhere(tensor), errors.InvalidType, says)


def keeps_or_refuses(backend: Backend, dtype: str) -> None:
    """Require that the backend holds the element type or declares that it cannot."""
    values = np.array([1.0, 0.5, -2.0])
    for make in (backend.asarray, backend.variable):
        try:
            tensor = make(values, dtype)
        except errors.UnsupportedOp as exc:
            _require_reason(exc)
            continue
        described, held = backend.describe(tensor)[1], backend.to_numpy(tensor).dtype.name
        if (described, held) != (dtype, dtype):
            raise Mismatch(
                f"{make.__name__!r} of {dtype!r} gives a tensor that describes itself as "
                f"{described!r} and becomes an array of {held!r}"
            )


def refuses_unknown_ops(backend: Backend, op: UnknownOp) -> None:
    """Require `UnsupportedOp` when an op of an unknown class is lowered."""
    signature = Signature(input_shape=(5, 1), weight_shapes=((3, 1, 1),), dtype="float32")
    unknown: Any = op
    _require_complaint(
        lambda: backend.lower(unknown, signature), errors.UnsupportedOp, type(op).__name__
    )


_TINY: dict[str, Any] = {"filters": 2, "kernel_size": 3}


def _attempt(backend: Backend, layer_class: type[Layer], refusal: Refusal) -> None:
    layer = _made(layer_class, backend.name, refusal.arguments)
    if refusal.input_shape is None:
        return
    if refusal.built_for is not None:
        layer.build(refusal.built_for)
    zeros = np.zeros(refusal.input_shape, refusal.dtype)
    is_float = refusal.dtype in FLOAT_DTYPES
    layer(backend.asarray(zeros, refusal.dtype) if is_float else zeros)


def _made(layer_class: Any, backend: str, arguments: dict[str, Any]) -> Layer:
    layer: Layer = layer_class(**{**SETTINGS, "dtype": "float32", **arguments}, backend=backend)
    return layer


def _require_complaint(
    attempt: Callable[[], object],
    wanted: type[Exception] | tuple[type[Exception], ...],
    says: str,
) -> None:
    kinds = wanted if isinstance(wanted, tuple) else (wanted,)
    names = " or ".join(kind.__name__ for kind in kinds)
    try:
        attempt()
    except (errors.ConvDispatchError, NotImplementedError) as exc:
        if isinstance(exc, errors.BackendUnavailable):
            raise
        if not isinstance(exc, kinds):
            raise Mismatch(f"raised {type(exc).__name__}: {exc}; expected {names}") from exc
        if says not in str(exc):
            raise Mismatch(f"complained: {str(exc)!r}; expected to read {says!r}") from exc
    else:
        raise Mismatch(f"nothing was raised; expected {names}, reading {says!r}")


def _require_reason(exc: errors.UnsupportedOp) -> None:
    if not str(exc):
        raise Mismatch("UnsupportedOp without a reason that a user could act on")


def _lowered_too_early(layer: Layer, op: Op, *arguments: object) -> NoReturn:
    raise Mismatch(f"{type(op).__name__} was lowered before the complaint")
