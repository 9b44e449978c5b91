"""A model in the layers of another Keras's façade, which computes the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from convdispatch.errors import InvalidArgument

_DOORS = {"keras1": "keras1", "keras2": "keras2", "tf_keras": "keras2", "keras3": "keras3"}


@dataclass(frozen=True)
class Told:
    """A model in a dialect's layers, their convention, and what its optimizer keeps."""

    model: Any
    convention: Literal["theano", "tensorflow"]
    kept: Any


def translated(model: Any, dialect: str, kept: Any) -> Told:
    """Return the model in that dialect's layers; raise where it has others."""
    conventions = {layer.convention for layer in model._layers if not layer.is_input}
    convention: Any = conventions.pop() if len(conventions) == 1 else "tensorflow"
    names = {layer.dialect.name for layer in model._layers if not layer.is_input}
    flips = dialect in ("tf_keras", "keras3")
    if names - {_DOORS[dialect]} or (flips and convention == "theano"):
        raise InvalidArgument(
            f"{model.name!r} has layers of another Keras than `dialect` {dialect!r}, which are "
            "not translated yet."
        )
    return Told(model, convention, kept)
