"""The parts of a functional model: its checked symbols, its layers, their paths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from convdispatch.engine.layer import Layer
from convdispatch.engine.specs import Spec
from convdispatch.engine.symbols import Symbol
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.ops import PartialShape

# `copy.deepcopy` and `pickle` call themselves a dozen times for a model in a model, and Python
# allows a thousand calls within calls.
MOST_NESTED = 50


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
        if symbol.call.inputs and not symbol.call.layer.is_input:
            raise InvalidArgument(
                f"`inputs` must come from `Input`; received {symbol!r}, which a layer computes. "
                "Make an `Input` of that shape, and call the layers after it with it."
            )
    if len({id(symbol) for symbol in symbols}) < len(symbols):
        raise InvalidArgument("`inputs` must be different tensors; received one of them twice.")


def member_of(model: str, members: Sequence[Any], name: str | None, index: int | None) -> Any:
    """Return the layer of that name, or else at that place; `model` is named where none is."""
    for place, layer in enumerate(members):
        if layer.name == name or (name is None and index in (place, place - len(members))):
            return layer
    names = ", ".join(repr(layer.name) for layer in members) or "none"
    raise InvalidArgument(
        f"{model!r} has no layer named {name!r} or at index {index!r}; its layers, from index 0: "
        f"{names}."
    )


def depth_of(members: Sequence[Any]) -> int:
    """Return how deep models are nested in a model of these members, itself counted as one.

    Raises `InvalidArgument` if that is too deep.
    """
    depth = 1 + max(getattr(member, "_depth", 0) for member in members)
    if depth > MOST_NESTED:
        raise InvalidArgument(
            f"models may be nested {MOST_NESTED} deep; received models that would be {depth} deep. "
            "Call the layers of an inner model in its place."
        )
    return depth


def require_paths(chains: Iterable[tuple[Any, ...]]) -> None:
    """Raise `InvalidArgument` if two weights have the same path; see `chains`."""
    known: set[str] = set()
    for chain in chains:
        path = "/".join(one.name for one in chain)
        for weight in chain[-1].declared_weights:
            whole = f"{path}/{weight.name}"
            if whole in known:
                raise InvalidArgument(
                    f"the model has two weights with the path {whole!r}; give its layers different "
                    "names."
                )
            known.add(whole)


def require_names(members: Sequence[Any]) -> None:
    """Raise `InvalidArgument` if two layers, or two weights of a layer, have the same name."""
    require_paths(chains(members))
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
        which = f"the input {name!r} of {owner!r}" if name else "the model's input"
        raise InvalidShape(f"{which} takes the shape {wanted}; received {shape}.")


def as_member(given: Any, *, is_first: bool) -> Layer:
    """Return what to add to a stack: the layer, or a new one like that of a symbol from `Input`.

    Raises `InvalidType` for anything else, and `InvalidArgument` for another symbol.
    """
    if isinstance(given, Layer):
        return given
    if not isinstance(given, Symbol):
        raise InvalidType(f"`layer` must be a convdispatch layer; received {type(given).__name__}.")
    if given.call.inputs:
        raise InvalidArgument(
            f"a Sequential is made of layers, and may begin with `Input`; received {given!r}, "
            "which a layer computes. Add the layer itself, or make a `Model(inputs, outputs)`."
        )
    if not is_first:
        raise InvalidArgument(
            f"`Input` may stand for the first layer of a Sequential alone; received {given!r} "
            "after other layers. For a model of several inputs make a `Model(inputs, outputs)`."
        )
    made: Layer = given.call.layer
    return type(made).from_config(made.get_config())  # free to be on the model's backend


def require_takes_one(layer: Layer) -> None:
    """Raise `InvalidArgument` for a layer that takes a list, which no layer before gives it."""
    if not layer.takes_one:
        raise InvalidArgument(
            f"a Sequential gives each layer one tensor; received {layer.name!r}, which takes a "
            "list. Call it with symbols from `Input`, and make a `Model` of them."
        )


def require_one_output(layer: Layer, shape: Any) -> PartialShape:
    """Return the shape of a layer's output; raise `InvalidArgument` for a list of them."""
    if isinstance(shape, list):
        raise InvalidArgument(
            f"a Sequential gives each layer one tensor; received {layer.name!r}, which returns "
            f"{len(shape)}. Call it with a symbol from `Input`, and make a `Model` of that."
        )
    found: PartialShape = shape
    return found


def chains(members: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Return each layer with the models that it is in, the outermost first; each layer once."""
    found: dict[int, tuple[Any, ...]] = {}
    for member in members:
        inside = [()] if isinstance(member, Layer) else chains(member.layers)
        for rest in inside:
            chain = (member, *rest)
            found.setdefault(id(chain[-1]), chain)
    return list(found.values())


def require_told_apart(members: Iterable[Any]) -> None:
    """Raise `InvalidArgument` where a layer is in two models, which no document can say."""
    seen: dict[int, str] = {}
    for member in members:
        for chain in chains([member]):
            other = seen.setdefault(id(chain[-1]), member.name)
            if other != member.name:
                raise InvalidArgument(
                    f"the layer {chain[-1].name!r} is in {other!r} and in {member.name!r}, which a "
                    "configuration cannot express. Pickle the model, or give each its own layer."
                )


def common_backend(layers: Sequence[Layer]) -> str:
    """Return the backend of the layers that are bound to one; inputs compute nothing."""
    computing = [layer for layer in layers if not layer.is_input]
    bound = [one for one in computing if one.declared_weights or one.has_own_backend]
    for layer in bound:
        if layer.backend != bound[0].backend:
            raise InvalidArgument(
                f"the layers of a model must be on one backend; received {bound[0].name!r} on "
                f"{bound[0].backend!r} and {layer.name!r} on {layer.backend!r}. Call "
                f"`{layer.name}.to({bound[0].backend!r})` in its place."
            )
    return (bound or computing or list(layers))[0].backend


def moved(member: Any, memo: dict[int, Any], backend: str, dtype: str | None) -> Any:
    """Return the copy of a layer or of a model on another backend, the same one each time."""
    if id(member) not in memo:
        if hasattr(type(member), "_moved"):
            memo[id(member)] = member._moved(memo, backend, dtype)
        elif isinstance(member, Layer):
            memo[id(member)] = member.to(backend, dtype=dtype)
        else:
            layers = [moved(layer, memo, backend, dtype) for layer in member.layers]
            twin = memo[id(member)] = type(member)(layers, member.name, backend=backend)
            twin.trainable = member.trainable
    return memo[id(member)]
