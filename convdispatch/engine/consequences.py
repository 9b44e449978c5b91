"""Which attributes may change in a built layer or in a model, and what changes with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convdispatch.engine import large_sizes
from convdispatch.engine.constructed import Constructed
from convdispatch.engine.declarations import Weight
from convdispatch.engine.plans import PlanTable
from convdispatch.engine.specs import Shapes
from convdispatch.errors import InvalidArgument
from convdispatch.ops import Shape

# Attributes, and endings of attributes, that may change without changing any result.
NOT_COMPUTED_WITH = ("name", "trainable", "has_own_backend", "batch_input_shape")
# Arguments that announce the input of a layer that is not built.
ANNOUNCING = frozenset(
    ("input_shape", "batch_input_shape", "batch_size", "input_dim", "input_length")
)
_ONLY_OF_WEIGHTS = ("_initializer", "_regularizer", "_constraint")


def consequences(layer: Constructed, name: str, changed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what else changes with these attributes of the layer, which belong to `name`.

    Raises `InvalidArgument` for an attribute that can no longer change, and `InvalidShape` if the
    layer is built and could no longer take its input.
    """
    _require_allowed(layer, name, changed)
    found: dict[str, Any] = {}
    if "name" in changed:
        found["_has_own_name"] = True
    if "backend" in changed:
        found["has_own_backend"] = True
    if "activity_regularizer" in changed:
        found["_activity_losses"] = []
    if not all(name in NOT_COMPUTED_WITH or name.endswith(_ONLY_OF_WEIGHTS) for name in changed):
        found["_plans"] = PlanTable()
    if layer._is_made and changed:
        found |= _of_built(layer, changed)
    return found


def _require_allowed(layer: Constructed, name: str, changed: Mapping[str, Any]) -> None:
    """Raise `InvalidArgument` for an attribute that can no longer change."""
    if "name" in changed:
        _require_free(layer, changed["name"])
    if "backend" in changed and (layer._is_made or layer._stacks):
        where = "is built" if layer._is_made else "is in a model"
        raise InvalidArgument(
            f"`backend` of {layer.name!r} cannot change once it {where}; "
            f"`to({changed['backend']!r})` gives the same layer, or model, on that backend."
        )
    if not layer._is_made:
        return
    if "dtype" in changed:
        raise InvalidArgument(
            f"`{name}` of {layer.name!r} cannot change once it is built; "
            f"`to({layer.backend!r}, dtype={changed['dtype']!r})` gives the same layer in it."
        )
    if not ANNOUNCING.isdisjoint(changed):
        raise InvalidArgument(
            f"`{name}` of {layer.name!r} cannot change once it is built for inputs of shape "
            f"{layer._built_shape}; `build` takes another shape."
        )


def _require_free(layer: Constructed, name: str) -> None:
    for stack in layer._stacks:
        if any(other.name == name and other is not layer for other in stack.layers):
            raise InvalidArgument(
                f"the model {stack.name!r} already has a layer named {name!r}; give each its own "
                "`name`."
            )


def _of_built(layer: Constructed, changed: Mapping[str, Any]) -> dict[str, Any]:
    after = object.__new__(type(layer))
    vars(after).update(vars(layer), **changed, _plans=PlanTable())
    shape = _input_shape_after(layer, after)
    vars(after).update(_built_shape=shape)
    specs = after._specs_for(shape)
    resolved = after.resolved(specs)
    declarations = resolved.declarations
    if _shapes_of(declarations) != _shapes_of(layer._declarations):
        names = ", ".join(f"`{layer.spelled(name)}`" for name in changed)
        raise InvalidArgument(
            f"{names} of {layer.name!r} cannot change like this once it is built: its weights have "
            f"the shapes {_shapes_of(layer._declarations)} and would need "
            f"{_shapes_of(declarations)}. Make a new layer instead."
        )
    large_sizes.require_possible(after, specs, resolved.output_shape)
    return {"_declarations": declarations, "_built_shape": shape}


def _input_shape_after(layer: Constructed, after: Constructed) -> Shapes:
    """Return the shape of the same images in the layer's new order of axes."""
    shape = list(layer._built_shape or ())
    if any(isinstance(one, tuple) for one in shape):
        return shape  # several inputs
    if getattr(after, "data_format", None) != getattr(layer, "data_format", None):
        shape.insert(after._channel_axis % len(shape), shape.pop(layer._channel_axis))
    return tuple(shape)


def _shapes_of(declarations: Sequence[Weight]) -> list[Shape]:
    return [weight.public_shape for weight in declarations]
