"""Functions that make a layer and call it, such as Keras's `add` beside its `Add`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

_INPUTS = inspect.Parameter(
    "inputs", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation="Sequence[Any]"
)


def functional_form(layer_class: type, name: str) -> Callable[..., Any]:
    """Return the function of that name: of the inputs, then of what the class takes."""

    def form(inputs: Any, *arguments: Any, **options: Any) -> Any:
        return layer_class(*arguments, **options)(inputs)

    constructor: Any = layer_class.__init__  # type: ignore[misc]  # of this very class
    _, *given = inspect.signature(constructor).parameters.values()
    stated = [
        one.replace(annotation="Unpack[LayerOptions]") if one.kind is one.VAR_KEYWORD else one
        for one in given
    ]
    form.__name__ = form.__qualname__ = name
    form.__module__ = layer_class.__module__
    form.__doc__ = f"Return `{layer_class.__name__}` of the same arguments, called with `inputs`."
    form.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # what `inspect` looks for
        [_INPUTS, *stated], return_annotation="Any"
    )
    return form
