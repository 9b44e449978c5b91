"""Set an argument of a layer after the layer was made.

A new layer of the same class is constructed with the new argument, so this module knows nothing
about any argument: the constructor's errors apply, and the layer takes over the attributes of the
new layer.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from convdispatch.doors.elsewhere import KERAS1_KEYWORDS
from convdispatch.engine import layer_options
from convdispatch.engine.arguments import as_ints
from convdispatch.engine.consequences import ANNOUNCING, NOT_COMPUTED_WITH, consequences
from convdispatch.engine.constructed import Constructed
from convdispatch.engine.plans import PlanTable
from convdispatch.engine.weighted import Weighted
from convdispatch.engine.whole import held
from convdispatch.support.similar import similar

# Endings of attributes that hold a function, which a configuration can only name.
_FUNCTIONS = ("activation", "_initializer", "_regularizer", "_constraint")
# Attributes that hold the layer's state, not its arguments.
_STATE = frozenset(
    (
        "_activity_losses",
        "_built_shape",
        "_calls",
        "_has_own_name",
        "_initial_weights",
        "_is_made",
        "_is_settled",
        "_lock",
        "_plans",
        "_stacks",
        "_stage",
        "_variables",
        "_declarations",
        "_write",
    )
)


def take(layer: Constructed, name: str, value: object) -> None:
    """Set an attribute of a layer: an argument in any spelling of its class, or something else.

    Raises what the constructor raises, and `InvalidArgument` for what cannot change any more; then
    the layer is as it was.
    """
    base = _class_here(layer)
    arguments = _spelled(layer, base, name, value)
    if arguments is None:
        _set_attribute(layer, base, name, value)
    elif "weights" in arguments:
        _set_weights(layer, value)
    else:
        with held([layer]):
            changed = _changed(layer, base, arguments)
            vars(layer).update(changed, **consequences(layer, name, changed))
        if "name" in changed:
            layer.rename(changed["name"])
        for stack in list(layer._stacks):
            stack.follow()


def _class_here(layer: Constructed) -> Any:
    """Return the layer's class of this package, or the one that the user's class extends."""
    return next(base for base in type(layer).__mro__ if layer_options.is_of_this_package(base))


def _spelled(layer: Constructed, base: Any, name: str, value: Any) -> dict[str, Any] | None:
    """Return the arguments of the constructor that an attribute means, None if it is none."""
    stated = [*layer_options.stated_parameters(base), *layer_options.LAYER_OPTIONS]
    if name in stated:
        return {name: value}
    if name not in layer.spelling:
        return None
    spelled = layer.spelling[name]
    if spelled is None:
        raise layer_options.unknown_keyword(base, name)
    if isinstance(spelled, str):
        return {spelled: layer.in_own_words(name, value)}
    values = as_ints(value, len(spelled), ", ".join(spelled))
    return dict(zip(spelled, values, strict=True))


def _set_attribute(layer: Constructed, base: Any, name: str, value: object) -> None:
    """Set an attribute that is not an argument: a user's own, or a property with a setter."""
    is_known = hasattr(type(layer), name) or (name in vars(layer) and name not in _known_words())
    if base is type(layer) and not is_known:
        allowed = [*layer_options.stated_parameters(base), *layer_options.LAYER_OPTIONS]
        if name in _known_words() or similar(name, allowed):
            raise layer_options.unknown_keyword(base, name)
    object.__setattr__(layer, name, value)
    # A class of this package computes with its arguments alone, a user's class with any attribute.
    if base is not type(layer) and name not in NOT_COMPUTED_WITH:
        layer._plans = PlanTable()
        layer._outdate()


@functools.cache
def _known_words() -> frozenset[str]:
    """Return the names of arguments of all layers here, and keywords of old Kerases."""
    words = set(KERAS1_KEYWORDS)
    classes: list[type] = [Weighted]
    while classes:
        one = classes.pop()
        if layer_options.is_of_this_package(one):
            words |= set(layer_options.stated_parameters(one))
        classes += one.__subclasses__()
    return frozenset(words)


def _set_weights(layer: Constructed, value: Any) -> None:
    if layer._is_made:
        layer.set_weights(value)
    else:
        layer._keep_initial_weights(value)


def _changed(layer: Constructed, base: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes whose values differ with the other arguments.

    Raises what the constructor raises for them.
    """
    now = _arguments(layer, base)
    before = _constructed(layer, base, now)
    after = _constructed(layer, base, _with(now, arguments))
    return {
        name: value
        for name, value in after.items()
        if name not in _STATE and not _equal(value, before.get(name))
    }


def _equal(value: object, other: object) -> bool:
    return value is other or (type(value) is type(other) and bool(value == other))


def _constructed(layer: Constructed, base: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a layer made with these arguments and otherwise like this one."""
    twin = object.__new__(type(layer))
    vars(twin).update(vars(layer))
    del twin._stage  # a new object, whose constructor runs next
    base.__init__(twin, **arguments)
    return vars(twin)


def _arguments(layer: Constructed, base: Any) -> dict[str, Any]:
    """Return the arguments that make a layer like this one, functions and layers as they are."""
    arguments = base.get_config(layer) | {"backend": layer.backend}
    arguments.pop("stated_phase", None)  # of a call: no constructor takes it
    for name, value in vars(layer).items():
        spelled = layer.spelling.get(name, name)
        # Functions that have no name, and wrapped layers, whose weights no configuration has.
        is_kept = name.endswith(_FUNCTIONS) or isinstance(value, Weighted)
        if is_kept and spelled in arguments:
            arguments[spelled] = value
    return dict(arguments)


def _with(now: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments after the new ones have replaced those that they contradict."""
    merged = dict(now)
    if "input_dtype" in arguments:
        merged.pop("dtype", None)
    if not ANNOUNCING.isdisjoint(arguments):
        batch, *sizes = merged.pop("batch_input_shape", None) or (None,)
        if "batch_size" in arguments and sizes:
            merged["input_shape"] = sizes
        elif "batch_input_shape" not in arguments and batch is not None:
            merged["batch_size"] = batch
    return merged | dict(arguments)
