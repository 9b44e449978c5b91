"""The bases that scripts know from each Keras, of which our layers and models count as instances.

A script writes `isinstance(layer, keras.layers.Layer)` or `issubclass(Sequential, Model)`. The
classes here are made otherwise, so the base itself says what it covers. Only such questions pay.
"""

from __future__ import annotations


class Base(type):
    """The class of a base: `covers`, in its own body, names classes that count as subclasses."""

    def __instancecheck__(cls, instance: object) -> bool:
        return super().__instancecheck__(instance) or issubclass(type(instance), _covered(cls))

    def __subclasscheck__(cls, subclass: type) -> bool:
        return super().__subclasscheck__(subclass) or issubclass(subclass, _covered(cls))


def _covered(base: Base) -> tuple[type, ...]:
    """Return what the base itself states; a script's subclass of it covers nothing more."""
    found: tuple[type, ...] = vars(base).get("covers", ())
    return found
