"""The check that every `compile_step` makes of a step, and a map over its trees."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.ops import PartialShape, Step


def map_tree(function: Callable[[Any], Any], tree: Any) -> Any:
    """Return the tree of dictionaries, lists, tuples and None with the function of each tensor.

    >>> map_tree(abs, {"a": [-1, None], "b": (2,)})
    {'a': [1, None], 'b': (2,)}
    """
    if tree is None:
        return None
    if isinstance(tree, list):
        return [map_tree(function, part) for part in tree]
    if isinstance(tree, tuple):
        return tuple([map_tree(function, part) for part in tree])
    if isinstance(tree, dict):
        return {name: map_tree(function, part) for name, part in tree.items()}
    return function(tree)


def per_variables(
    make: Callable[[list[Any]], Callable[[Any], Any]], *, kept: int
) -> Callable[[Sequence[Any], Any], Any]:
    """Return a function of (variables, inputs) that calls `make(variables)(inputs)`.

    For compiled functions that hold their variables: each is made once for the same objects. The
    latest ones are kept, as many as `kept`.
    """
    made: list[tuple[list[Any], Callable[[Any], Any]]] = []

    def call(variables: Sequence[Any], inputs: Any) -> Any:
        for held, function in made:
            if len(held) == len(variables) and all(map(operator.is_, held, variables)):
                return function(inputs)
        held = list(variables)
        function = make(held)
        made[:] = [*made[len(made) - kept + 1 :], (held, function)]
        return function(inputs)

    return call


def checked_step(
    step: Step,
    describe: Callable[[Any], tuple[PartialShape, str]],
    *,
    are_alike: Callable[[Any, Any], bool] | None = None,
) -> Step:
    """Return the step, which raises if its new variables do not match the old ones.

    It raises before any of them is written. `describe` is the backend's. A backend that runs the
    check at every step may have a quicker one: `are_alike(variable, value)`.
    """

    def are_described_alike(variable: Any, value: Any) -> bool:
        return describe(variable) == describe(value)

    fits = are_alike or are_described_alike

    def checked(variables: Sequence[Any], inputs: Any) -> tuple[list[Any], Any]:
        new, result = step(variables, inputs)
        values = list(new)
        if len(values) != len(variables):
            raise InvalidArgument(
                f"a step must return a new value for each variable; it got {len(variables)} and "
                f"returned {len(values)}."
            )
        for place, (variable, value) in enumerate(zip(variables, values, strict=True)):
            if variable is not value and not fits(variable, value):
                (old_shape, old_dtype), (shape, dtype) = describe(variable), describe(value)
                raise InvalidShape(
                    f"a step must return variables of the shapes and element types that it got; "
                    f"variable {place}, {old_dtype} of shape {old_shape}, became {dtype} of shape "
                    f"{shape}."
                )
        return values, result

    return checked
