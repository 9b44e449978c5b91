"""`model.layers` of Keras 1 and 2: the list itself, which scripts change.

There `model.layers.pop()` takes the last layer off the list, not off the graph: `model.layers[-1]`
is another layer then, of whose `output` scripts make the next model.
"""

from __future__ import annotations

from typing import Any

_SHOWN = "_shown_layers"  # among a model's own attributes: the list, and what it was made of


def kept_list(base: type[Any]) -> property:
    """Return the property `layers` of a façade's models: one list, whatever is taken off it."""
    found: property = base.layers

    def layers(self: Any) -> list[Any]:
        current: list[Any] = base.layers.fget(self)
        shown, made_of = vars(self).get(_SHOWN, ([], []))
        if made_of != current:
            kept = len(made_of)
            if made_of and current[:kept] == made_of:
                shown.extend(current[kept:])  # what was added since
            else:
                shown[:] = current
            object.__setattr__(self, _SHOWN, (shown, current))
        return shown  # type: ignore[no-any-return]  # of the model's own attributes

    return property(layers, doc=found.__doc__)
