"""The parts of a functional model: its checked symbols, its layers, their paths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from convdispatch.engine.layer import Layer
from convdispatch.engine.specs import Spec
from convdispatch.engine.symbols import Symbol
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.ops import PartialShape


def symbols(given: Any, argument: str) -> list[Symbol]:
    """Return the symbols that an argument names; raise `InvalidType` for anything else."""
    found = list(given) if isinstance(given, list | tuple) else [given]
    wrong = [one for one in found if not isinstance(one, Symbol)]
    if wrong or not found:
        received = type(wrong[0]).__name__ if wrong else "an empty list"
        raise InvalidType(
            f"`{argument}` must be a symbolic tensor, which `Input` or a layer called with one "
            f"returns, or a list of them; received {received}."
        )
    return found


def require_inputs(symbols: Sequence[Symbol]) -> None:
    """Raise `InvalidArgument` unless they are different inputs."""
    for symbol in symbols:
        if symbol.call.inputs:
            raise InvalidArgument(
                f"`inputs` must come from `Input`; received {symbol!r}, which a layer computes. "
                "Make an `Input` of that shape, and call the layers after it with it."
            )
    if len({id(symbol) for symbol in symbols}) < len(symbols):
        raise InvalidArgument("`inputs` must be different tensors; received one of them twice.")


def require_names(members: Sequence[Any]) -> None:
    """Raise `InvalidArgument` if two layers, or two weights of a layer, have the same name."""
    known: set[str] = set()
    for path, layer in paths(members):
        for weight in layer.declared_weights:
            whole = f"{path}/{weight.name}"
            if whole in known:
                raise InvalidArgument(f"the model has two weights of the path {whole!r}.")
            known.add(whole)
    for place, member in enumerate(members):
        if any(member.name == other.name for other in members[:place]):
            raise InvalidArgument(
                f"the model has two layers named {member.name!r}; give each its own `name`."
            )


def require_shape(shape: PartialShape, spec: Spec, name: str, owner: str) -> None:
    """Raise `InvalidShape` unless the shape is one that the input was made for."""
    wanted = spec.shape
    fits = len(shape) == len(wanted) and all(
        size is None or expected is None or size == expected
        for size, expected in zip(shape[1:], wanted[1:], strict=True)
    )
    if not fits:
        raise InvalidShape(
            f"the input {name!r} of {owner!r} takes the shape {wanted}; received {shape}."
        )


def leaves(members: Iterable[Any]) -> list[Layer]:
    """Return each layer once, with the layers of nested models in place of the models."""
    found: dict[int, Layer] = {}
    for _, layer in paths(members):
        found.setdefault(id(layer), layer)
    return list(found.values())


def paths(members: Iterable[Any], under: str = "") -> list[tuple[str, Layer]]:
    """Return each layer, those of nested models too, with the names that it is under."""
    found: dict[int, tuple[str, Layer]] = {}
    for member in members:
        path = f"{under}{member.name}"
        nested = getattr(member, "layers", None)
        inside = [(path, member)] if nested is None else paths(nested, f"{path}/")
        for place, layer in inside:
            found.setdefault(id(layer), (place, layer))
    return list(found.values())


def common_backend(layers: Sequence[Layer]) -> str:
    """Return the backend of the layers; those without weights take that of the others."""
    bound = [layer for layer in layers if layer.declared_weights] or list(layers)
    for layer in bound:
        if layer.backend != bound[0].backend:
            raise InvalidArgument(
                f"the layers of a model must be on one backend; received {bound[0].name!r} on "
                f"{bound[0].backend!r} and {layer.name!r} on {layer.backend!r}."
            )
    return bound[0].backend
